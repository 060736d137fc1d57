"""The few forms of Markdown that the reference is made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta

from producer.settings.values import span_text


def document(title: str, made_from: str, *parts: str) -> str:
    """A whole document; its first lines say what it was made from."""
    notice = f"Made from {made_from} by `make docs`; a test compares the two. Change the code, not this file."
    return "\n\n".join([f"# {title}", notice, *(part for part in parts if part)]) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table. Cells may hold Markdown; what would end one early is escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def code(text: object) -> str:
    """Text as it is typed; nothing for nothing."""
    return f"`{text}`" if text not in (None, "") else ""


def codes(texts: Iterable[object]) -> str:
    """Several of them in one line."""
    return ", ".join(code(text) for text in texts)


def sentence(text: str | None) -> str:
    """A docstring's text in one line."""
    return " ".join((text or "").split())


def span(length: timedelta) -> str:
    """A span as settings write it."""
    return code(span_text(length))


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text)
