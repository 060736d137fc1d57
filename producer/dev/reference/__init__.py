"""The generated reference: documents made from the code's own tables, so that they can't say anything else.

    python -m producer.dev.reference docs/reference

Pure but for `write`: each document is a function from nothing to text. A test compares them with what is committed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from producer.dev.reference import audit, failures, metrics, records, settings, topics

DOCUMENTS: Mapping[str, Callable[[], str]] = {
    "settings.md": settings.document,
    "metrics.md": metrics.document,
    "topics.md": topics.document,
    "record.md": records.document,
    "audit.md": audit.document,
    "errors.md": failures.document,
}
"""The documents by file name."""


def write(folder: Path) -> None:
    """Write all documents into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in DOCUMENTS.items():
        (folder / name).write_text(document(), encoding="utf-8")
