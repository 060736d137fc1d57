from __future__ import annotations

import base64
import hashlib
import re

from producer import events
from producer.telemetry import page
from tests.support.happenings import SECOND, one_of_each, read, read_end
from tests.support.markup import HOSTILE, RESTORED, Document, snapshot_after

ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "div", "span", "p", "b"),
    *("h1", "h2", "h3", "a", "code", "time", "ul", "li", "dl", "dt", "dd", "svg", "rect", "line", "path", "text"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
STARTED = events.ServiceStarted(run_id="run-1", version="1.2.3", settings={})


def shown(*told: events.Event) -> str:
    return Document(page.render(snapshot_after(*told))).text


def test_before_anything_happened_it_says_why_nothing_is_there() -> None:
    text = shown()
    assert "genesys-producernot readyversion 1.2.3startingas of 2025-03-10 12:00:00Z" in text
    assert (
        "Not ready: the state of the lane is not restored yet.What to do: wait; a line `lane_restored` tells." in text
    )
    assert "CoverageNothing read yet." in text
    assert "Nothing asked yet." in text
    assert "Last errorsNone." in text
    assert "Last readsNone yet." in text


def test_a_ready_process_says_so() -> None:
    text = shown(RESTORED, STARTED)
    assert "genesys-producerreadyversion 1.2.3running since 2025-03-10 12:00:00Z 0 s ago" in text
    assert text.endswith("For programs: status · metrics · readyz · config · run id run-1")


def test_the_title_tells_how_it_is_among_other_tabs() -> None:
    titles = [re.findall("<title>(\\w+) ·", page.render(snapshot_after(*told))) for told in ((), one_of_each("x"))]
    assert titles == [["warning"], ["trouble"]]


def test_an_error_is_shown_with_what_to_do_and_the_ids_for_support() -> None:
    failed = events.ReadFailed(
        source="default", read=read(), error="E", message="boom", what_to_do="call us", correlation_id="abc-123"
    )
    refused = events.TokenRefused(source="default", reason="x")
    text = shown(failed, refused, refused)
    assert "failed (E): boom; it is made againWhat to do: call us" in text
    assert "correlation idabc-123request idr-1actionread_failedwindow2025-03-10 11:45:00 to 12:00:00Z" in text
    assert "no access token could be had: x (2 times, the last time shown)" in text


def test_one_source_goes_without_saying_and_of_several_each_is_named() -> None:
    ended = events.ReadCompleted(source="eu", read=read(), end=read_end(), took=SECOND, records=1)
    refused = events.TokenRefused(source="eu", reason="x")
    one = Document(page.render(snapshot_after(ended, refused, sources=("eu",)))).text
    two = Document(page.render(snapshot_after(ended, refused, sources=("eu", "us")))).text
    assert ("eu: Not ready" in one, "eu, head" in one) == (False, False)
    assert ("eu: Not ready" in two, "eu, head" in two) == (True, True)


def test_hostile_text_in_every_field_stays_text() -> None:
    snapshot = snapshot_after(*one_of_each(HOSTILE), sources=(HOSTILE, "default"))
    document = Document(page.render(snapshot))
    assert document.tags == ALLOWED
    assert document.open == []
    assert {name for name, _ in document.attributes} == {
        *("lang", "charset", "name", "content", "http-equiv", "class", "scope", "data-label", "datetime", "title"),
        *(
            "href",
            "role",
            "aria-label",
            "aria-hidden",
            "x",
            "y",
            "x1",
            "x2",
            "y1",
            "y2",
            "width",
            "height",
            "d",
            "transform",
        ),
    }
    assert sum(HOSTILE in text for text in document.texts) > 20


def test_it_loads_nothing_and_its_only_style_is_the_one_allowed() -> None:
    text = page.render(snapshot_after(*one_of_each("x")))
    (style,) = re.findall(r"<style>(.*?)</style>", text, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        == page.CONTENT_SECURITY_POLICY
    )
    assert re.findall(r"https?://|src=|url\(|@import|style=|<script|<link| on\w+=", text) == []
    assert re.findall(r'href="([^"]*)"', text) == ["?refresh=off", "status", "metrics", "readyz", "config"]


def test_it_refreshes_itself_unless_the_reader_stops_that() -> None:
    refreshing, still = page.render(snapshot_after()), page.render(snapshot_after(), refreshing=False)
    assert ('<meta http-equiv="refresh" content="10">' in refreshing, 'href="?refresh=off"' in refreshing) == (
        True,
        True,
    )
    assert ("http-equiv" in still, 'href="?"' in still) == (False, True)
