"""What the API says now against the last record: what is a finding, and what may have come later."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest

from producer.model.checkpoint import Usage
from producer.model.instants import from_millis
from producer.model.reads import Page, Read, ReadEnd, Split, Verdict
from producer.model.windows import Interval
from producer.transform import token_split
from producer.transform.content import parse
from producer.transform.fingerprint import fingerprint
from producer.transform.normalize import Normalizer
from producer.transform.token_records import TokenForm
from producer.verify.again import Answer, Asked, Question, ask_again, judge
from producer.verify.facts import Position
from producer.verify.findings import Check
from producer.verify.ledger import Last, Ledger
from producer.verify.progress import Progress
from tests.support.conversations import SCHEMA, conversation, millis, seen

START = millis("2025-03-10T10:00:00.000Z")
PROMISED = Position(since=START, head=START + 1, final=START + 1, passed=0)
SEEN_ONCE = Position(since=START, head=START + 1, final=START, passed=0)
BEFORE = Position(since=START + 1, head=START + 9, final=START + 9, passed=0)
NOW, OTHER = b"now" * 5 + b"!", b"then" * 4


@pytest.mark.parametrize(
    ("last", "position", "answer"),
    [
        (Last("c-1", NOW, 1), PROMISED, Answer.SAME),
        (Last("c-1", NOW, 1), None, Answer.SAME),
        (Last("c-1", OTHER, 1), PROMISED, Answer.DIFFERENT),
        (Last("c-1", OTHER, 1), SEEN_ONCE, Answer.LATER),
        (Last("c-1", OTHER, 1), BEFORE, Answer.LATER),
        (Last("c-1", OTHER, 1), None, Answer.LATER),
        (None, PROMISED, Answer.ABSENT),
        (None, SEEN_ONCE, Answer.UNSEEN),
        (None, BEFORE, Answer.UNSEEN),
        (None, None, Answer.UNSEEN),
        (Last("c-1", b"", 0), PROMISED, Answer.UNUSABLE),
    ],
)
def test_the_verdict(last: Last | None, position: Position | None, answer: Answer) -> None:
    assert judge(last, NOW, START, position) is answer


@dataclass
class Scripted:
    """Answers reads by what they ask for: ids, or windows, the first of them in two parts."""

    contents: Mapping[str, Any]
    reads: list[Read] = field(default_factory=list)

    async def read(self, read: Read) -> AsyncGenerator[Page | Split | ReadEnd, None]:
        self.reads.append(read)
        if read.slice is not None and len(self.reads) == 1:
            parts = read.slice.window.halves(timedelta(minutes=1))
            assert parts
            yield Split(parts=tuple(type(read.slice)(window=part) for part in parts), hits=20_000)
            return
        asked = read.ids or tuple(self.contents)
        found = tuple(seen(self.contents[each]) for each in asked if each in self.contents)
        instant = from_millis(START)
        yield Page(number=1, conversations=found, total_hits=None, as_of=instant, observed_at=instant, size=1)
        yield ReadEnd(
            verdict=Verdict.COMPLETE,
            pages=1,
            filled=1,
            attempts=1,
            unique=len(found),
            repeated=0,
            first_hits=None,
            last_hits=None,
        )

    async def organisation_id(self) -> str | None:
        return None

    async def permitted(self, now: datetime) -> None:
        """It is."""

    def resume(self, usage: Usage) -> None:
        """Nothing is carried over."""

    def usage(self) -> Usage:
        return Usage(at=from_millis(START), recent=0)


def called(identifier: str, **fields: Any) -> dict[str, Any]:
    return conversation(conversationId=identifier, **fields)


def last(content: Any) -> Last:
    return Last(content["conversationId"], fingerprint(parse(json.dumps(content).encode())), START)


async def asked(question: Question, sample: list[Last], contents: list[dict[str, Any]], ledger: Ledger) -> Asked:
    source = Scripted({each["conversationId"]: each for each in contents})
    found = await ask_again(
        source, question, sample, ledger, PROMISED, Progress(StringIO()), form=Normalizer(SCHEMA.text)
    )
    assert source.reads
    return found


async def test_a_sample_is_compared_by_id() -> None:
    same, other, poison = called("a"), called("b"), called("d", conversationStart="soon")
    with_attributes = called("e")
    with_attributes["participants"][0]["attributes"] = {"a": "b"}
    sample = [last(same), Last("b", OTHER, START), Last("c", OTHER, START), Last("d", OTHER, START), last(called("e"))]
    with Ledger() as ledger:
        found = await asked(Question(), sample, [same, other, poison, with_attributes], ledger)

    assert found.counts == {Answer.SAME: 2, Answer.DIFFERENT: 1, Answer.GONE: 1, Answer.UNUSABLE: 1}
    assert [(each.check, each.ids) for each in found.findings.kept] == [(Check.SOURCE, ("b",))]
    assert "last seen as of 2025-03-10T10:00:00.000Z" in found.findings.kept[0].text


async def test_more_than_one_call_takes() -> None:
    contents = [called(f"{number:03}") for number in range(101)]
    with Ledger() as ledger:
        found = await asked(Question(), [last(each) for each in contents], contents, ledger)
    assert found.counts[Answer.SAME] == 101


class Gateway(Scripted):
    """Answers in the token dialect, whatever the window."""

    async def read(self, _read: Read) -> AsyncGenerator[Page | Split | ReadEnd, None]:
        body = json.dumps({"entities": list(self.contents.values())}).encode()
        instant = from_millis(START)
        found = token_split.split(body).conversations
        yield Page(number=1, conversations=found, total_hits=None, as_of=instant, observed_at=instant, size=1)


async def test_in_the_token_dialect_a_window_is_compared_by_the_flat_form() -> None:
    flat: dict[str, Any] = {"id": "a", "startTimestamp": START, "attributes": {"tier": "gold"}}
    other = {"id": "b", "startTimestamp": "2025-03-10T10:00:00Z", "queueName": "Claims"}
    broken = {"id": "c", "startTimestamp": "soon"}
    plain = {"id": "a", "startTimestamp": START}
    question = Question(window=Interval(from_millis(START), from_millis(START + 1)))
    source = Gateway({"a": flat, "b": other, "c": broken})
    with Ledger() as ledger:
        ledger.note_last([Last("a", fingerprint(parse(json.dumps(plain).encode())), START), Last("b", OTHER, START)])
        found = await ask_again(source, question, [], ledger, PROMISED, Progress(StringIO()), form=TokenForm())

    assert found.counts == {Answer.SAME: 1, Answer.DIFFERENT: 1, Answer.UNUSABLE: 1}
    assert [each.ids for each in found.findings.kept] == [("b",)]


async def test_a_window_is_compared_part_by_part() -> None:
    window = Interval(from_millis(START), from_millis(START + 3_600_000))
    same, missing, letter = called("a"), called("b"), called("c")
    with Ledger() as ledger:
        ledger.note_last([last(same), Last("c", b"", 0)])
        found = await asked(Question(window=window), [], [same, missing, letter], ledger)

    assert found.counts == {Answer.SAME: 2, Answer.ABSENT: 2, Answer.UNUSABLE: 2}  # each half brings them all
    assert [each.ids for each in found.findings.kept] == [("b",)]
