#!/bin/sh
# `make test`: the static checks, then every ring but the long runs, on two cores, with branch coverage and its floors.
# With arguments (make test ARGS="-k limiter") only pytest runs, with them.
set -eu
cd "$(dirname "$0")/.."
run() { echo "+ $*"; "$@"; }
if [ $# -gt 0 ]; then
    exec "$PYTHON" -m pytest -m "not soak" "$@"
fi
run sh tests/lint.sh
rm -f .coverage .coverage.*
run "$PYTHON" -m coverage run -m pytest -m "not soak" --numprocesses=2 --dist=loadfile --no-loadscope-reorder
run "$PYTHON" -m coverage combine -q
run "$PYTHON" -m coverage report --fail-under=95
run "$PYTHON" -m coverage report --fail-under=100 --include='producer/planning/*,producer/genesys/limiter*.py'
