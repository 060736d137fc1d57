"""A record as a row, for sinks that take only scalars: the nested part left out, lists and maps as JSON text. Pure.

It is made last, of the whole record: what is compared, numbered and fingerprinted is the same for every detail.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from producer.transform.content import canonical
from producer.transform.normalize import DETAIL


def row_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the record `ConversationFlat`. Equal values have equal texts: keys sorted, nothing spaced."""
    return {name: _scalar(value) for name, value in record.items() if name not in DETAIL}


def _scalar(value: Any) -> Any:
    return canonical(value).decode() if isinstance(value, dict | list | tuple) else value
