"""Secrets, read again at every use, so that one that is rotated on disk is taken up without a restart.

A source never shows what it holds: not in a repr, not in an error, not in `config show`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, InstanceOf, PlainSerializer, SecretStr, WithJsonSchema

MASK = "**********"
LARGEST_FILE = 64 * 1024
"""Bytes that a secret file may hold."""


def read_bounded(file: Path, largest: int) -> bytes:
    """The content of a file. Raises OSError when it can't be read, ValueError when it is larger than `largest`."""
    with file.open("rb") as opened:
        content = opened.read(largest + 1)
    if len(content) > largest:
        raise ValueError(f"is larger than {largest // 1024} KiB")
    return content


def read_secret_file(file: Path) -> str:
    """The text of a secret file without the line ends that editors put at its end.

    Raises OSError when it can't be read, ValueError when it is empty, too large or not text; neither shows its content.
    """
    try:
        text = read_bounded(file, LARGEST_FILE).decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text") from None
    if not text:
        raise ValueError("is empty")
    return text


class SecretSource:
    """Where a secret is had from: call it at every use. False when nothing was configured."""

    __slots__ = ("_file", "_last")

    def __init__(self, value: str = "", *, file: Path | None = None) -> None:
        """Hold `value`; with `file`, what that file says at the time of asking, `value` being what it said first."""
        self._last = value
        self._file = file

    def __call__(self) -> str:
        """The secret of this moment.

        While its file can't be read (a rotation may take it away for a moment) it is what was read last: if that is no
        longer good, the service that refuses it says so.
        """
        if self._file is not None:
            try:
                self._last = read_secret_file(self._file)
            except (OSError, ValueError):
                return self._last
        return self._last

    def __bool__(self) -> bool:
        return bool(self._last)

    def __repr__(self) -> str:
        return f"SecretSource({MASK if self._last else ''!r})"


def as_source(value: object) -> object:
    """Text as a source that says it; anything else as it is. Raises ValueError for a mask."""
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, str):
        if value and not value.strip("*"):
            raise ValueError("is a mask and not a secret: `config show` hides what it holds")
        return SecretSource(value)
    return value


def _masked(source: SecretSource) -> str | None:
    return MASK if source else None


_SCHEMA: Any = WithJsonSchema({"type": "string", "writeOnly": True})

Secret = Annotated[InstanceOf[SecretSource], BeforeValidator(as_source), PlainSerializer(_masked), _SCHEMA]
"""A setting that is a secret."""
