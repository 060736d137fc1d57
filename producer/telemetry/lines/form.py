"""The form of a log line, and the pieces that lines are made of. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from producer.model.reads import Read


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the log. `same_as` is what makes it a repetition of an earlier one (default: its message)."""

    level: int
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    what_to_do: str = ""
    same_as: str = ""


Describe = Callable[[Any], Line | None]
"""From an event of one type to its line; None when it needs none."""


def subject_of(read: Read) -> str:
    """The window of a read, or how many conversations it asks for by id."""
    return str(read.slice) if read.slice else f"{len(read.ids)} ids"


def of_read(read: Read, **more: Any) -> dict[str, Any]:
    """The fields of every line about a read: request id and window, which join logs to audit."""
    return {"request_id": read.request_id, "read": read.kind.value, "window": subject_of(read), **more}


def seconds(duration: timedelta) -> str:
    """`1.25 s`, to the millisecond."""
    return f"{duration.total_seconds():.3f}".rstrip("0").rstrip(".") + " s"


def alike(text: str) -> str:
    """The text without its numbers, by which lines that differ in no more are told to be repetitions."""
    return re.sub(r"[0-9]+", "*", text)


def present(**fields: Any) -> dict[str, Any]:
    """The fields that say something."""
    return {name: value for name, value in fields.items() if value not in (None, "")}
