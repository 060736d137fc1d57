"""What a person sees of the demo: records as they arrive on the topic, and every few seconds where the daemon stands.

It reads the topics with another client library than the daemon writes with, and only what is committed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TextIO

from confluent_kafka import Consumer

from producer.encoding.avro import Avro

SHOWN_AT_ONCE = 4  # records of a second that are shown; all are counted
STATUS_EVERY = timedelta(seconds=5)


class Arrivals:
    """The records that a consumer of the conversations topic is given."""

    def __init__(self, consumer: Consumer) -> None:
        self._avro = Avro.shipped()
        self._consumer = consumer

    def within(self, seconds: float) -> Iterator[Mapping[str, Any]]:
        """The records that are there within about so many seconds, decoded."""
        for message in self._consumer.consume(num_messages=1_000, timeout=seconds):
            value = message.value()
            if message.error() is None and value is not None:
                yield self._avro.decode(value)[1]


@dataclass(slots=True)
class View:
    """Counts what arrives and prints it, line by line, as a terminal or a file shows it."""

    out: TextIO
    new: int = 0
    changed: int = 0
    _last: datetime = field(default_factory=lambda: datetime.min.replace(tzinfo=UTC))

    def show(self, records: Iterator[Mapping[str, Any]]) -> None:
        """Print some of the records, count all."""
        shown = 0
        for record in records:
            first = record["revision"] == 1
            self.new += first
            self.changed += not first
            if shown < SHOWN_AT_ONCE:
                shown += 1
                self.out.write(f"  {line_of(record)}\n")
        self.out.flush()

    def show_status(self, status: Mapping[str, Any] | None, clock: datetime, real: datetime) -> None:
        """Print where the daemon stands, at most every few seconds of real time."""
        if real - self._last < STATUS_EVERY:
            return
        self._last = real
        said = status_line(status) if status else "the daemon does not answer yet"
        self.out.write(f"{clock:%H:%M:%S}Z  {self.new} conversations, {self.changed} changes on the topic | {said}\n")
        self.out.flush()


def line_of(record: Mapping[str, Any]) -> str:
    """One record in a line."""
    began = f"{record['startTime']:%H:%M:%S}" if record["startTime"] else "-"
    duration = f"{record['durationMs'] / 1000:.0f} s" if record["durationMs"] is not None else "open"
    names = ", ".join(name for name in (record["queueName"], record["wrapUpCodeName"] or record["wrapUpCode"]) if name)
    return (
        f"{record['recordId']}  rev {record['revision']:<3} {record['channelType']:<12} {record['direction'] or '-':<8}"
        f"  began {began} {duration:>8}  {record['participantCount']:>2} participants  {names}"
    )


def status_line(status: Mapping[str, Any]) -> str:
    """Coverage and budget in a line."""
    if not status["ready"]:
        return "not ready: " + "; ".join(reason["reason"] for reason in status["reasons"])
    source = status["sources"][0]
    covered_to = f"{source['covered_to'][11:19]}Z" if source["covered_to"] else "-"
    uncovered = source["uncovered_seconds"]
    due = "-" if uncovered is None else f"{uncovered:.0f}"
    return (
        f"covered to {covered_to}, {due} s due, {source['holes_in_all']} holes"
        f" | {source['used'] or 0} of {source['cap'] or '-'} requests a minute, {source['rate_limited']} refused"
    )
