"""What a browser would make of the status page, without one: its tags, its attributes, its texts."""

from __future__ import annotations

from html.parser import HTMLParser

from producer import events
from producer.telemetry.health import Health
from producer.telemetry.history import History
from producer.telemetry.snapshot import Snapshot
from tests.support.happenings import NOON, SECOND, checkpoint

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;</title></style>"
RESTORED = events.LaneRestored(source="default", took=SECOND, conversations=7, checkpoint=checkpoint())
_VOID = {"meta"}


class Document(HTMLParser):
    """A document or a part of one; `open` are the tags that were not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.shapes: list[tuple[str, str, str]] = []
        self.feed(text)

    @property
    def text(self) -> str:
        """All of it, as it is read aloud."""
        return " ".join("".join(self.texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        self.attributes |= set(given.items())
        if tag == "rect":
            self.shapes.append((given["class"], given.get("x", "0%"), given["width"]))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def snapshot_after(*told: events.Event, sources: tuple[str, ...] = ("default",)) -> Snapshot:
    """What history and health say at noon, after these events."""
    history, health = History(now=lambda: NOON, version="1.2.3", sources=sources), Health(now=lambda: NOON)
    for event in told:
        history.observe(event)
        health.observe(event)
    return history.snapshot(health.reasons())
