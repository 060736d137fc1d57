from __future__ import annotations

import base64
import hashlib
import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from producer import events
from producer.telemetry import page
from producer.telemetry.health import Health
from producer.telemetry.history import History
from producer.telemetry.snapshot import Snapshot
from tests.support.happenings import NOON, SECOND, checkpoint, hole, one_of_each, read, read_end

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;</title></style>"
ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "h3", "span", "section", "p"),
    *("dl", "div", "dt", "dd", "svg", "rect", "table", "thead", "tbody", "tr", "th", "td"),
}
RESTORED = events.LaneRestored(source="default", took=SECOND, conversations=7, checkpoint=checkpoint())


class Document(HTMLParser):
    """What a browser would make of the page: the tags, the attributes, the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(name, value or "") for name, value in attrs}
        if tag not in {"meta", "rect"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(name, value or "") for name, value in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def snapshot_after(*told: events.Event, sources: tuple[str, ...] = ("default",)) -> Snapshot:
    history, health = History(now=lambda: NOON, version="1.2.3", sources=sources), Health(now=lambda: NOON)
    for event in told:
        history.observe(event)
        health.observe(event)
    return history.snapshot(health.reasons())


def texts(*told: events.Event) -> list[str]:
    return Document(page.render(snapshot_after(*told))).texts


def facts(found: list[str]) -> dict[str, str]:
    """The name and value pairs of the first source."""
    start = found.index("head watermark")
    return dict(zip(found[start : start + 30 : 2], found[start + 1 : start + 30 : 2], strict=True))


def rects(text: str) -> list[tuple[str, str, str]]:
    return re.findall(r'<rect class="(\w+)" x="([\d.]+)" width="([\d.]+)" height="10"/>', text)


def test_before_anything_happened_it_says_why_nothing_is_there() -> None:
    found = texts()
    assert found[2:5] == ["genesys-producer", "not ready", "version 1.2.3, starting, now 2025-03-10 12:00:00Z"]
    assert "the state of the lane is not restored yet" in found
    assert [text for text in found if text in {"nothing read yet", "nothing asked yet", "none"}] == [
        "nothing read yet",
        "nothing asked yet",
        "none",
        "none",
    ]


def test_a_ready_process_shows_no_reasons() -> None:
    found = texts(RESTORED, events.ServiceStarted(run_id="r", version="1.2.3", settings={}))
    assert found[3:5] == ["ready", "version 1.2.3, since 2025-03-10 12:00:00Z, now 2025-03-10 12:00:00Z"]
    assert "Not ready" not in found


def test_where_a_source_stands() -> None:
    assert facts(texts(*one_of_each("x"))) == {
        "head watermark": "2025-03-10 10:00:00Z",
        "behind the clock": "2:00:00",
        "final watermark": "2025-03-10 10:00:00Z",
        "due and not covered": "1:00:00",
        "holes": "1",
        "accepted losses": "1",
        "new records": "60",
        "changed records": "30",
        "read again unchanged": "20",
        "dead letters": "3",
        "tracked conversations": "999",
        "last commit": "150 records, 2025-03-10 12:00:00Z",
        "breaker": "open",
        "answers 429": "1",
        "token valid until": "2025-03-10 12:00:00Z",
    }


def test_the_last_reads_and_errors_are_shown_with_what_to_do() -> None:
    failed = events.ReadFailed(
        source="default", read=read(), error="E", message="boom", what_to_do="call us", correlation_id="abc-123"
    )
    refused = events.TokenRefused(source="default", reason="x")
    ended = events.ReadCompleted(source="default", read=read("r-2"), end=read_end(), took=3 * SECOND, records=118)
    found = texts(failed, ended, refused, refused)
    window = "2025-03-10T11:45:00.000Z/2025-03-10T12:00:00.000Z"
    row = found.index("request id") + 1
    assert found[row : row + 10] == [
        "2025-03-10 12:00:00Z", "default", "head", window, "complete", "120", "118", "2", "3 s", "r-2",
    ]  # fmt: skip
    assert {"failed", "E: made again", "call us", "abc-123", "no access token could be had: x (2 times)"} <= set(found)


def test_coverage_is_drawn_over_the_last_day() -> None:
    measured = events.CoverageMeasured(
        source="default", head=hole().start, final=hole().start, uncovered=SECOND, holes=(hole(),), clock=NOON
    )
    text = page.render(snapshot_after(RESTORED, measured))
    assert rects(text) == [("covered", "0.0", "1000.0"), ("hole", "916.7", "41.7")]


def test_time_that_was_not_read_yet_is_drawn_apart() -> None:
    history = History(now=lambda: NOON + timedelta(hours=6), version="1", sources=("default",))
    history.observe(RESTORED)
    assert rects(page.render(history.snapshot(()))) == [("covered", "0.0", "750.0"), ("due", "750.0", "250.0")]


def test_the_budget_is_a_share_of_the_cap_in_force() -> None:
    free = events.LimiterMeasured(source="default", cap=270, learned=None, used=27)
    learned = events.LimiterMeasured(source="default", cap=270, learned=54, used=27)
    nothing = events.LimiterMeasured(source="default", cap=0, learned=None, used=0)
    assert rects(page.render(snapshot_after(free))) == [("used", "0", "100.0")]
    assert rects(page.render(snapshot_after(learned))) == [("used", "0", "500.0")]
    assert rects(page.render(snapshot_after(nothing))) == [("used", "0", "1000.0")]
    assert "27 of 54 places in use (setting: 270, learned from answers 429: 54)" in texts(learned)


def test_hostile_text_in_every_field_stays_text() -> None:
    snapshot = snapshot_after(*one_of_each(HOSTILE), sources=(HOSTILE, "default"))
    document = Document(page.render(snapshot))
    assert document.tags == ALLOWED
    assert document.open == []
    assert {name for name, _ in document.attributes} == {
        "lang", "charset", "name", "content", "http-equiv", "class",
        "viewbox", "preserveaspectratio", "role", "aria-label", "x", "width", "height",
    }  # fmt: skip
    assert any(HOSTILE in text for text in document.texts)


def test_it_loads_nothing_and_its_only_style_is_the_one_allowed() -> None:
    text = page.render(snapshot_after(*one_of_each("x")))
    (style,) = re.findall(r"<style>(.*?)</style>", text, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        == page.CONTENT_SECURITY_POLICY
    )
    assert re.findall(r"https?://|src=|href=|url\(|@import|style=|<script", text) == []


def test_it_refreshes_itself_and_follows_the_light_of_the_screen() -> None:
    text = page.render(snapshot_after())
    assert '<meta http-equiv="refresh" content="5">' in text
    assert "prefers-color-scheme:dark" in text


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        (timedelta(milliseconds=1500), "1.5 s"),
        (timedelta(seconds=119), "119 s"),
        (timedelta(seconds=120), "0:02:00"),
        (timedelta(days=1, hours=2), "1 day, 2:00:00"),
    ],
)
def test_durations_are_written_for_people(duration: timedelta, expected: str) -> None:
    ended = events.ReadCompleted(source="default", read=read(), end=read_end(), took=duration, records=1)
    assert expected in texts(ended)
