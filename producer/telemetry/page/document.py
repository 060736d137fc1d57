"""The whole page: its parts in the order in which one asks for them, and how it refreshes itself. Pure."""

from __future__ import annotations

from producer.telemetry.page.findings import Level, findings
from producer.telemetry.page.html import Html, element, joined, void
from producer.telemetry.page.reads import reads
from producer.telemetry.page.sources import source
from producer.telemetry.page.style import STYLE
from producer.telemetry.page.troubles import errors, headline, wrong
from producer.telemetry.page.words import instant, moment
from producer.telemetry.snapshot import Snapshot

REFRESH_SECONDS = 10
"""A reload of the same address: a browser keeps its place on the page. Whoever reads or listens can switch it off."""

_TITLES = {Level.GOOD: "well", Level.WAIT: "starting", Level.WARN: "warning", Level.BAD: "trouble"}


def render(snapshot: Snapshot, *, refreshing: bool = True) -> str:
    """The document."""
    several = len(snapshot.sources) > 1
    found = findings(snapshot)
    parts = [
        headline(found, snapshot.at, several_sources=several),
        wrong(found, snapshot.at, several_sources=several),
        *(source(status, snapshot.at) for status in snapshot.sources),
        errors(snapshot.errors, snapshot.at, several_sources=several),
        reads(snapshot.reads, snapshot.at, several_sources=several),
    ]
    body = element("body", _header(snapshot, refreshing=refreshing), element("main", *parts), _footer(snapshot))
    level = found[0].level if found else Level.WAIT
    head = element(
        "head",
        void("meta", charset="utf-8"),
        void("meta", name="viewport", content="width=device-width,initial-scale=1"),
        void("meta", http_equiv="refresh", content=REFRESH_SECONDS) if refreshing else "",
        element("title", f"{_TITLES[level]} · genesys-producer"),
        element("style", Html(STYLE)),
    )
    return f"<!doctype html>{element('html', head, body, lang='en')}\n"


def _header(snapshot: Snapshot, *, refreshing: bool) -> Html:
    state = element("span", "ready" if snapshot.ready else "not ready", class_="good" if snapshot.ready else "bad")
    if refreshing:
        pace = joined(f"refreshes every {REFRESH_SECONDS} s, ", element("a", "stop that", href="?refresh=off"))
    else:
        pace = joined("does not refresh itself, ", element("a", "refresh it", href="?"))
    began = joined("running since ", moment(snapshot.started_at, snapshot.at)) if snapshot.started_at else "starting"
    return element(
        "header",
        element("b", "genesys-producer"),
        element("span", state),
        element("span", f"version {snapshot.version}"),
        element("span", began),
        element("span", f"as of {instant(snapshot.at)}"),
        element("span", pace),
    )


def _footer(snapshot: Snapshot) -> Html:
    links = [element("a", path, href=path) for path in ("status", "metrics", "readyz", "config")]
    told = [joined(" · ", link) if number else link for number, link in enumerate(links)]
    run = joined(" · run id ", element("code", snapshot.run_id)) if snapshot.run_id else ""
    return element("footer", element("p", "All times are UTC. For programs: ", *told, run))
