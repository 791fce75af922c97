#!/bin/sh
# Pins every package anew, for all Pythons and platforms at once, and names no host.
# Versions already pinned stay unless they no longer fit: add --upgrade to move them all.
set -eu
cd "$(dirname "$0")/.."
die() { echo "constraints: $*" >&2; exit 1; }
. scripts/find.sh
find_uv
[ -n "$found_uv" ] || die "needs uv"

new=constraints.txt.new
trap 'rm -f "$new"' EXIT
[ ! -f constraints.txt ] || cp constraints.txt "$new"
# pip and editables are what setup itself needs; no project names them.
printf 'pip>=25.1\neditables\n' | "$found_uv" pip compile pyproject.toml - --group dev --all-extras --universal \
    --python-version 3.12 --no-annotate --no-header --quiet --output-file "$new" "$@" >/dev/null
{
    echo "# Exact versions that ra_bayes is developed and tested with, for Python >= 3.12."
    echo "# Made by \`make constraints\` (uv pip compile --universal); do not edit by hand."
    cat "$new"
} >constraints.txt.head
mv constraints.txt.head constraints.txt
