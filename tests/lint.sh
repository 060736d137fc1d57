#!/bin/sh
# The static checks, all of them, each printed before it runs.
set -eu
cd "$(dirname "$0")/.."
run() { echo "+ $*"; "$@"; }
run ruff format --check .
run ruff check .
run mypy
run lint-imports
run interrogate -q producer
