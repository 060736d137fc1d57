"""README's example of the library, and its `query`, as they stand there: against the simulated organisation."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import fastavro
import pytest

from producer.clock import VirtualClock
from producer.dev import rehearsal
from producer.dev.rehearsal import dialect_settings
from producer.simulator import SimulatorOptions
from tests.support.receiver import SECRET, Receiver
from tests.support.simulated import SimulatedOrganisation

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()
SECTION = README.partition("\n## As a library\n")[2].partition("\n## ")[0]
(EXAMPLE,) = re.findall(r"^```python\n(.*?)^```", SECTION, re.MULTILINE | re.DOTALL)
(COMMAND,) = re.findall(r"`(genesys-producer query [^`]+)`", SECTION)
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
"""The day after the one that README asks for."""
DIALECTS = ("platform", "token")


@pytest.fixture(scope="module", params=DIALECTS)
def environ(request: pytest.FixtureRequest) -> Iterator[Mapping[str, str]]:
    clock = VirtualClock(origin=NOON, epoch=time.time(), speed=20)
    options = SimulatorOptions(origin=NOON, epoch=clock.epoch, speed=20, rate_per_day=600)
    with SimulatedOrganisation(options) as organisation:
        yield {
            **{name: value for name, value in os.environ.items() if not name.startswith(("GENESYS", "PRODUCER_"))},
            **{f"PRODUCER_{name}": value for name, value in rehearsal.clock_settings(clock).items() if value},
            "PRODUCER_GENESYS__API_URL": organisation.url,
            "PRODUCER_GENESYS__LOGIN_URL": organisation.url,
            "PRODUCER_GENESYS__CLIENT_ID": "simulator",
            "PRODUCER_GENESYS__CLIENT_SECRET": "simulator-secret",
            **{f"PRODUCER_{name}": value for name, value in dialect_settings(organisation.url, request.param).items()},
        }


def run(
    command: list[str], environ: Mapping[str, str], directory: Path | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, *command], capture_output=True, timeout=60, check=False, env=environ, cwd=directory
    )


def query(environ: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[bytes]:
    range_of_readme = shlex.split(COMMAND)[4:8]
    assert range_of_readme[::2] == ["--from", "--to"]
    return run(["-m", "producer", "query", *range_of_readme, *words], environ)


def test_row_14_the_example_is_short_and_runs(environ: Mapping[str, str]) -> None:
    assert len([line for line in EXAMPLE.splitlines() if line]) <= 12
    done = run(["-c", EXAMPLE], environ)
    assert (done.returncode, done.stderr.decode()) == (0, "")
    lines = done.stdout.decode().splitlines()
    chunks = [line.split() for line in lines if re.match(r"\d+ [0-9a-f-]{36} (\d+|None)$", line)]
    (figures,) = [line for line in lines if line.startswith("Metrics(")]
    assert sum(int(size) for size, *_ in chunks) > 100
    assert f"total_records_extracted={sum(int(size) for size, *_ in chunks)}," in figures
    audit = [re.search(r"'action': '(\w+)'", line) for line in lines if line.startswith("{")]
    assert [found and found[1] for found in (audit[0], audit[-1])] == ["EXTRACTION_STARTED", "EXTRACTION_COMPLETED"]


def test_the_command_writes_a_file_that_is_whole(environ: Mapping[str, str], tmp_path: Path) -> None:
    done = run(["-m", "producer", *shlex.split(COMMAND)[1:]], environ, tmp_path)
    assert (done.returncode, done.stdout) == (0, b"")
    assert re.search(
        r"^[\d,]+ records of [\d,]+ pages in [\d.,]+ s, 100% of requests gave conversations$", done.stderr.decode()
    )
    (file,) = tmp_path.iterdir()
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    assert len(rows) > 100
    assert {row["channelType"] for row in rows} == {"VOICE"}
    assert {type(json.loads(row["metrics"])) for row in rows} == {dict}
    assert "participants" not in rows[0]


def test_every_format_has_the_same_conversations(environ: Mapping[str, str]) -> None:
    lines = query(environ, "--channel", "CHAT", "--channel", "email")
    table = query(environ, "--channel", "CHAT", "--channel", "email", "--format", "csv")
    container = query(environ, "--channel", "CHAT", "--channel", "email", "--format", "avro")
    records = [json.loads(line) for line in lines.stdout.splitlines()]
    ids = [record["recordId"] for record in records]
    assert len(ids) > 5
    assert ids == [row["recordId"] for row in csv.DictReader(io.StringIO(table.stdout.decode()))]
    stored = list(fastavro.reader(io.BytesIO(container.stdout)))
    assert ids == [each["recordId"] for each in stored if isinstance(each, dict)]
    whole = "PRODUCER_GENESYS__DIALECT" not in environ
    assert {bool(record["participants"]) for record in records} == {whole}


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--size", "0"), 64, "QueryRefused: the query can't be asked:\n  query: needs a filter"),
        (("--channel", "ALL", "--take-over"), 64, "UsageError: --take-over goes with --to-kafka"),
        (
            ("--interaction-id", "9d2f7c1e-0000-4000-8000-00000000000a", "--to-kafka"),
            64,
            "UsageError: --to-kafka with ",
        ),
        (("--channel", "ALL", "--output", "x", "--to-kafka"), 64, "UsageError: --to-kafka writes to the topics"),
        (("--channel", "ALL", "--output", "/no/such/folder/x"), 69, "PrerequisiteMissing: --output: /no/such/folder/x"),
    ],
)
def test_what_can_not_be_done_is_refused(
    environ: Mapping[str, str], words: tuple[str, ...], code: int, told: str
) -> None:
    done = query({**environ, "PRODUCER_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1"}, *words)
    assert (done.returncode, done.stdout, done.stderr.decode()[: len(told)]) == (code, b"", told)


def test_row_11_the_webhook_is_told_how_it_ended(environ: Mapping[str, str]) -> None:
    with Receiver() as receiver:
        told = {
            **environ,
            "PRODUCER_WEBHOOK__URL": receiver.url,
            "PRODUCER_WEBHOOK__SECRETS": SECRET,
            "PRODUCER_WEBHOOK__ALLOW_HTTP": "true",
        }
        assert query(told, "--channel", "CALLBACK").returncode == 0
        assert query({**told, "PRODUCER_GENESYS__CLIENT_SECRET": "wrong"}, "--channel", "CALLBACK").returncode == 69
        succeeded, failed = (attempt.payload for attempt in receiver.taken())
    assert (succeeded["status"], succeeded["metrics"]["paginationSuccessRate"]) == ("SUCCESS", 1.0)
    assert (failed["status"], failed["metrics"]["totalRecordsExtracted"]) == ("FAILURE", 0)
    assert failed["error"]["code"]


def test_a_refused_secret_is_temporary_nowhere_and_leaves_a_partial_file(
    environ: Mapping[str, str], tmp_path: Path
) -> None:
    wrong = {**environ, "PRODUCER_GENESYS__CLIENT_SECRET": "wrong-canary"}
    done = query(wrong, "--channel", "ALL", "--output", str(tmp_path / "all.ndjson"))
    assert (done.returncode, b"CredentialsRefused" in done.stderr, b"wrong-canary" in done.stderr) == (69, True, False)
    assert [file.name for file in tmp_path.iterdir()] == ["all.ndjson.partial"]
