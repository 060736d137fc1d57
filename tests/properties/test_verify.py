"""What a record says can be put together again, and no change to a trail of records stays unseen."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from producer.encoding.plain import PlainReader
from producer.encoding.schemas import Subject
from producer.errors import Malformed
from producer.model.outcome import Emitted
from producer.transform.content import parse
from producer.transform.original import Restorer
from producer.verify.facts import Seen
from producer.verify.trails import trail_findings
from tests.support.conversations import AVRO, SCHEMA, comparison, nobody, seen, sighting
from tests.support.facts import BOUNDS, remembered
from tests.support.facts import seen as revision
from tests.support.strategies import conversations

ENCODE = AVRO.encoder(Subject.CONVERSATION)
READER = PlainReader(AVRO.framing)
RESTORER = Restorer(SCHEMA.text)
MICROSECONDS = re.compile(rb'(:\d\d\.\d{3})\d{3}Z"')


@given(conversations())
def test_content_comes_back_from_its_record(content: dict[str, Any]) -> None:
    raw = MICROSECONDS.sub(rb'\1Z"', json.dumps(content).encode())  # a record does not keep them
    outcome = comparison()(seen(raw), nobody, sighting())
    assume(isinstance(outcome, Emitted))
    assert isinstance(outcome, Emitted)
    try:
        record = READER.read(ENCODE(outcome.record))
    except Malformed:
        assume(False)
        raise
    found, same = RESTORER.content(record, bytes.fromhex(record["contentHash"]))
    assert same
    assert found == parse(raw)


TAMPERINGS = st.sampled_from(["delete", "double", "swap", "alter", "move"])


def tampered(trail: list[Seen], how: str, at: int) -> list[Seen]:
    """One record of a trail deleted, doubled, exchanged with the next one, altered, or put elsewhere."""
    one, rest = trail[at], [*trail[:at], *trail[at + 1 :]]
    match how:
        case "delete":
            return rest
        case "double":
            return [*trail[: at + 1], one, *trail[at + 1 :]]
        case "swap":
            return [*trail[:at], *trail[at : at + 2][::-1], *trail[at + 2 :]]
        case "alter":
            return [*trail[:at], one._replace(version=one.version + 1), *trail[at + 1 :]]
        case _:
            return [*trail[:at], one._replace(partition=one.partition + 1), *trail[at + 1 :]]


@given(st.integers(2, 9), TAMPERINGS, st.data())
def test_no_change_to_a_trail_stays_unseen(length: int, how: str, data: st.DataObject) -> None:
    trail = [revision(number) for number in range(1, length + 1)]
    at = data.draw(st.integers(0, length - 2 if how == "swap" else length - 1))
    assert list(trail_findings(trail, remembered(length), BOUNDS)) == []
    found = list(trail_findings(tampered(trail, how, at), remembered(length), BOUNDS))
    assert found
    assert all(finding.ids == (trail[0].id,) for finding in found)
