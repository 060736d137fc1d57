"""The demo's command line: sets the stage, shows it live, and at the end lets the judge speak."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from typing import TextIO, TypeVar

from producer.commands.run import refuse_without_asserts
from producer.dev.confluent import reading
from producer.dev.demo.stage import Stage, StageOptions
from producer.dev.demo.view import Arrivals, View
from producer.dev.judge.verdict import Lateness
from producer.model.batch import Topic
from producer.settings.values import parse_instant, parse_span

T = TypeVar("T", timedelta, datetime)

SATURDAY = 5
FOUND_A_PROBLEM = 1
SLOWEST, FASTEST = 0.01, 100_000  # as dev.clock_speed
HIGHEST_RATE = 1_000_000  # as the simulator
RATE = 60_000
"""Conversations a day: enough that something happens every second, and a poll costs few requests."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    speed, rate = _number(float, SLOWEST, FASTEST), _number(int, 1, HIGHEST_RATE)
    parser.add_argument("--duration", type=_span, help="end by itself after so long (real time) and judge the run")
    parser.add_argument("--output", choices=("text", "json"), default="text", help="json: only the judge's answer")
    parser.add_argument("--speed", type=speed, default=1.0, help="virtual seconds per second (default %(default)s)")
    parser.add_argument("--origin", type=_instant, help="the instant its clock starts at (default: a weekday, 10:00Z)")
    parser.add_argument("--rate", type=rate, default=RATE, help="conversations a day (default %(default)s)")
    parser.add_argument("--dialect", choices=("platform", "token"), default="platform", help="(default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another organisation (default %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Run the demo; returns 1 when the judge found something wrong, or the head stayed too far behind the end.

    Raises ConfigurationError.
    """
    refuse_without_asserts()
    origin = arguments.origin or last_weekday_at_ten(datetime.now(UTC))
    options = StageOptions(
        origin=origin,
        speed=arguments.speed,
        rate=arguments.rate,
        seed=arguments.seed,
        dialect=arguments.dialect,
    )
    out = sys.stderr if arguments.output == "json" else sys.stdout
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: all is put away
    _say(out, "starting a simulated Genesys Cloud organisation, Apache Kafka and the daemon …")
    with Stage(options) as stage:
        _say(out, f"status page: {stage.admin_url}/   simulator: {stage.simulator_url}   (Ctrl-C ends all)")
        try:
            _watch(stage, View(out), arguments.duration)
        except KeyboardInterrupt:
            _say(out, "stopping …")
        ended_at = stage.now()
        stage.stop_daemon()
        if arguments.duration is None:
            return 0
        _say(out, "judging …")
        verdict = stage.judge()
        lateness = Lateness.of(verdict, ended_at=ended_at, allowed=stage.head_may_be_behind)
        answer = verdict.as_json() | lateness.as_json()
        sys.stdout.write(json.dumps(answer, indent=None if arguments.output == "json" else 2) + "\n")
        return 0 if verdict.zeros and lateness.tolerable else FOUND_A_PROBLEM


def _say(out: TextIO, line: str) -> None:
    out.write(line + "\n")
    out.flush()


def _watch(stage: Stage, view: View, duration: timedelta | None) -> None:
    end = time.monotonic() + duration.total_seconds() if duration else float("inf")
    with reading(stage.kafka, stage.kafka.topics[Topic.CONVERSATIONS]) as (consumer, _):
        arrivals = Arrivals(consumer)
        while (left := end - time.monotonic()) > 0:
            stage.check_daemon()
            view.show(arrivals.within(min(left, 1.0)))
            view.show_status(stage.status(), stage.now(), datetime.now(UTC))


def last_weekday_at_ten(now: datetime) -> datetime:
    """The latest weekday's 10:00Z that is not in the future: the busy hour of an ordinary day."""
    day = now.date() if now.time() >= time_of_day(10) else now.date() - timedelta(days=1)
    while day.weekday() >= SATURDAY:
        day -= timedelta(days=1)
    return datetime.combine(day, time_of_day(10), UTC)


def _span(text: str) -> timedelta:
    span = _parsed(parse_span, text, timedelta)
    if span <= timedelta(0):
        raise argparse.ArgumentTypeError(f"{text} is no time at all")
    return span


def _instant(text: str) -> datetime:
    return _parsed(parse_instant, text, datetime)


def _parsed(parse: Callable[[object], object], text: str, kind: type[T]) -> T:
    """What the settings' own parser makes of a text, its refusal as argparse shows it."""
    try:
        value = parse(text)
    except ValueError as refused:
        raise argparse.ArgumentTypeError(f"{text} {refused}") from None
    assert isinstance(value, kind)  # noqa: S101 - text is always parsed to the end
    return value


def _number(kind: Callable[[str], float], least: float, most: float) -> Callable[[str], float]:
    """What reads a number within bounds, so that a wrong one is refused before anything starts."""

    def number(text: str) -> float:
        value = kind(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text} is not between {least} and {most}")
        return value

    return number
