"""`verify` as a whole: read the topics into the ledger, judge reads and conversations, ask the API where told to."""

from __future__ import annotations

import random
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace

from producer.encoding.avro import Avro
from producer.encoding.plain import PlainReader
from producer.encoding.schemas import Subject
from producer.kafka.options import KafkaOptions
from producer.model.batch import Topic
from producer.ports import Source
from producer.verify.again import Asked, Question, ask_again
from producer.verify.contents import LEADING, Contents
from producer.verify.facts import Bounds, Remembered, Seen
from producer.verify.findings import MOST_KEPT, Check, Findings, Shortfall, blamed, concerned
from producer.verify.ledger import Last, Ledger
from producer.verify.progress import Progress
from producer.verify.reading import Reading
from producer.verify.reads import judged
from producer.verify.shape import shape_of
from producer.verify.trails import last_of, last_state, trail_findings

MOST_IDS = 20
"""Conversations that are named with one read."""
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What to verify: with contents or without, and what to ask the API again (None: nothing), of which source and in
    which dialect.
    """

    kafka: KafkaOptions
    dialect: str = "platform"
    whole: bool = True
    question: Question | None = None
    source: AbstractAsyncContextManager[Source] | None = None
    source_name: str = "default"


@dataclass(slots=True, kw_only=True)
class Report:
    """What was compared, by which method, and what is wrong.

    `summed` reads were counted against what they announced. `beyond` are those that reach beyond the `lag` (ms), as the
    records of `old` conversations do: of these only the last version and content is compared with the state.
    `made_again` contents were put together again, `summaries` can't be. `disk` is the size of the ledger, bytes.
    """

    findings: Findings
    records: int = 0
    events: int = 0
    letters: int = 0
    states: int = 0
    watermarks: int = 0
    lag: int = 0
    summed: int = 0
    beyond: int = 0
    conversations: int = 0
    last_states: int = 0
    old: int = 0
    made_again: int = 0
    summaries: int = 0
    disk: int = 0
    asked: Asked | None = None

    @property
    def ok(self) -> bool:
        """True when nothing is wrong."""
        return not self.findings.total


async def verify(task: Task, progress: Progress) -> Report:
    """Compare everything that is committed now. Raises SinkError, SourceError, PrerequisiteMissing."""
    avro = Avro.shipped()
    findings = Findings()
    reader = PlainReader(avro.framing)
    of_records = reader if task.whole else PlainReader(avro.framing, leading=LEADING)
    shape = shape_of(task.dialect, avro.schemas.latest(Subject.CONVERSATION).text)
    contents = Contents(of_records, shape, whole=task.whole)
    with Ledger() as ledger:
        reading = Reading(
            options=task.kafka, ledger=ledger, findings=findings, contents=contents, reader=reader, progress=progress
        )
        bounds = await reading.run()
        report = Report(
            findings=findings,
            records=reading.counts[Topic.CONVERSATIONS],
            events=reading.counts[Topic.AUDIT],
            letters=reading.counts[Topic.DEAD_LETTERS],
            states=reading.counts[Topic.STATE],
            watermarks=reading.counts[Topic.WATERMARKS],
            lag=reading.lag,
            made_again=contents.made_again,
            summaries=contents.not_to_be_made,
            disk=ledger.bytes_used(),
        )
        judge = _Judge(ledger=ledger, bounds=bounds, report=report, progress=progress)
        judge.reads()
        sample = judge.conversations(task.question)
        if task.question is not None and task.source is not None:
            position = bounds.positions.get(task.source_name)
            async with task.source as source:
                report.asked = await ask_again(
                    source, task.question, sample, ledger, position, progress, form=shape.form
                )
            findings.add(report.asked.findings.kept)
    progress.end()
    return report


@dataclass(slots=True, kw_only=True)
class _Judge:
    """Walks through the ledger in order, twice: by read, by conversation."""

    ledger: Ledger
    bounds: Bounds
    report: Report
    progress: Progress
    shortfalls: list[Shortfall] = field(default_factory=list)
    doubtful: dict[str, list[str]] = field(default_factory=dict)

    def reads(self) -> None:
        """Judge every read; those that do not add up are kept for `conversations` to name what they are about."""
        self.progress.begin("comparing reads with the audit")
        report = self.report
        for request, events, present in self.ledger.reads():
            found = judged(request, events, present, self.bounds)
            report.findings.add(found.findings)
            report.summed += found.by_sum and not found.is_run
            report.beyond += not found.by_sum and not found.is_run
            if found.shortfall is not None and len(self.shortfalls) < MOST_KEPT:
                self.shortfalls.append(found.shortfall)
            self.progress.advance()
        self.doubtful = {
            finding.read: [] for finding in report.findings.kept if finding.check is Check.SUMS and finding.read
        }

    def conversations(self, question: Question | None) -> list[Last]:
        """Judge every conversation; returns the sample that the question asks for."""
        self.progress.begin("comparing conversations with the state")
        sample = Sample(question.size, random.Random(question.seed)) if question is not None else None
        keep = question is not None and question.window is not None
        waiting: list[Last] = []
        for identifier, trail, states in self.ledger.trails():
            state = last_state(states)
            last = last_of(trail)
            self._judge(identifier, trail, state)
            if last is not None and sample is not None:
                sample.take(Last(identifier, last.content, last.as_of))
            if keep and (last is not None or trail or _never_sent(state)):
                waiting.append(Last(identifier, last.content if last else b"", last.as_of if last else 0))
                if len(waiting) >= _AT_ONCE:
                    self.ledger.note_last(waiting)
                    waiting.clear()
            self.progress.advance()
        self.ledger.note_last(waiting)
        self._name_ids()
        return sample.taken if sample is not None else []

    def _judge(self, identifier: str, trail: list[Seen], state: Remembered | None) -> None:
        report = self.report
        found = [blamed(each, self.shortfalls) for each in trail_findings(trail, state, self.bounds)]
        report.findings.add(found)
        report.conversations += bool(trail)
        report.last_states += bool(trail) and state is not None
        report.old += bool(trail) and trail[0].at <= self.bounds.compacted_to
        for each in trail:
            named = self.doubtful.get(each.request)
            if named is not None and len(named) < MOST_IDS and identifier not in named:
                named.append(identifier)

    def _name_ids(self) -> None:
        """Name the conversations of every read that does not add up."""
        kept = self.report.findings.kept
        short = {each.read: each for each in self.shortfalls}
        for index, finding in enumerate(kept):
            if finding.check is Check.SUMS and finding.read:
                others = (each for each in kept if each.check is not Check.SUMS)
                ids = concerned(finding.read, short.get(finding.read), others)
                if not ids and finding.read not in short:
                    ids = self.doubtful.get(finding.read, [])
                kept[index] = replace(finding, ids=tuple(ids[:MOST_IDS]))


def _never_sent(state: Remembered | None) -> bool:
    """A dead letter, or something that was redacted: the API may have it, the topic may not."""
    return state is not None and (not state.revision or bool(state.redacted))


@dataclass(slots=True)
class Sample:
    """So many conversations of all that pass by, each as likely as any other (reservoir sampling)."""

    size: int
    chance: random.Random
    taken: list[Last] = field(default_factory=list)
    _passed: int = 0

    def take(self, last: Last) -> None:
        """Let one pass by."""
        self._passed += 1
        if len(self.taken) < self.size:
            self.taken.append(last)
        elif (place := self.chance.randrange(self._passed)) < self.size:
            self.taken[place] = last
