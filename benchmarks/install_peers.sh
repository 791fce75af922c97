#!/bin/sh
# Installs what the benchmarks compare with: R packages of Debian or Ubuntu (as root), and bambi in an
# environment of its own, FOLDER (default: bambi-environment), whose Python RA_BAYES_BAMBI is then set to.
#
#   sudo sh benchmarks/install_peers.sh r
#   sh benchmarks/install_peers.sh bambi FOLDER
set -eu

case "${1:-}" in
r)
    apt-get install -y --no-install-recommends r-base-core r-cran-brms r-cran-rstanarm r-cran-lme4 r-cran-rpact
    # Not every release packages clinfun; R then takes it from the mirror that it is set up with.
    Rscript -e 'if (!requireNamespace("clinfun", quietly = TRUE)) install.packages("clinfun")' ||
        echo "clinfun: not installed, Simon's search runs without its peer" >&2
    ;;
bambi)
    folder=${2:-bambi-environment}
    python3 -m venv "$folder"
    "$folder/bin/python" -m pip install --quiet bambi nutpie
    echo "export RA_BAYES_BAMBI=$(cd "$folder" && pwd)/bin/python"
    ;;
*)
    sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
