"""`status`: what a running daemon says of itself, from its admin server."""

from __future__ import annotations

import argparse
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

from producer import errors

_TIMEOUT = 10  # seconds
_LARGEST = 4 * 1024 * 1024  # bytes
_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""The admin server is near; the proxies of the environment lead out."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--url", default="http://127.0.0.1:9464", help="the admin server (default %(default)s)")
    parser.add_argument("--output", choices=("text", "json"), default="text")


def run(arguments: argparse.Namespace) -> int:
    """Print the status; returns 1 when the daemon is not ready. Raises PrerequisiteMissing when nothing answers."""
    status = fetch(arguments.url)
    print(json.dumps(status, indent=2) if arguments.output == "json" else "\n".join(lines_of(status)))
    return 0 if status["ready"] else 1


def fetch(url: str) -> dict[str, Any]:
    """The status document of the daemon at an admin address. Raises PrerequisiteMissing when it can't be had."""
    if not url.startswith(("http://", "https://")):
        raise errors.UsageError(f"--url must be an http or https address, not {url}")
    try:
        with _DIRECTLY.open(f"{url.rstrip('/')}/status", timeout=_TIMEOUT) as answer:
            status: dict[str, Any] = json.loads(answer.read(_LARGEST))
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise errors.PrerequisiteMissing(f"no daemon answers at {url}: {error}") from error
    return status


def lines_of(status: dict[str, Any]) -> Iterator[str]:
    """The status for a terminal: every value with its name, nested ones indented."""
    yield from _lines(status, "")


def _lines(value: Any, indent: str) -> Iterator[str]:
    items = value.items() if isinstance(value, dict) else ((f"{number}", each) for number, each in enumerate(value, 1))
    for name, each in items:
        if isinstance(each, dict | list) and each:
            yield f"{indent}{name}"
            yield from _lines(each, f"{indent}  ")
        else:
            yield f"{indent}{name:<20} {'-' if each in (None, [], {}) else each}"
