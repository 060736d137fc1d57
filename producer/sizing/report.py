"""What a day or a range costs, for people and for programs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from producer.model.instants import iso_millis
from producer.model.volume import OPEN_BANDS, Volume
from producer.planning.cost import LACKING_WRAP_UP, MINUTES_A_DAY, Cost, DayCost, RangeCost, Rules
from producer.settings.values import span_text

_HEADS = ("read", "what", "reads a day", "requests a day", "a minute", "at the busiest", "of the budget")
_TEXT_COLUMNS = 2
_MINUTES_THAT_ARE_HOURS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that is told. `origin` says where the volume comes from."""

    volume: Volume
    origin: str
    rules: Rules
    day: DayCost
    range: RangeCost | None = None


def as_text(plan: Plan) -> str:
    """The volume, the budget, a line for each kind of read, what follows, and the range if one was asked for."""
    return "\n".join([*_given(plan), "", *_table(plan), "", *_verdict(plan), *_range(plan)])


def as_json(plan: Plan) -> dict[str, Any]:
    """The same as values: requests and reads a day and a minute, spans in seconds."""
    day = plan.day
    return {
        "volume": _volume(plan),
        "budget": {"requestsPerMinute": plan.rules.budget, "requestsPerDay": plan.rules.budget * MINUTES_A_DAY},
        "reads": [_read(cost, day) for cost in day.costs],
        "total": {
            "requestsPerDay": round(day.requests),
            "requestsPerMinute": round(day.requests / MINUTES_A_DAY, 2),
            "busiestPerMinute": round(day.busiest, 2),
            "share": round(day.share, 4),
        },
        "slowestPollSeconds": day.slowest_poll.total_seconds(),
        "fits": day.fits,
        "range": _range_values(plan.range) if plan.range else None,
    }


def _volume(plan: Plan) -> Mapping[str, Any]:
    volume = plan.volume
    return {
        "origin": plan.origin,
        "conversationsPerDay": round(volume.a_day),
        "underWay": round(volume.mean_under_way),
        "stillOpen": [
            {"fromDays": youngest, "toDays": oldest, "conversations": round(count)}
            for (youngest, oldest), count in zip(OPEN_BANDS, volume.still_open, strict=True)
        ],
        "messagesPerDay": round(volume.messages),
        "emailsPerDay": round(volume.emails),
        "lackingWrapUp": LACKING_WRAP_UP,
    }


def _read(cost: Cost, day: DayCost) -> Mapping[str, Any]:
    return {
        "read": cost.read.value,
        "what": cost.what,
        "ageSeconds": cost.age.total_seconds() if cost.age else None,
        "conversations": round(cost.asked) if cost.asked else None,
        "readsPerDay": round(cost.reads),
        "requestsPerDay": round(cost.requests),
        "requestsPerMinute": round(cost.a_minute, 2),
        "busiestPerMinute": round(cost.busiest, 2),
        "share": round(cost.a_minute / day.budget, 4),
    }


def _range_values(cost: RangeCost) -> Mapping[str, Any]:
    return {
        "from": iso_millis(cost.interval.start),
        "to": iso_millis(cost.interval.end),
        "windows": round(cost.reads),
        "requests": round(cost.requests),
        "requestsPerMinute": round(cost.a_minute, 2),
        "minutes": None if cost.minutes is None else round(cost.minutes, 1),
    }


def _given(plan: Plan) -> Iterator[str]:
    volume, rules = plan.volume, plan.rules
    yield f"volume  {_whole(volume.a_day)} new conversations a day, {plan.origin}"
    older = _whole(sum(volume.still_open))
    yield (
        f"        {_whole(volume.mean_under_way)} under way at a time, {older} open from earlier days,"
        f" {_whole(volume.messages)} message and {_whole(volume.emails)} e-mail threads a day"
    )
    yield f"budget  {_whole(rules.budget)} requests a minute, {_whole(rules.budget * MINUTES_A_DAY)} a day"


def _table(plan: Plan) -> Iterator[str]:
    day = plan.day
    rows = [_HEADS, *(_row(cost, plan) for cost in day.costs)]
    rows.append(
        ("all", "", "", *_figures(day.requests, day.requests / MINUTES_A_DAY, day.busiest, day.share)),
    )
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    for row in rows:
        words = [text.ljust(width) for text, width in zip(row, widths, strict=True)][:_TEXT_COLUMNS]
        numbers = [text.rjust(width) for text, width in zip(row, widths, strict=True)][_TEXT_COLUMNS:]
        yield "  ".join([*words, *numbers])


def _row(cost: Cost, plan: Plan) -> tuple[str, ...]:
    figures = _figures(cost.requests, cost.a_minute, cost.busiest, cost.a_minute / plan.day.budget)
    return (cost.read.value, _what(cost, plan.rules), _whole(cost.reads), *figures)


def _figures(requests: float, a_minute: float, busiest: float, share: float) -> tuple[str, ...]:
    return (_whole(requests), f"{a_minute:,.1f}", f"{busiest:,.1f}", f"{share:.1%}")


def _what(cost: Cost, rules: Rules) -> str:
    if cost.age is not None:
        return f"after {span_text(cost.age)}"
    if cost.asked:
        return f"{_whole(cost.asked)} {cost.what}"
    return f"every {span_text(rules.poll_interval)}" if cost.what == "poll" else cost.what


def _verdict(plan: Plan) -> Iterator[str]:
    day, rules = plan.day, plan.rules
    if day.fits:
        yield f"It fits: {day.share:.1%} of the budget, {day.left:,.0f} requests a minute are left on average."
    else:
        yield (
            f"It does not fit: {day.share:.0%} of the budget. Re-reads come later and later. Lengthen the ages in"
            " capture.rereads or leave one out, or have the limit raised."
        )
    if day.slowest_poll > rules.poll_interval:
        slowest = span_text(timedelta(seconds=round(day.slowest_poll.total_seconds())))
        yield (
            f"In the busiest hours the head's share pays for a poll every {slowest} only: shorten capture.overlap, or"
            " have the limit raised."
        )


def _range(plan: Plan) -> Iterator[str]:
    cost = plan.range
    if cost is None:
        return
    yield ""
    lasts = "no end, since nothing is left for it and limits.shares.backfill is 0"
    if cost.minutes is not None:
        hours = f" ({cost.minutes / 60:,.1f} hours)" if cost.minutes >= _MINUTES_THAT_ARE_HOURS else ""
        lasts = (
            f"{cost.minutes:,.1f} minutes{hours} at {_whole(cost.a_minute)} requests a minute, which are left for it"
        )
    yield f"range {cost.interval}: {_whole(cost.reads)} windows, {_whole(cost.requests)} requests, {lasts}"


def _whole(number: float) -> str:
    return f"{number:,.0f}"
