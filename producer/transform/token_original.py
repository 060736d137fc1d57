"""From the fields of a record back to the flat conversation that a gateway gave: the inverse of `token_records`. Pure.

As `original` does it for the platform. What a record does not keep is tried: how an instant was written, whether the
interaction was named that is the record's own id, and whether no participants were said to be none.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

from producer.transform.content import Content
from producer.transform.fingerprint import fingerprint
from producer.transform.original import Unrestorable, forms_of, put
from producer.transform.token_records import ENDED, STARTED, TokenForm

_ABSENT = object()
_PARTICIPANTS = "participantCount"


class TokenRestorer:
    """Puts flat conversations together again. Records are as Avro gives them back."""

    def __init__(self) -> None:
        self._form = TokenForm()

    def content(self, record: Mapping[str, Any], digest: bytes) -> tuple[Content, bool]:
        """The content of a record, and whether it makes `digest`. Raises Unrestorable."""
        try:
            ways = _ways(record)
        except OverflowError as error:
            raise Unrestorable(f"an instant lies outside the calendar: {error}") from error
        content: Content = {}
        for values in product(*ways.values()):
            content = _certain(record) | {
                name: value for name, value in zip(ways, values, strict=True) if value is not _ABSENT
            }
            for path, text in record["extras"].items():
                put(content, path, text)
            taken = self._form.attributes_of(content)
            found = fingerprint(content) == digest
            for place, attributes in taken:
                place["attributes"] = attributes
            if found:
                return content, True
        return content, False


def _certain(record: Mapping[str, Any]) -> Content:
    """What a record says as it was said."""
    said = {name: record[name] for name in ("queueName", "wrapUpCode") if record[name] is not None}
    words = {"channelType": record["mediaTypes"][0]} if record["mediaTypes"] else {}
    attributes = {} if record["attributes"] is None else {"attributes": dict(record["attributes"])}
    return {"id": record["recordId"], **said, **words, **attributes}


def _ways(record: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """The members of which a record leaves open how they were said: each with all ways, the usual one first."""
    own = record["interactionId"] == record["recordId"]
    elsewhere = {path.removeprefix("$.") for path in record["extras"]}
    said = record[_PARTICIPANTS]
    ways: dict[str, tuple[Any, ...]] = {
        "interactionId": (record["interactionId"], _ABSENT) if own else (record["interactionId"],),
        _PARTICIPANTS: (said,) if said else (_ABSENT, 0),
    }
    for name, instant in ((STARTED, record["startTime"]), (ENDED, record["endTime"])):
        if instant is not None:
            ways[name] = (*forms_of(instant), instant)
    return {name: (_ABSENT,) if name in elsewhere else forms for name, forms in ways.items()}
