"""The golden records: what each sample of tests/data becomes, as JSON.

`python -m tests.support.golden` writes them anew; look at the difference before you commit it. A record is shown as it
is read back from Avro, without what is null or empty.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from producer.encoding.schemas import Subject
from producer.model.outcome import Emitted, Poison
from producer.model.reads import Origin
from producer.transform.flat import row_of
from producer.transform.split import split
from tests.support.conversations import AVRO, SAMPLES, comparison, nobody, sighting

GOLDEN = SAMPLES / "golden"
ROWS = GOLDEN / "rows"
OF_JOBS = "details-job"
PATTERNS = ("blueprint-*.json", "details-*.json")


def made() -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every golden file and what it is to hold; a record is there as a row as well."""
    encode, encode_flat = AVRO.encoder(Subject.CONVERSATION), AVRO.encoder(Subject.CONVERSATION_FLAT)
    compare = comparison()
    for sample in sorted(file for pattern in PATTERNS for file in SAMPLES.glob(pattern)):
        origin = Origin.JOB if sample.name.startswith(OF_JOBS) else Origin.QUERY
        for number, raw in enumerate(split(sample.read_bytes()).conversations, start=1):
            outcome = compare(raw, nobody, sighting(origin=origin))
            file = GOLDEN / f"{sample.name.split('.')[0]}-{number}.json"
            match outcome:
                case Emitted(record=record):
                    yield file, {"record": shown(AVRO.decode(encode(record))[1])}
                    yield ROWS / file.name, {"row": shown(AVRO.decode(encode_flat(row_of(record)))[1])}
                case Poison(reason=reason, path=path, message=message):
                    yield file, {"deadLetter": {"reason": reason, "path": path, "message": message}}
                case _:
                    raise AssertionError(f"{sample.name}: {outcome}")


def shown(value: Any) -> Any:
    """A decoded record as a person reads it."""
    if isinstance(value, dict):
        return {name: shown(each) for name, each in value.items() if each is not None and each not in ([], {})}
    if isinstance(value, list):
        return [shown(each) for each in value]
    return value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else value


def main() -> None:
    """Write all golden files."""
    ROWS.mkdir(parents=True, exist_ok=True)
    for file, content in made():
        file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
