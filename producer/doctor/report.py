"""The results for people and for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from producer.doctor.results import Outcome, Prerequisite, Result, all_well

_OUTCOME_WIDTH = max(map(len, Outcome))
_NAME_WIDTH = max(map(len, Prerequisite))
_INDENT = " " * (_OUTCOME_WIDTH + _NAME_WIDTH + 4)


def as_text(results: Sequence[Result]) -> str:
    """A line for each prerequisite, what to do below it, and a sum at the end."""
    lines = [line for result in results for line in _lines(result)]
    counts = Counter(result.outcome for result in results)
    summed = ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome])
    return "\n".join([*lines, "", summed])


def as_json(results: Iterable[Result]) -> str:
    """The same as one object: `ok`, and the checks in order."""
    results = tuple(results)
    checks = [
        {
            "name": result.prerequisite,
            "outcome": result.outcome,
            "finding": result.finding,
            "what_to_do": result.what_to_do,
        }
        for result in results
    ]
    return json.dumps({"ok": all_well(results), "checks": checks}, indent=2)


def _lines(result: Result) -> Iterator[str]:
    first, *more = result.finding.splitlines()
    yield f"{result.outcome:<{_OUTCOME_WIDTH}}  {result.prerequisite:<{_NAME_WIDTH}}  {first}"
    yield from (_INDENT + line for line in more)
    if result.what_to_do:
        yield f"{_INDENT}what to do: {result.what_to_do}"
