#!/bin/sh
# Renews the locks: versions and hashes, no addresses and no paths. Needs uv on the PATH.
set -eu
cd "$(dirname "$0")/.."
compile() {
    out=$1; shift
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
        --no-strip-extras --no-header --no-annotate --no-emit-index-url --no-emit-find-links "$@" -o "requirements/$out.lock"
}
compile build --group build
compile runtime pyproject.toml --extra speed
compile demo pyproject.toml --extra speed --extra demo --group build
compile dev pyproject.toml --extra speed --extra demo --extra otel --group dev
