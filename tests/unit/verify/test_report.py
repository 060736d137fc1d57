"""The report for people and for programs."""

from __future__ import annotations

import json
from collections import Counter

from producer.verify.again import Answer, Asked
from producer.verify.findings import MOST_KEPT, Check, Finding, Findings
from producer.verify.report import as_json, as_text
from producer.verify.verification import Report

SOUND = Report(
    findings=Findings(),
    records=12_345,
    events=600,
    letters=3,
    states=5_000,
    watermarks=70,
    lag=30 * 86_400_000,
    summed=150,
    beyond=3,
    conversations=4_000,
    last_states=3_999,
    old=7,
    made_again=12_345,
)


def broken() -> Report:
    findings = Findings()
    findings.add([Finding(check=Check.SUMS, read="r-1", ids=("c-1", "c-2"), text="it announced 3 records")])
    findings.add(Finding(check=Check.AUDIT, text="gone") for _ in range(MOST_KEPT + 1))
    return Report(findings=findings, lag=3_600_000, summaries=2, asked=Asked(counts=Counter({Answer.SAME: 2})))


def test_a_sound_report_for_people() -> None:
    beyond = "3 reads and 7 conversations reach beyond the compaction lag (30 days)"
    assert as_text(SOUND).splitlines() == [
        "read          12,345 records, 600 audit events, 3 dead letters, 5,000 states, 70 watermarks",
        "by sum        150 reads: their records were counted against what they announced",
        f"by last state {beyond}: there the last version and content is compared",
        "last states   3,999 of 4,000 conversations were compared with a state",
        "contents      12,345 were put together again and compared",
        "",
        "ok: nothing is wrong",
    ]


def test_a_broken_report_for_people() -> None:
    lines = as_text(broken()).splitlines()
    assert "(1:00:00)" in lines[2]
    assert lines[4] == "contents      0 were put together again and compared; 2 summaries can't be"
    assert lines[5] == "source        asked again: 2 same"
    assert lines[7] == "FAILED  sums        read r-1; id c-1; id c-2; it announced 3 records"
    assert lines[8] == "FAILED  audit       gone"
    assert lines[-1] == "1,002 findings: 1 sums, 1,001 audit (1 are not shown)"


def test_contents_that_were_left_out() -> None:
    assert "(left out)" in as_text(Report(findings=Findings()))


def test_a_report_for_programs() -> None:
    sound, found = json.loads(as_json(SOUND)), json.loads(as_json(broken()))
    assert (sound["ok"], sound["findings"], sound["source"]) == (True, [], None)
    assert sound["methods"]["readsByLastState"] == 3
    assert found["ok"] is False
    assert found["counts"] == {"sums": 1, "audit": 1_001}
    assert found["source"] == {"same": 2}
    assert found["findings"][0] == {
        "check": "sums",
        "read": "r-1",
        "ids": ["c-1", "c-2"],
        "text": "it announced 3 records",
    }
