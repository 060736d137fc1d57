"""Settings as people and the `/config` page see them: effective values, where each came from, secrets masked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from producer.settings.model import Settings


def shown(settings: Settings) -> dict[str, Any]:
    """All effective values, nested by group, in the form they are written in; secrets masked."""
    return settings.model_dump(mode="json")


def shown_flat(settings: Settings) -> Mapping[str, str]:
    """The same by dotted name, each as text; what has no value is left out."""
    return {name: _text(value) for name, value in _leaves(shown(settings), "") if value is not None}


def as_yaml(settings: Settings) -> str:
    """The same as YAML that `--config` would take, with the origin of everything that is not a default."""
    return "".join(_lines(shown(settings), "", settings.origins))


def _leaves(group: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in group.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _lines(group: Mapping[str, Any], prefix: str, origins: Mapping[str, str]) -> Iterator[str]:
    indent = "  " * prefix.count(".")
    for key, value in group.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            yield f"{indent}{key}:\n"
            yield from _lines(value, f"{name}.", origins)
            continue
        in_one_line = None if isinstance(value, list) else False
        written = yaml.safe_dump({key: value}, default_flow_style=in_one_line, width=1 << 20).rstrip("\n")
        yield f"{indent}{written}" + (f"  # {origins[name]}" if name in origins else "") + "\n"
