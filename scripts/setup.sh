#!/bin/sh
# Makes .venv with ra_bayes (editable) and the pinned versions of constraints.txt in it.
#
#   sh scripts/setup.sh run     what `ra-bayes` needs
#   sh scripts/setup.sh dev     and what tests, linters and the documentation site need
#
# PYTHON=/path/to/python chooses the interpreter; UV=/path/to/uv the installer, and UV= (empty)
# says: no uv, use venv and pip.
set -eu
cd "$(dirname "$0")/.."
. scripts/find.sh

level=${1:-run}
case $level in run | dev) ;; *) echo "setup: '$level' is neither run nor dev" >&2; exit 2 ;; esac

venv=.venv
python=$venv/bin/python
# What the environment was made for. It is written last and compared by content: git touches the
# times of files it did not change, and a moved checkout leaves every script in bin/ pointing nowhere.
state=$venv/ra-bayes-setup
wanted() { echo "$1"; pwd; cksum pyproject.toml constraints.txt scripts/setup.sh; }

if [ -f "$state" ] && is_python "$python"; then
    held=$(cat "$state")
    # dev holds everything that run asks for.
    if [ "$held" = "$(wanted "$level")" ] || [ "$held" = "$(wanted dev)" ]; then exit 0; fi
    case $held in dev*) level=dev ;; esac
fi

told=no
say() { echo "setup: $*" >&2; }
die() { told=yes; say "$*"; exit 1; }

made_here=no
finish() {
    code=$?
    trap - EXIT
    # A new environment that was not finished is worth nothing and looks like one that was. One that
    # could not be updated (no network, say) is kept, marked as not up to date.
    if [ "$code" -ne 0 ] && [ "$made_here" = yes ]; then rm -rf "$venv"; fi
    [ "$code" -eq 0 ] || [ "$told" = yes ] || say "not finished; the lines above say why"
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

find_uv

usable() {
    is_python "$python" || return 1
    # Moved or copied here: rebuilding is cheaper than mending every path in it.
    [ ! -f "$state" ] || { [ "$(sed -n 1p "$state")" != making ] && [ "$(sed -n 2p "$state")" = "$(pwd)" ]; }
}

if ! usable; then
    find_python
    if [ -e "$venv" ]; then
        say "$venv is half made, was moved, or has no usable Python: making it anew"
        rm -rf "$venv"
        is_python "$found_python" || find_python  # what was found may have been in there
    fi
    if [ -z "$found_python" ] && [ -z "$found_uv" ]; then borrow_uv; fi
    if [ -n "$found_uv" ] && { [ -n "$found_python" ] || uv_has_python; }; then
        made_here=yes
        mkdir "$venv"
        printf 'making\n%s\n' "$(pwd)" >"$state"  # before anything else, so that kill -9 is seen too
        "$found_uv" venv --quiet --no-project --allow-existing --python "${found_python:-$python_range}" "$venv"
    elif [ -n "$found_python" ]; then
        "$found_python" -c 'import ensurepip, venv' 2>/dev/null ||
            die "$found_python has no venv module: install it (Debian: python3-venv) or uv, then make again"
        made_here=yes
        mkdir "$venv"
        printf 'making\n%s\n' "$(pwd)" >"$state"
        "$found_python" -m venv "$venv"
    else
        die "no Python 3.12, 3.13 or 3.14 here, and none could be fetched: install one or give PYTHON=/path/to/it"
    fi
else
    printf 'updating\n%s\n' "$(pwd)" >"$state"
fi

group=
what=.
[ "$level" = run ] || { group='--group dev'; what='.[docs]'; }
say "installing into $venv ($("$python" -c 'import platform; print("Python", platform.python_version())')," \
    "$([ -n "$found_uv" ] && echo 'uv, some seconds' || echo 'pip, one to two minutes'))"

# $group is one or two words or none: it must split.
# shellcheck disable=SC2086
if [ -n "$found_uv" ]; then
    "$found_uv" pip install --quiet --python "$python" --constraint constraints.txt \
        --build-constraint constraints.txt $group --editable "$what"
else
    pip() { "$python" -m pip --disable-pip-version-check "$@"; }
    "$python" -m pip --version >/dev/null 2>&1 || "$python" -m ensurepip >/dev/null
    # pip learned --group in 25.1 and --build-constraint in 25.3.
    pip install --help | grep -q -- --build-constraint ||
        pip install --quiet --constraint constraints.txt --upgrade pip
    pip install --quiet --constraint constraints.txt --build-constraint constraints.txt $group --editable "$what"
fi

wanted "$level" >"$state.new"
mv "$state.new" "$state"
say "done"
