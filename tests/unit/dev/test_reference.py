from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from producer import errors
from producer.assembly.batch import Assembly
from producer.audit import NULLABLE
from producer.dev.reference import DOCUMENTS, audit, metrics, records, settings, topics, write
from producer.encoding.schemas import Schemas
from producer.kafka.topics import CONFIGURATION
from producer.model import steps
from producer.model.actions import Action
from producer.model.batch import Outgoing, Topic
from producer.model.checkpoint import OpenRead
from producer.model.reads import Read, ReadKind, Split
from producer.model.windows import Slice
from producer.settings import Settings
from producer.settings.catalogue import SETTINGS
from producer.telemetry.metrics import Metrics
from producer.telemetry.names import ALL, PREFIX
from producer.telemetry.redaction import Redactor
from tests.support.build import at, head_read, page, raw, read_end, window
from tests.support.lane import LIMITS, assembly, checkpoint, tools, values

COMMITTED = Path(__file__).resolve().parents[3] / "docs" / "reference"


def rows(document: str) -> list[list[str]]:
    """The cells of all tables, headers and rulers left out."""
    lines = [re.split(r" (?<!\\)\| ", line.strip("| ")) for line in document.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line] for line in lines]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_what_the_code_says(name: str) -> None:
    assert (COMMITTED / name).read_text(encoding="utf-8") == DOCUMENTS[name](), "renew it: make docs"


def test_nothing_else_lies_among_them(tmp_path: Path) -> None:
    write(tmp_path / "reference")

    made = {file.name for file in (tmp_path / "reference").iterdir()}
    assert made == {file.name for file in COMMITTED.iterdir()} == DOCUMENTS.keys()


def test_every_row_of_a_table_has_as_many_cells_as_its_header() -> None:
    uneven = []
    for name, document in DOCUMENTS.items():
        for part in re.findall(r"(?:^\|.*\n)+", document(), re.MULTILINE):
            widths = {len(re.findall(r"(?<!\\)\|", line)) for line in part.splitlines()}
            if len(widths) > 1:
                uneven.append(f"{name}: {part[:80]}")

    assert uneven == []


# --- settings -------------------------------------------------------------------------------------------------------


def test_every_setting_has_a_row_with_its_variable_and_a_meaning() -> None:
    told = {cells[0]: cells for cells in rows(settings.document()) if len(cells) == len(settings.HEADER)}

    assert list(told) == [f"`{name}`" for name in dict.fromkeys(sorted(SETTINGS, key=_group_order))]
    assert [cells[0] for cells in told.values() if not cells[4].endswith(".")] == []
    assert told["`kafka.transaction.max_bytes`"] == [
        "`kafka.transaction.max_bytes`",
        "`PRODUCER_KAFKA__TRANSACTION__MAX_BYTES`",
        "`4MiB`",
        "size, 64KiB to 256MiB",
        "Encoded bytes in one transaction.",
    ]


def _group_order(name: str) -> int:
    groups = list(dict.fromkeys(each.rpartition(".")[0] for each in SETTINGS))
    return groups.index(name.rpartition(".")[0])


def test_what_a_setting_takes_is_said_in_the_form_it_is_written_in() -> None:
    names = (
        "genesys.client_secret",
        "capture.poll_interval",
        "capture.start",
        "capture.rereads",
        "limits.headroom",
        "kafka.bootstrap_servers",
        "kafka.security.sasl_mechanism",
        "dev.clock_speed",
    )
    assert {name: settings.takes(SETTINGS[name]) for name in names} == {
        "genesys.client_secret": "**secret**",
        "capture.poll_interval": "span, 1s to 1h",
        "capture.start": "`now` or instant",
        "capture.rereads": "list of span, 1 to 8",
        "limits.headroom": "number, 0 to below 1",
        "kafka.bootstrap_servers": "list of host:port, up to 100",
        "kafka.security.sasl_mechanism": "`PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`",
        "dev.clock_speed": "number, above 0, up to 100,000",
    }


def test_a_default_is_what_the_settings_have_when_nothing_is_set() -> None:
    document = settings.document()

    assert Settings().kafka.application_id in document
    assert "| `capture.rereads` | `PRODUCER_CAPTURE__REREADS` | `15m,2h,1d,8d` |" in document


# --- metrics --------------------------------------------------------------------------------------------------------


def test_the_metrics_are_those_of_a_scrape() -> None:
    scrape = Metrics(sources=["default"], version="1", redactor=Redactor([])).text(now=at("10:00"))
    scraped = dict(re.findall(rf"^# TYPE ({PREFIX}\w+) (\w+)$", scrape, re.MULTILINE))
    told = {cells[0].strip("`"): cells[1] for cells in rows(metrics.document()) if len(cells) == len(metrics.HEADER)}

    assert {name: "gauge" if kind == "info" else kind for name, kind in told.items()} == scraped
    assert len(told) == len(ALL)


# --- topics ---------------------------------------------------------------------------------------------------------


def test_every_topic_is_told_with_its_configuration() -> None:
    document = topics.document()

    assert topics.CARRIED.keys() == set(Topic)
    for topic in Topic:
        (row,) = [cells for cells in rows(document) if cells[0].endswith(f".{topic.value.replace('_', '-')}.v1`")][:1]
        assert [name for name in CONFIGURATION[topic] if f"`{name}=" not in row[4]] == []


def test_records_carry_the_headers_that_are_told_and_no_others() -> None:
    told = set(re.findall(r"^\| `([\w.-]+)` \|", topics.document(), re.MULTILINE))
    limits = LIMITS | {Topic.DEAD_LETTERS: 10}
    writer = Assembly(tools(limits=limits), _bounds(), checkpoint(written_at=1))
    writer.take(steps.Started(read=head_read(), at=at("10:05")), at("10:05"))
    found = page(raw(id="a", v=1), raw(id="b", poison="wrong_shape"))
    writer.take(steps.Arrived(read=head_read(), page=found), at("10:06"))
    carried = {name for record in writer.build(at("10:07")).records for name, _ in record.headers}

    assert carried == {name for name in told if not name.startswith("genesys.")}


def _bounds() -> Any:
    return assembly()._bounds


# --- records --------------------------------------------------------------------------------------------------------


def test_every_field_of_every_schema_is_told_with_its_documentation() -> None:
    told = {cells[0].strip("`") for cells in rows(records.document() + audit.document())}
    documents = records.document() + audit.document()

    for schema in Schemas.shipped().versions:
        found = list(_fields(json.loads(schema.text)))
        assert len(found) > 5
        assert [field["name"] for field in found if field["name"] not in told] == []
        assert [field["name"] for field in found if " ".join(field["doc"].split()) not in documents] == []


def _fields(schema: Any) -> Iterable[dict[str, Any]]:
    if isinstance(schema, list):
        for each in schema:
            yield from _fields(each)
    elif isinstance(schema, dict):
        for field in schema.get("fields", ()):
            yield field
            yield from _fields(field["type"])
        yield from _fields(schema.get("items"))
        yield from _fields(schema.get("values"))
        if isinstance(schema["type"], dict):
            yield from _fields(schema["type"])


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ("string", "string"),
        (["null", "long"], "long or null"),
        ({"type": "long", "logicalType": "timestamp-millis"}, "instant"),
        ({"type": "array", "items": "Span"}, "list of [Span](#span)"),
        (["null", {"type": "map", "values": "string"}], "map of string or null"),
    ],
)
def test_a_type_in_words(schema: Any, words: str) -> None:
    assert records.type_of(schema) == words


# --- audit ----------------------------------------------------------------------------------------------------------

READ = head_read("10:00", "10:05")
REFUSED = errors.WindowRefused("400: no", code="bad.request", correlation_id="c-1")


def everything_that_can_be_told() -> list[Outgoing]:
    """A story in which every action occurs, with every field and detail that it can have."""
    open_read = OpenRead(request_id="r0", kind="head", subject="a window", started_at=at("09:59"))
    writer = assembly()

    def read(name: str, start: str = "10:00", end: str = "10:05") -> Read:
        begun = head_read(start, end, request_id=name)
        writer.take(steps.Started(read=begun, at=at("10:05")), at("10:05"))
        return begun

    now = at("10:06")
    for action in (Action.STARTED, Action.CONFIG_CHANGED, Action.STOPPED):
        writer.take(steps.Noted(action=action, at=now, details=dict.fromkeys(audit.TOLD[action].details, "")), now)
    writer.interrupted([open_read], now)
    by_id = Read(request_id="r1", kind=ReadKind.HEAD, ids=("a",))
    writer.take(steps.Started(read=by_id, at=now), now)
    whole = read("r2")
    parts = (Slice(window=window("10:00", "10:02")), Slice(window=window("10:02", "10:05")))
    writer.take(steps.Parted(read=whole, split=Split(hits=100_001, parts=parts), at=now), now)
    refused = read("r3")
    writer.take(steps.Failed(read=refused, error=REFUSED, at=now, misses=window("10:00", "10:05")), now)
    writer.take(steps.Failed(read=by_id, error=None, at=now), now)
    good = read("r4", "10:00", "10:10")
    writer.take(steps.Arrived(read=good, page=page(raw(id="a", v=1, drift=["$.new"]))), now)
    writer.take(steps.Arrived(read=good, page=page(number=2)), now)
    writer.take(steps.Ended(read=good, end=read_end(unread="x"), at=now, covers=window("10:05", "10:10")), now)
    again = read("r5")
    writer.take(steps.Ended(read=again, end=read_end(), at=now, covers=window("10:00", "10:05")), now)
    return list(writer.build(now).records)


def test_every_action_is_told_with_the_fields_and_details_that_it_is_written_with() -> None:
    fields: dict[Action, set[str]] = {action: set() for action in Action}
    details: dict[Action, set[str]] = {action: set() for action in Action}
    for event in values(everything_that_can_be_told(), Topic.AUDIT):
        action = Action(event["action"])
        fields[action] |= {name for name in NULLABLE if event[name] is not None}
        details[action] |= event["details"].keys()

    assert {action: (set(told.fields), set(told.details)) for action, told in audit.TOLD.items()} == {
        action: (fields[action], details[action]) for action in Action
    }
