"""The report of `verify` for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from producer.verify.findings import Finding
from producer.verify.verification import Report

_NAME_WIDTH = 14
_DAY = 86_400_000


def as_text(report: Report) -> str:
    """What was compared and how, a line for each finding, a sum at the end."""
    lines = [f"{name:<{_NAME_WIDTH}}{text}" for name, text in _methods(report)]
    return "\n".join([*lines, "", *(_line(each) for each in report.findings.kept), _sum(report)])


def as_json(report: Report) -> str:
    """The same as one object; instants and the lag in milliseconds."""
    findings = report.findings
    document: dict[str, Any] = {
        "ok": report.ok,
        "read": {
            "records": report.records,
            "auditEvents": report.events,
            "deadLetters": report.letters,
            "states": report.states,
            "watermarks": report.watermarks,
        },
        "methods": {
            "compactionLag": report.lag,
            "readsBySum": report.summed,
            "readsByLastState": report.beyond,
            "conversations": report.conversations,
            "conversationsWithState": report.last_states,
            "conversationsBeyondLag": report.old,
            "contentsMadeAgain": report.made_again,
            "contentsOfSummaries": report.summaries,
            "ledgerBytes": report.disk,
        },
        "source": None if report.asked is None else dict(report.asked.counts),
        "counts": dict(findings.counts),
        "findings": [
            {"check": each.check, "read": each.read, "ids": list(each.ids), "text": each.text} for each in findings.kept
        ],
    }
    return json.dumps(document, indent=2)


def _methods(report: Report) -> Iterator[tuple[str, str]]:
    kinds = {"records": report.records, "audit events": report.events, "dead letters": report.letters}
    kinds |= {"states": report.states, "watermarks": report.watermarks}
    yield "read", ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
    yield "by sum", f"{report.summed:,} reads: their records were counted against what they announced"
    beyond = f"{report.beyond:,} reads and {report.old:,} conversations reach beyond the compaction lag"
    yield "by last state", f"{beyond} ({_span(report.lag)}): there the last version and content is compared"
    yield "last states", f"{report.last_states:,} of {report.conversations:,} conversations were compared with a state"
    summaries = f"; {report.summaries:,} summaries can't be" if report.summaries else ""
    left_out = "" if report.made_again or report.summaries else " (left out)"
    yield "contents", f"{report.made_again:,} were put together again and compared{summaries}{left_out}"
    if report.asked is not None:
        told = ", ".join(f"{count:,} {answer}" for answer, count in report.asked.counts.items() if count)
        yield "source", f"asked again: {told or 'nothing'}"


def _span(milliseconds: int) -> str:
    days = milliseconds / _DAY
    return f"{days:g} days" if days >= 1 else str(timedelta(milliseconds=milliseconds))


def _line(finding: Finding) -> str:
    about = [*([f"read {finding.read}"] if finding.read else []), *(f"id {each}" for each in finding.ids)]
    return f"FAILED  {finding.check:<10}  {'; '.join([*about, finding.text])}"


def _sum(report: Report) -> str:
    counts = report.findings.counts
    if report.ok:
        return "ok: nothing is wrong"
    told = ", ".join(f"{count:,} {check}" for check, count in counts.items())
    more = report.findings.total - len(report.findings.kept)
    return f"{report.findings.total:,} findings: {told}" + (f" ({more:,} are not shown)" if more else "")
