"""Findings: bounded, counted, and joined with the read they belong to."""

from __future__ import annotations

import math

from producer.verify.findings import MOST_KEPT, Check, Finding, Findings, Shortfall, blamed, concerned

MISSING = Finding(check=Check.MISSING, ids=("c-1",), text="gone", between=(100, 300))


def test_all_are_counted_and_so_many_are_kept_of_each_check() -> None:
    findings = Findings()
    findings.add(Finding(check=Check.ORDER, text=f"{number}") for number in range(MOST_KEPT + 5))
    findings.add([MISSING])
    assert findings.counts == {Check.ORDER: MOST_KEPT + 5, Check.MISSING: 1}
    assert findings.total == MOST_KEPT + 6
    assert len(findings.kept) == MOST_KEPT + 1
    assert findings.kept[-1] == MISSING


def test_a_missing_record_is_of_the_one_read_that_falls_short_and_was_written_then() -> None:
    fitting, early = Shortfall(read="a", pages=(50, 200)), Shortfall(read="b", pages=(50, 301))
    assert blamed(MISSING, [fitting, early]).read == "a"
    assert blamed(MISSING, [early]).read is None
    assert blamed(MISSING, [fitting, Shortfall(read="c", pages=(100,))]).read is None


def test_a_finding_that_knows_its_read_or_misses_nothing_stays_as_it_is() -> None:
    known = Finding(check=Check.MISSING, read="x", text="gone", between=(-math.inf, math.inf))
    other = Finding(check=Check.ORDER, text="late")
    for finding in (known, other):
        assert blamed(finding, [Shortfall(read="a", pages=(200,))]) is finding


def test_the_conversations_of_a_read_are_those_that_something_is_wrong_with() -> None:
    known = Finding(check=Check.DOUBLED, read="a", ids=("c-2",), text="twice")
    alien = Finding(check=Check.ORDER, read="b", ids=("c-3",), text="late")
    fitting = Shortfall(read="a", pages=(200,))
    assert concerned("a", None, [MISSING, known, known, alien]) == ["c-2"]
    assert concerned("a", fitting, [MISSING, known, alien]) == ["c-1", "c-2"]
    assert concerned("a", Shortfall(read="a", pages=(99,)), [MISSING]) == []
