"""Every sample of tests/data becomes what its golden file says; `python -m tests.support.golden` writes them anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from producer.encoding.schemas import Subject
from producer.model.outcome import Emitted
from producer.transform.split import split
from tests.support.conversations import AVRO, SAMPLES, comparison, nobody, sighting
from tests.support.flatten import said, told
from tests.support.golden import GOLDEN, made

MADE = dict(made())


def test_every_golden_file_has_its_sample_and_every_sample_its_file() -> None:
    assert sorted(MADE) == sorted(GOLDEN.rglob("*.json"))


@pytest.mark.parametrize("file", sorted(MADE), ids=lambda file: f"{file.parent.stem}-{file.stem}")
def test_a_sample_becomes_its_golden_record(file: Path) -> None:
    expected: Any = json.loads(file.read_text(encoding="utf-8"))
    assert MADE[file] == expected


def test_the_only_sample_that_is_a_dead_letter_is_the_one_with_malformed_instants() -> None:
    assert [file.stem for file, content in MADE.items() if "deadLetter" in content] == [
        "blueprint-chat-conversation2-1"
    ]


@pytest.mark.parametrize("sample", sorted(SAMPLES.glob("details-*.json")), ids=lambda sample: sample.name)
def test_a_record_tells_everything_that_its_sample_says(sample: Path) -> None:
    for raw in split(sample.read_bytes()).conversations:
        outcome = comparison()(raw, nobody, sighting())
        assert isinstance(outcome, Emitted)
        record = AVRO.decode(AVRO.encoder(Subject.CONVERSATION)(outcome.record))[1]
        assert told(record) == said(json.loads(bytes(raw.raw)), record)
