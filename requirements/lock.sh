#!/bin/sh
# Renews the locks: versions and hashes, no addresses and no paths. Needs uv on the PATH.
set -eu
cd "$(dirname "$0")/.."
compile() {
    out=$1; shift
    uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
        --no-strip-extras --no-header --no-annotate --no-emit-index-url --no-emit-find-links "$@" -o "requirements/$out.lock"
}
compile runtime --extra speed
compile demo --extra speed --extra demo --group build
compile dev --extra speed --extra demo --extra otel --group dev
