"""The status page: one HTML document from one snapshot, for a person who wants to know whether all is well.

Pure. Complete in itself: no script, nothing loaded from elsewhere; every text from outside is escaped at the one place
where cells and texts are made. It refreshes itself.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from html import escape
from typing import Any

from producer.model.coverage import Hole
from producer.model.instants import iso_millis
from producer.telemetry.snapshot import ErrorRow, ReadRow, Snapshot, SourceStatus

REFRESH_SECONDS = 5
TIMELINE = timedelta(hours=24)
_WIDTH = 1000.0
_NOTHING = "-"

STYLE = """
:root{color-scheme:light dark;--ink:#1c2330;--soft:#5d6879;--line:#dfe3ea;--paper:#f6f7f9;--card:#fff;
--good:#14804a;--warn:#a15c00;--bad:#c0262d;--bar:#2f6fde}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#9aa5b5;--line:#2c3441;--paper:#12161d;--card:#1a202a;
--good:#4cc38a;--warn:#f0a94a;--bad:#ff7b7b;--bar:#6ea0ff}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:76rem;padding:1.5rem;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,sans-serif;font-variant-numeric:tabular-nums}
header{display:flex;flex-wrap:wrap;gap:.25rem 1rem;align-items:baseline}
h1{font-size:1.35rem;margin:0}h2{font-size:1.05rem;margin:0 0 .75rem}h3{font-size:.95rem;margin:1.25rem 0 .5rem}
section{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1rem 1.25rem;margin:1rem 0}
.soft{color:var(--soft)}.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}
.state{font-weight:600}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(11rem,1fr));gap:.75rem 1.25rem;margin:0}
dt{color:var(--soft);font-size:.82rem}dd{margin:0;font-weight:600;overflow-wrap:anywhere}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.87rem}
th{text-align:left;color:var(--soft);font-weight:500}
th,td{padding:.35rem .9rem .35rem 0;border-bottom:1px solid var(--line);vertical-align:top}
tr:last-child td{border-bottom:0}td{overflow-wrap:anywhere}
svg{display:block;width:100%;height:1.5rem;border-radius:.3rem;background:var(--line)}
.covered{fill:var(--good)}.hole{fill:var(--bad)}.due{fill:var(--warn)}.used{fill:var(--bar)}
.ends{display:flex;justify-content:space-between;font-size:.8rem;color:var(--soft)}
"""

_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The browser is to load and run nothing but the style above."""

_VERDICTS = {"complete": "good", "provisional": "warn", "short": "warn", "failed": "bad"}


def render(snapshot: Snapshot) -> str:
    """The whole page."""
    parts = [
        _header(snapshot),
        _reasons(snapshot),
        *(_source(source, snapshot.at) for source in snapshot.sources),
        _section("Last reads", _reads(snapshot.reads)),
        _section("Last errors", _errors(snapshot.errors)),
        '<p class="soft">For programs: /status, /metrics, /readyz, /config.</p>',
    ]
    head = (
        f'<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="refresh" content="{REFRESH_SECONDS}"><title>genesys-producer</title><style>{STYLE}</style>'
    )
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


def _header(snapshot: Snapshot) -> str:
    state = '<span class="good state">ready</span>' if snapshot.ready else '<span class="bad state">not ready</span>'
    began = f"since {_instant(snapshot.started_at)}" if snapshot.started_at else "starting"
    told = _text(f"version {snapshot.version}, {began}, now {_instant(snapshot.at)}")
    return f'<header><h1>genesys-producer</h1>{state}<span class="soft">{told}</span></header>'


def _reasons(snapshot: Snapshot) -> str:
    if snapshot.ready:
        return ""
    rows = [
        [(reason.reason, "bad"), reason.source, reason.message, reason.what_to_do, _instant(reason.since)]
        for reason in snapshot.reasons
    ]
    return _section("Not ready", _table(("reason", "source", "what happened", "what to do", "since"), rows))


def _source(status: SourceStatus, now: datetime) -> str:
    parts = [
        _facts(_standing(status, now)),
        "<h3>Coverage, last 24 h</h3>" + _timeline(status, now),
        "<h3>Requests of the last minute</h3>" + _budget(status),
    ]
    if status.holes:
        parts.append(f"<h3>Holes ({status.holes_in_all})</h3>" + _holes(status.holes))
    return _section(f"Source {status.source}", "".join(parts))


def _standing(status: SourceStatus, now: datetime) -> list[tuple[str, Any]]:
    receipt = status.receipt
    return [
        ("head watermark", _instant(status.head)),
        ("behind the clock", _duration(now - status.head) if status.head else _NOTHING),
        ("final watermark", _instant(status.final)),
        ("due and not covered", _duration(status.uncovered)),
        ("holes", (status.holes_in_all, "bad" if status.holes_in_all else "good")),
        ("accepted losses", len(status.losses)),
        ("new records", status.new),
        ("changed records", status.changed),
        ("read again unchanged", status.unchanged),
        ("dead letters", (status.dead_letters, "warn" if status.dead_letters else "")),
        ("tracked conversations", status.tracked),
        ("last commit", f"{receipt.records} records, {_instant(receipt.at)}" if receipt else _NOTHING),
        ("breaker", (status.breaker.replace("_", " "), "good" if status.breaker == "closed" else "bad")),
        ("answers 429", (status.rate_limited, "warn" if status.rate_limited else "")),
        ("token valid until", _instant(status.token_expires_at)),
    ]


def _timeline(status: SourceStatus, now: datetime) -> str:
    """Covered, missing and due time as one bar; what lies before the start of capture stays empty."""
    if status.covered_to is None:
        return '<p class="soft">nothing read yet</p>'
    begin = now - TIMELINE
    since = max(begin, status.since or begin)
    bars = [_bar("covered", since, status.covered_to, begin), _bar("due", max(status.covered_to, since), now, begin)]
    bars += [_bar("hole", hole.start, hole.end, begin) for hole in status.holes]
    told = "covered, due and missing time of the last 24 hours"
    svg = f'<svg viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label="{told}">{"".join(bars)}</svg>'
    return f'{svg}<div class="ends"><span>{_text(_instant(begin))}</span><span>{_text(_instant(now))}</span></div>'


def _bar(kind: str, start: datetime, end: datetime, begin: datetime) -> str:
    left, right = (_share(instant - begin, TIMELINE) for instant in (start, end))
    if right <= left:
        return ""
    return f'<rect class="{kind}" x="{left * _WIDTH:.1f}" width="{max(1.0, (right - left) * _WIDTH):.1f}" height="10"/>'


def _budget(status: SourceStatus) -> str:
    if status.cap is None or status.used is None:
        return '<p class="soft">nothing asked yet</p>'
    cap = status.cap if status.learned is None else min(status.cap, status.learned)
    share = min(1.0, status.used / cap) if cap else 1.0
    svg = (
        '<svg viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label="used share of the rate limit">'
        f'<rect class="used" x="0" width="{share * _WIDTH:.1f}" height="10"/></svg>'
    )
    learned = "" if status.learned is None else f", learned from answers 429: {status.learned}"
    told = f"{status.used} of {cap} places in use (setting: {status.cap}{learned})"
    return f'{svg}<div class="ends"><span>{_text(told)}</span></div>'


def _holes(holes: Sequence[Hole]) -> str:
    rows = [
        [str(hole.interval), hole.tier, (hole.reason, "bad"), hole.attempts, _instant(hole.opened_at)] for hole in holes
    ]
    return _table(("window", "tier", "reason", "attempts", "opened"), rows)


def _reads(reads: Sequence[ReadRow]) -> str:
    rows = [
        [
            _instant(row.began_at),
            row.source,
            row.kind,
            row.window,
            (row.verdict, _VERDICTS.get(row.verdict, "soft")),
            _number(row.unique),
            _number(row.records),
            row.pages,
            _duration(row.took),
            row.remark,
            (row.request_id, "soft"),
        ]
        for row in reads
    ]
    heads = (
        "began",
        "source",
        "read",
        "window",
        "verdict",
        "unique",
        "records",
        "pages",
        "took",
        "remark",
        "request id",
    )
    return _table(heads, rows)


def _errors(errors: Sequence[ErrorRow]) -> str:
    rows = [
        [
            _instant(row.at),
            (row.level, "bad" if row.level == "error" else "warn"),
            row.source,
            row.message if row.times == 1 else f"{row.message} ({row.times} times)",
            row.what_to_do,
            (row.request_id, "soft"),
            (row.correlation_id, "soft"),
        ]
        for row in errors
    ]
    return _table(("at", "level", "source", "what happened", "what to do", "request id", "correlation id"), rows)


def _section(title: str, body: str) -> str:
    return f"<section><h2>{_text(title)}</h2>{body}</section>"


def _facts(facts: Iterable[tuple[str, Any]]) -> str:
    return "<dl>" + "".join(f"<div><dt>{_text(name)}</dt>{_cell('dd', value)}</div>" for name, value in facts) + "</dl>"


def _table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    if not rows:
        return '<p class="soft">none</p>'
    head = "".join(f"<th>{_text(name)}</th>" for name in heads)
    body = "".join("<tr>" + "".join(_cell("td", value) for value in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(tag: str, value: Any) -> str:
    """A cell of text; a pair is a text and its class (ours, never from outside)."""
    text, kind = value if isinstance(value, tuple) else (value, "")
    mark = f' class="{kind}"' if kind else ""
    return f"<{tag}{mark}>{_text(text)}</{tag}>"


def _text(value: Any) -> str:
    return escape(str(value), quote=True)


def _number(value: int | None) -> str:
    return _NOTHING if value is None else str(value)


def _instant(value: datetime | None) -> str:
    """`2025-03-10 10:00:00Z`: a day and a time in UTC."""
    return iso_millis(value)[:19].replace("T", " ") + "Z" if value else _NOTHING


def _duration(value: timedelta | None) -> str:
    """`12.5 s`, or `1 day, 2:03:04` from two minutes on."""
    if value is None:
        return _NOTHING
    if value < timedelta(minutes=2):
        return f"{value.total_seconds():.3g} s"
    return str(timedelta(seconds=round(value.total_seconds())))


def _share(part: timedelta, whole: timedelta) -> float:
    return min(1.0, max(0.0, part / whole))
