"""Coverage as a picture, and the same in words. Pure.

Places are percentages, so that the picture fits any width while its texts and marks keep their size. A hole is drawn
as wide as it is long and has a mark of fixed size besides, so that no hole is too short to be seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from producer.model.coverage import HEAD, HISTORY, Hole
from producer.model.instants import utc_midnight
from producer.telemetry.page.findings import ahead, failed_holes, failed_in_all, history
from producer.telemetry.page.html import Html, element, joined, note
from producer.telemetry.page.words import count, duration, instant, period
from producer.telemetry.snapshot import SourceStatus

_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
_SCALES = (
    (_HOUR, 5 * _MINUTE, 10 * _MINUTE),
    (3 * _HOUR, 10 * _MINUTE, 30 * _MINUTE),
    (6 * _HOUR, 30 * _MINUTE, _HOUR),
    (12 * _HOUR, _HOUR, 2 * _HOUR),
    (24 * _HOUR, _HOUR, 3 * _HOUR),
)
"""How much time the picture shows, how far apart its ticks are, and how far apart those with a label."""

_TOP, _HEIGHT, _TICK, _LABELS = 9, 26, 5, 53
_MARGIN = 0.03
"""Labels nearer to an edge than this would be cut off."""

_MOST_TOLD = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The time that is shown, and its ticks."""

    start: datetime
    end: datetime
    tick: timedelta
    label: timedelta

    @classmethod
    def of(cls, since: datetime, now: datetime) -> Scale:
        """The shortest that shows everything since then, at most a day."""
        length, tick, label = next((each for each in _SCALES if now - since <= each[0]), _SCALES[-1])
        return cls(start=now - length, end=now, tick=tick, label=label)

    def share(self, instant: datetime) -> float:
        """Where an instant lies: 0 at the left edge, 1 at the right; beyond them at the edge."""
        return min(1.0, max(0.0, (instant - self.start) / (self.end - self.start)))

    def ticks(self) -> Iterator[datetime]:
        """The round instants that are marked."""
        midnight = utc_midnight(self.start)
        at = midnight + -(-(self.start - midnight) // self.tick) * self.tick
        while at <= self.end:
            yield at
            at += self.tick


def timeline(status: SourceStatus, now: datetime) -> Html:
    """Covered, due and missing time up to now; what lies before the start of capture or is not due yet stays empty."""
    if status.covered_to is None:
        return note("Nothing read yet.")
    scale = Scale.of(status.since or now, now)
    due = ahead(status) or timedelta(0)
    shapes = [
        _rect(scale, "track", scale.start, scale.end),
        _rect(scale, "covered", status.since or scale.start, status.covered_to),
        _rect(scale, "due", status.covered_to, min(status.covered_to + due, now)),
        *(_rect(scale, "loss", loss.start, loss.end, f"accepted loss: {loss.reason}") for loss in status.losses),
        *(_rect(scale, "due", hole.start, hole.end) for hole in status.holes if hole.reason == HISTORY),
        *(_hole(scale, hole) for hole in failed_holes(status) if hole.end > scale.start),
        *(_tick(scale, at) for at in scale.ticks()),
    ]
    picture = element("svg", *shapes, role="img", aria_label="Timeline of coverage; the text below says the same")
    ends = element("div", element("span", instant(scale.start)), element("span", instant(scale.end)), class_="ends")
    return joined(picture, ends, _legend(status), _told(status, scale, due))


def _rect(scale: Scale, kind: str, start: datetime, end: datetime, title: str = "") -> Html:
    left, right = scale.share(start), scale.share(end)
    if right <= left:
        return Html()
    half = _HEIGHT // 2 if kind == "due" else 0
    inside = element("title", title) if title else ""
    place = {"x": _percent(left), "width": _percent(right - left), "y": _TOP + half, "height": _HEIGHT - half}
    return element("rect", inside, class_=kind, **place)


def _hole(scale: Scale, hole: Hole) -> Html:
    left, right = scale.share(hole.start), scale.share(hole.end)
    middle = _percent((left + right) / 2)
    line = element("rect", class_="edge", x=middle, width=3, y=_TOP, height=_HEIGHT, transform="translate(-1.5)")
    mark = element("svg", element("path", d="M-6 0h12l-6 8z"), x=middle, class_="mark")
    return joined(_rect(scale, "hole", hole.start, hole.end, f"hole: {hole.interval} {hole.reason}"), line, mark)


def _tick(scale: Scale, at: datetime) -> Html:
    share, bottom = scale.share(at), _TOP + _HEIGHT
    place = _percent(share)
    line = element("line", class_="tick", x1=place, x2=place, y1=bottom, y2=bottom + _TICK)
    midnight = utc_midnight(at)
    if (at - midnight) % scale.label or not _MARGIN < share < 1 - _MARGIN:
        return line
    text = f"{at:%m-%d}" if at == midnight else f"{at:%H:%M}"
    return joined(line, element("text", text, x=place, y=_LABELS))


def _legend(status: SourceStatus) -> Html:
    kinds = [
        ("covered", "covered"),
        ("due", "due, not read yet"),
        ("hole", "hole"),
        ("track", "not due, or before capture"),
    ]
    if status.losses:
        kinds.append(("loss", "accepted loss"))
    keys = [element("li", element("span", class_=f"key {kind}"), text) for kind, text in kinds]
    return element("ul", *keys, class_="legend")


def _told(status: SourceStatus, scale: Scale, due: timedelta) -> Html:
    """What the picture shows, in words."""
    read = period(status.since, status.covered_to) if status.since and status.covered_to else "-"
    reached = "Nothing read yet. " if status.since == status.covered_to else joined("The head has read ", read, ". ")
    waiting = f"{duration(due)} are due and not read yet. " if due else "All that is due was read. "
    before = history(status)
    past = f"{duration(before)} from before capture began are still to be read. " if before else ""
    return element("p", reached, waiting, past, *_told_holes(status, scale))


def _told_holes(status: SourceStatus, scale: Scale) -> Iterator[object]:
    holes, in_all = failed_holes(status), failed_in_all(status)
    if not in_all:
        yield "No holes."
        return
    yield f"{count(in_all, 'hole')}: "
    for number, hole in enumerate(holes[:_MOST_TOLD]):
        yield ", " if number else ""
        yield joined(period(hole.start, hole.end), f" ({hole.reason}{_of(hole)})")
    more = in_all - _MOST_TOLD
    yield f", and {more} more." if more > 0 else "."
    older = sum(hole.end <= scale.start for hole in holes)
    if older:
        yield f" {count(older, 'hole')} of them older than the picture."


def _of(hole: Hole) -> str:
    return "" if hole.tier == HEAD else f", of re-read {hole.tier}"


def _percent(share: float) -> str:
    return f"{share * 100:.3f}%"
