# Sourced by setup.sh: finds a Python and uv. Every candidate is run, not only looked at:
# pyenv's shims exist for versions that are not switched on here, and fail when called.

# The pinned numba has no wheel for newer Pythons; raise the upper end with the pins.
python_range='>=3.12,<3.15'
is_python() {
    [ -n "$1" ] && command -v "$1" >/dev/null 2>&1 &&
        "$1" -c 'import sys; sys.exit(not (3, 12) <= sys.version_info[:2] < (3, 15))' >/dev/null 2>&1
}

pyenv_versions=${PYENV_ROOT:-${HOME:-/nonexistent}/.pyenv}/versions

# Sets found_python to a path or leaves it empty. 3.13 comes first: constraints.txt was made with it.
find_python() {
    found_python=
    if [ -n "${PYTHON:-}" ]; then
        is_python "$PYTHON" || die "PYTHON=$PYTHON is not a working Python 3.12, 3.13 or 3.14"
        found_python=$("$PYTHON" -c 'import sys; print(sys.executable)')
        return
    fi
    home=${HOME:-/nonexistent}
    for version in 3.13 3.12 3.14 3; do
        for candidate in "python$version" "$pyenv_versions/$version"*/bin/python3 \
            "/usr/bin/python$version" "/usr/local/bin/python$version" "/opt/homebrew/bin/python$version" \
            "/opt/python$version/bin/python3" "/Library/Frameworks/Python.framework/Versions/$version/bin/python3" \
            "$home/.local/share/uv/python/cpython-$version"*/bin/python3 \
            "$home/.local/bin/python$version" "${CONDA_PREFIX:-/nonexistent}/bin/python$version" \
            "$home"/*conda3/bin/"python$version" "$home"/*forge3/bin/"python$version" "/opt/conda/bin/python$version" \
            "$home"/*conda3/envs/*/bin/"python$version" "$home"/*forge3/envs/*/bin/"python$version"; do
            if is_python "$candidate"; then
                # The real file, not the shim: a shim answers otherwise in another folder.
                found_python=$("$candidate" -c 'import sys; print(sys.executable)')
                return
            fi
        done
    done
    if is_python python; then found_python=$(python -c 'import sys; print(sys.executable)'); fi
}

# Sets found_uv to something that runs, or to nothing.
find_uv() {
    found_uv=
    if [ -n "${UV+set}" ]; then
        [ -z "$UV" ] || "$UV" --version >/dev/null 2>&1 || die "UV=$UV does not run"
        found_uv=$UV
        return
    fi
    for candidate in uv "${HOME:-/nonexistent}/.local/bin/uv" "${HOME:-/nonexistent}/.cargo/bin/uv" \
        "$pyenv_versions"/*/bin/uv build/uv/bin/uv; do
        if "$candidate" --version >/dev/null 2>&1; then
            found_uv=$candidate
            return
        fi
    done
}

# Last resort: some older Python can install uv for us, and uv can fetch a Python.
borrow_uv() {
    [ -z "${UV+set}" ] || return 0
    for candidate in python3 /usr/bin/python3 /usr/local/bin/python3 "$pyenv_versions"/*/bin/python3; do
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 8))' >/dev/null 2>&1 || continue
        say "no Python 3.12, 3.13 or 3.14 found: asking uv for one"
        rm -rf build/uv
        if "$candidate" -m venv build/uv >/dev/null 2>&1 && build/uv/bin/python -m pip install --quiet uv >/dev/null 2>&1; then
            found_uv=build/uv/bin/uv
            return 0
        fi
        rm -rf build/uv
    done
}

# True when uv finds a Python it can use, or manages to fetch one.
uv_has_python() {
    "$found_uv" python find --no-project "$python_range" >/dev/null 2>&1 ||
        "$found_uv" python install --quiet 3.13 >/dev/null 2>&1
}
