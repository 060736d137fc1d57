"""Whether the audit events of one read are all there, and its records as many as they announce. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from producer.model.actions import Action
from producer.model.reads import Origin
from producer.verify.facts import LETTER, NEVER, Bounds, Present, Told
from producer.verify.findings import Check, Finding, Shortfall

ENDS = frozenset({Action.EXTRACTION_COMPLETED.value, Action.EXTRACTION_FAILED.value, Action.WINDOW_SPLIT.value})
PAGES = frozenset({Action.PAGE_PROCESSED.value, Action.EMPTY_PAGE.value})
OF_RUNS = frozenset({Action.STARTED.value, Action.STOPPED.value, Action.CONFIG_CHANGED.value})
KEPT = frozenset({Action.EXTRACTION_STARTED.value, *PAGES, *ENDS, *OF_RUNS})
"""The actions that are judged; of the others nothing says how many there should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadJudged:
    """One read. `by_sum`: its records were counted against what it announced; else it reaches beyond the compaction lag
    (or its audit beyond the retention), and only more records than announced would be wrong. A run announces none.
    """

    findings: tuple[Finding, ...]
    by_sum: bool
    is_run: bool = False
    shortfall: Shortfall | None = None


def judged(request: str, events: Sequence[Told], found_of_it: Sequence[Present], bounds: Bounds) -> ReadJudged:
    """Judge one read, or the run that a request id names. `events` are in the order of the topic."""
    present = [each for each in found_of_it if each.origin != LETTER]
    letters = sum(each.records for each in found_of_it if each.origin == LETTER)
    began = min((each.at for each in events), default=max((each.newest for each in found_of_it), default=0))
    if began <= bounds.audit_to:
        return ReadJudged(findings=(), by_sum=False)
    announced = sum(each.records for each in events if each.action == Action.PAGE_PROCESSED.value and each.records > 0)
    found = sum(each.records for each in present)
    oldest = min((each.at for each in events if each.records > 0), default=began)
    by_sum = oldest > bounds.compacted_to
    findings = [
        *_sum_findings(
            request,
            _difference("records", announced, found, fewer=by_sum),
            _difference("dead letters", sum(each.letters for each in events), letters, fewer=began > bounds.letters_to),
        ),
        *_origin_findings(request, events, present),
    ]
    is_run = all(each.action in OF_RUNS for each in events)
    if is_run:
        findings += _run_findings(request, events, found)
    else:
        findings += _trail_findings(request, events, bounds)
        findings += _total_findings(request, events, announced)
    short = by_sum and found < announced
    pages = tuple(each.at for each in events if each.records > 0)
    return ReadJudged(
        findings=tuple(findings),
        by_sum=by_sum,
        is_run=is_run and bool(events),
        shortfall=Shortfall(read=request, pages=pages) if short else None,
    )


def _sum_findings(request: str, *differences: str) -> Iterator[Finding]:
    if any(differences):
        yield _finding(Check.SUMS, request, "; ".join(filter(None, differences)))


def _difference(what: str, announced: int, found: int, *, fewer: bool) -> str:
    """What to say of sums that differ; nothing where there are `fewer` and that is no wonder."""
    if found > announced or (fewer and found < announced):
        return f"it announced {announced} {what}, {found} are on the topic"
    return ""


def _origin_findings(request: str, events: Sequence[Told], present: Sequence[Present]) -> Iterator[Finding]:
    asked = next((each.by_id for each in events if each.by_id != NEVER), None)
    expected = {0: Origin.QUERY.value, 1: Origin.BY_ID.value}.get(NEVER if asked is None else asked)
    for each in present:
        if expected is not None and each.origin != expected:
            yield _finding(Check.CONTENT, request, f"{each.records} records say origin {each.origin}, not {expected}")


def _run_findings(request: str, events: Sequence[Told], found: int) -> Iterator[Finding]:
    if not events:
        yield _finding(Check.AUDIT, request, f"no event tells of this read, and {found} records are of it")
    elif events[0].action != Action.STARTED.value:
        yield _finding(Check.AUDIT, request, f"STARTED is missing before {events[0].action} (a run)")


def _trail_findings(request: str, events: Sequence[Told], bounds: Bounds) -> Iterator[Finding]:
    actions = [each.action for each in events]
    started = actions.count(Action.EXTRACTION_STARTED.value)
    ends = [each for each in actions if each in ENDS]
    if not started:
        yield _finding(Check.AUDIT, request, f"EXTRACTION_STARTED is missing before {actions[0]}")
    elif started > 1:
        yield _finding(Check.AUDIT, request, f"EXTRACTION_STARTED is there {started} times")
    elif actions[0] != Action.EXTRACTION_STARTED.value:
        yield _finding(Check.AUDIT, request, f"{actions[0]} stands before EXTRACTION_STARTED")
    if len(ends) > 1:
        yield _finding(Check.AUDIT, request, f"it ended more than once: {', '.join(ends)}")
    elif not ends and request not in bounds.open_reads:
        yield _finding(Check.AUDIT, request, f"its end is missing behind {actions[-1]}, and it is not open")
    elif ends and actions[-1] not in ENDS:
        yield _finding(Check.AUDIT, request, f"{actions[-1]} stands behind {ends[0]}")


def _total_findings(request: str, events: Sequence[Told], announced: int) -> Iterator[Finding]:
    pages = [each for each in events if each.action in PAGES]
    numbers = {each.page for each in pages}
    missing = sorted(set(range(1, max(numbers, default=0) + 1)) - numbers)
    for end in (each for each in events if each.action in ENDS):
        if end.records_in_all not in (NEVER, announced):
            text = f"{end.action} counts {end.records_in_all} records, its pages announce {announced}"
            yield _finding(Check.AUDIT, request, text)
        if end.pages_in_all > len(pages):  # fewer are counted when the read began anew with smaller pages
            text = f"{end.action} counts {end.pages_in_all} pages, events tell of {len(pages)}"
            yield _finding(Check.AUDIT, request, text)
        elif missing and end.action == Action.EXTRACTION_COMPLETED.value:
            text = f"no event tells of page {', '.join(map(str, missing[:10]))}"
            yield _finding(Check.AUDIT, request, text)


def _finding(check: Check, request: str, text: str) -> Finding:
    return Finding(check=check, read=request, text=text)
