"""Values of the model as plain JSON values: instants as ISO text, durations as seconds with the unit in the name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any

from producer.model.instants import iso_millis


def plain(value: Any) -> Any:
    """The same value of dicts, lists, texts, numbers. A duration `took` of a dataclass becomes `took_seconds`."""
    if is_dataclass(value) and not isinstance(value, type):
        return {_named(field.name, field.type): plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return iso_millis(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value


def _named(name: str, annotation: Any) -> str:
    """The unit belongs in the name, also when there is no value yet."""
    return f"{name}_seconds" if "timedelta" in str(annotation) else name
