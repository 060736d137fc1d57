"""Asks the API again, over a sample of ids or a window, and compares with the last record: by the daemon's comparison.

Content may have changed since it was read, and the head does not see all that becomes visible late. So a difference,
or an absence, is a finding only where a watermark promises that every read is done: for conversations that started
before `finalThrough`. Anything else is `later`, or `unseen`.
"""

from __future__ import annotations

import enum
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from uuid import uuid4

from producer import errors
from producer.genesys.by_id import IDS_PER_CALL
from producer.model.instants import from_millis, iso_millis
from producer.model.reads import Page, RawConversation, Read, ReadKind, Split
from producer.model.windows import Interval, Slice, windows_between
from producer.ports import Source
from producer.transform.content import parse
from producer.transform.fingerprint import fingerprint
from producer.transform.normalize import Form
from producer.verify.facts import Position
from producer.verify.findings import MOST_KEPT, Check, Finding, Findings
from producer.verify.ledger import Last, Ledger
from producer.verify.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to ask again: a window, or (None) `size` conversations that chance picks by `seed`."""

    size: int = 100
    seed: int = 0
    window: Interval | None = None


class Answer(enum.StrEnum):
    """How what the API says now compares with the topic."""

    SAME = "same"
    LATER = "later"
    UNSEEN = "unseen"
    DIFFERENT = "different"
    ABSENT = "absent"
    GONE = "gone"
    UNUSABLE = "unusable"


@dataclass(slots=True)
class Asked:
    """What came of it. `later`: another content than the topic's, `unseen`: not on the topic, both of conversations of
    which reads are to come. `gone`: the API knows it no more. `unusable`: a dead letter, or redacted.
    """

    counts: Counter[Answer] = field(default_factory=Counter)
    findings: Findings = field(default_factory=Findings)
    named: set[str] = field(default_factory=set)


async def ask_again(
    source: Source,
    question: Question,
    sample: Sequence[Last],
    ledger: Ledger,
    position: Position | None,
    progress: Progress,
    *,
    form: Form,
) -> Asked:
    """Ask for the window, or for the sample. Raises SourceError, WindowRefused."""
    asking = _Asking(source, form, position, progress, Asked())
    if question.window is not None:
        await asking.window(question.window, ledger)
    else:
        await asking.ids(sample)
    return asking.asked


@dataclass(frozen=True, slots=True)
class _Asking:
    source: Source
    form: Form
    position: Position | None
    progress: Progress
    asked: Asked

    async def ids(self, sample: Sequence[Last]) -> None:
        """Every conversation of the sample, a hundred at a time."""
        self.progress.begin("asking the API for a sample", len(sample))
        for start in range(0, len(sample), IDS_PER_CALL):
            known = {each.id: each for each in sample[start : start + IDS_PER_CALL]}
            read = Read(request_id=str(uuid4()), kind=ReadKind.WATCH, ids=tuple(known))
            answered: set[str] = set()
            async with aclosing(self.source.read(read)) as items:
                async for item in items:
                    if isinstance(item, Page):
                        answered |= {self._compare(raw, known) for raw in item.conversations}
            self.asked.counts[Answer.GONE] += len(known.keys() - answered)
            self.progress.advance(len(known))

    async def window(self, window: Interval, ledger: Ledger) -> None:
        """Every conversation that a window returns, split as the daemon splits it."""
        self.progress.begin("asking the API for a window")
        parts = deque(Slice(window=each) for each in windows_between(window.start, window.end))
        while parts:
            read = Read(request_id=str(uuid4()), kind=ReadKind.QUERY, slice=parts.popleft())
            async with aclosing(self.source.read(read)) as items:
                async for item in items:
                    if isinstance(item, Split):
                        parts.extendleft(reversed(item.parts))
                    elif isinstance(item, Page):
                        known = ledger.last([raw.id for raw in item.conversations if raw.id])
                        for raw in item.conversations:
                            self._compare(raw, known)
                        self.progress.advance(len(item.conversations))

    def _compare(self, raw: RawConversation, known: dict[str, Last]) -> str:
        """Compare one answer with the topic; returns its id."""
        try:
            content = parse(raw.raw)
            identifier = self.form.identify(content)
            start = self.form.began(content)
        except (errors.Malformed, ValueError, TypeError):
            self.asked.counts[Answer.UNUSABLE] += 1
            return raw.id or ""
        self.form.attributes_of(content)
        answer = judge(known.get(identifier), fingerprint(content), start, self.position)
        self.asked.counts[answer] += 1
        if answer in (Answer.DIFFERENT, Answer.ABSENT) and identifier not in self.asked.named:
            self.asked.findings.add([_finding(answer, identifier, known.get(identifier), start)])
            if len(self.asked.named) < MOST_KEPT:  # one conversation is in many windows
                self.asked.named.add(identifier)
        return identifier


def judge(last: Last | None, now: bytes, start: int, position: Position | None) -> Answer:
    """How content with the fingerprint `now`, of a conversation that started at `start`, compares with the topic."""
    if last is not None and not last.content:
        return Answer.UNUSABLE
    if last is not None and last.content == now:
        return Answer.SAME
    promised = position is not None and position.since <= start < position.final
    if last is None:
        return Answer.ABSENT if promised else Answer.UNSEEN
    return Answer.DIFFERENT if promised else Answer.LATER


def _finding(answer: Answer, identifier: str, last: Last | None, start: int) -> Finding:
    began = iso_millis(from_millis(start))
    if answer is Answer.ABSENT or last is None:
        text = f"it began at {began}, before finalThrough, and is not on the topic"
    else:
        seen = iso_millis(from_millis(last.as_of))
        text = f"it began at {began}, before finalThrough, and differs from the API; last seen as of {seen}"
    return Finding(check=Check.SOURCE, ids=(identifier,), text=text)
