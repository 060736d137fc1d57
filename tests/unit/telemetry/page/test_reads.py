from __future__ import annotations

from dataclasses import replace

from producer.telemetry.page.reads import reads
from producer.telemetry.snapshot import ReadRow
from tests.support.happenings import NOON, SECOND
from tests.support.markup import Document

HALVES = (
    "2025-03-10T10:00:00.000Z/2025-03-10T10:30:00.000Z",
    "2025-03-10T10:30:00.000Z/2025-03-10T11:00:00.000Z",
)
ROW = ReadRow(
    source="default",
    request_id="0f8fad5b-d9cb-469f-a165-70867728950e",
    kind="head",
    window="2025-03-10T10:00:00.000Z/2025-03-10T11:00:00.000Z",
    began_at=NOON,
)
COMPLETE = replace(ROW, verdict="complete", took=3 * SECOND, hits=120, unique=120, pages=2, records=118)


def shown(*rows: ReadRow) -> Document:
    return Document(reads(rows, NOON, several_sources=False))


def cells(row: ReadRow) -> str:
    return shown(row).text.partition("request id")[2].partition("complete: counts")[0]


def test_a_read_from_its_beginning_to_its_end() -> None:
    began = "2025-03-10 12:00:00Z 0 s ago"
    window = "2025-03-10 10:00:00 to 11:00:00Z head"
    assert cells(ROW) == f"{window}reading{began}--0-0f8fad5b…"
    assert cells(COMPLETE) == f"{window}complete{began}12011823 s0f8fad5b…"
    assert cells(replace(COMPLETE, hits=125)) == f"{window}complete{began}120 of 125 hits11823 s0f8fad5b…"


def test_what_is_shortened_is_whole_in_its_title() -> None:
    assert {("title", ROW.request_id), ("title", ROW.window)} <= shown(ROW).attributes


def test_a_split_window_shows_its_parts_and_its_parts_show_the_window() -> None:
    split = replace(ROW, verdict="split", hits=20_000, remark="2 parts are read instead", parts=HALVES)
    text = shown(replace(COMPLETE, window=HALVES[0]), split).text
    assert "2 parts are read instead2025-03-10 10:00:00 to 10:30:00Z2025-03-10 10:30:00 to 11:00:00Z" in text
    assert "10:00:00 to 10:30:00Z headcompletepart of 2025-03-10 10:00:00 to 11:00:00Z" in text
    assert "20,000 hits" in text


def test_of_older_reads_those_are_shown_that_tell_something() -> None:
    split = replace(ROW, verdict="split", parts=HALVES)
    older = [replace(COMPLETE, window=HALVES[1]), replace(ROW, verdict="failed"), split, *[COMPLETE] * 7]
    document = shown(*[COMPLETE] * 20, *older)
    assert (document.texts.count("failed"), document.texts.count("split")) == (1, 1)
    assert document.texts.count("complete") == 16
    assert "12 older complete reads left out here; /status has them." in document.text
