#!/bin/sh
# Makes an environment for each peer whose pins clash with ours, beside this file:
#
#     sh benchmarks/peers/make.sh [polars] [bytewax] [flink] [zen] [splink] [networkit] [jactus] [optbinning]
#
# All are made where none is named.
#
# A second run installs only what changed. Flink needs Python 3.9 to 3.12 and Java 17: set PYTHON
# where python3 is newer. What cannot be made is named, the rest is made, and the status is 1.
set -u
cd "$(dirname "$0")" || exit 1
PYTHON=${PYTHON:-python3}
[ $# -gt 0 ] || set -- polars bytewax flink zen splink networkit jactus optbinning

make_environment() {
    if [ "$1" = flink ]; then
        "$PYTHON" -c 'import sys; sys.exit(not (3, 9) <= sys.version_info < (3, 13))' ||
            { echo "flink: needs Python 3.9 to 3.12, not $("$PYTHON" --version)"; return 1; }
        command -v java > /dev/null || { echo "flink: needs Java 17, and there is no java"; return 1; }
    fi
    cmp -s "$1.txt" ".venv-$1/made-from.txt" && return 0
    echo "$1: installing into $PWD/.venv-$1"
    "$PYTHON" -m venv --clear ".venv-$1" && echo '*' > ".venv-$1/.gitignore" &&
        ".venv-$1/bin/python" -m pip install --quiet --disable-pip-version-check -r "$1.txt" &&
        cp "$1.txt" ".venv-$1/made-from.txt"
}

status=0
for name; do
    make_environment "$name" || { echo "$name: not made"; status=1; }
done
exit $status
