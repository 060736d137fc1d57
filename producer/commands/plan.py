"""`plan`: what a day of the configured capture, or a range of time, costs in requests and minutes. Changes nothing."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
from datetime import datetime
from typing import cast

from producer import errors
from producer.app import source_of
from producer.commands.config import add_config_option
from producer.genesys.survey import THOROUGH, Findings, look
from producer.genesys.token_source import TokenSource
from producer.model.instants import floor_millis
from producer.model.volume import Volume, even_volume
from producer.model.windows import Interval
from producer.options import clock_of
from producer.planning.cost import day_cost, range_cost
from producer.settings import Settings, load
from producer.settings.values import parse_instant
from producer.sizing.report import Plan, as_json, as_text
from producer.sizing.rules import rules_of

MINUTES_UNDER_WAY = 10
"""Assumed of a volume that is given: how long a conversation lasts, on average."""
OLDER_SHARE = 0.02
"""Assumed of a volume that is given: how many of a day's conversations are still open on a later one."""
_MINUTES_A_DAY = 24 * 60


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_config_option(parser)
    parser.add_argument("--volume", type=_count, metavar="N", help="conversations a day, in place of asking for them")
    parser.add_argument("--open", type=_count, metavar="N", help="of these, how many are under way at a time")
    parser.add_argument("--older", type=_count, metavar="N", help="how many are open that began on earlier days")
    parser.add_argument("--from", dest="start", type=_instant, metavar="INSTANT", help="a range to be read: its start")
    parser.add_argument("--to", dest="end", type=_instant, metavar="INSTANT", help="its end (default: now)")
    parser.add_argument("--output", choices=("text", "json"), default="text", help="json for programs")


def run(arguments: argparse.Namespace) -> int:
    """Print the plan. Raises UsageError, SettingsRefused, and when the API is asked what `ports.Source.read` raises."""
    if arguments.volume is None and (arguments.open is not None or arguments.older is not None):
        raise errors.UsageError("--open and --older go with --volume")
    logging.getLogger().addHandler(logging.NullHandler())  # what libraries log is in the error, where it matters
    settings = load(arguments.config, needs=("genesys",) if arguments.volume is None else ())
    now = floor_millis(clock_of(settings).now())
    interval = _range_of(arguments, now)
    rules = rules_of(settings)
    volume, origin = _volume_of(arguments, settings, now)
    day = day_cost(volume, rules)
    cost = range_cost(volume, rules, interval, day.left) if interval else None
    plan = Plan(volume=volume, origin=origin, rules=rules, day=day, range=cost)
    print(json.dumps(as_json(plan), indent=2) if arguments.output == "json" else as_text(plan))
    return 0


def _range_of(arguments: argparse.Namespace, now: datetime) -> Interval | None:
    start, end = arguments.start, arguments.end or now
    if start is None and arguments.end is not None:
        raise errors.UsageError("--to needs --from")
    if start is None:
        return None
    if start >= end:
        raise errors.UsageError("--from must be before --to")
    return Interval(start, end)


def _volume_of(arguments: argparse.Namespace, settings: Settings, now: datetime) -> tuple[Volume, str]:
    """The volume, and where it comes from."""
    if arguments.volume is None:
        found = asyncio.run(_ask(settings, now))
        return found.volume, f"measured on {found.day:%Y-%m-%d}, the busiest of the last {found.days} days"
    under_way, older = arguments.open, arguments.older
    assumed = [name for name, value in (("how many are under way", under_way), ("older ones", older)) if value is None]
    if under_way is None:
        under_way = arguments.volume * MINUTES_UNDER_WAY / _MINUTES_A_DAY
    if older is None:
        older = arguments.volume * OLDER_SHARE
    origin = f"given; assumed: {', '.join([*assumed, 'every hour like the others', 'no threads'])}"
    return even_volume(arguments.volume, under_way, older), origin


async def _ask(settings: Settings, now: datetime) -> Findings:
    source = source_of(settings, clock_of(settings))
    if isinstance(source, TokenSource):
        raise errors.UsageError("a gateway of the token dialect does not say how many there are: give --volume")
    if sys.stderr.isatty():
        print(f"asking Genesys Cloud {THOROUGH.questions} questions of one row each …", file=sys.stderr)
    async with source:
        return await look(source.count, now, THOROUGH)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"must be a number of conversations, not {text}")
    return int(text)


def _instant(text: str) -> datetime:
    try:
        return floor_millis(cast("datetime", parse_instant(text)))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
