#!/bin/sh
# `make test`: the static checks, then every ring but the long runs, with branch coverage.
# With arguments (make test ARGS="-k limiter") only pytest runs, with them.
set -eu
cd "$(dirname "$0")/.."
if [ $# -gt 0 ]; then
    exec "$PYTHON" -m pytest -m "not soak" "$@"
fi
sh tests/lint.sh
rm -f .coverage .coverage.*
"$PYTHON" -m pytest -m "not soak" --cov --cov-report=
"$PYTHON" -m coverage combine -q 2>/dev/null || true
"$PYTHON" -m coverage report
