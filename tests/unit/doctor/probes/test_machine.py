from __future__ import annotations

import socket
from pathlib import Path

import pytest

from producer import errors
from producer.dev.rehearsal import free_port
from producer.doctor.probes import machine
from producer.doctor.results import Outcome
from producer.encoding.avro import Avro
from producer.settings import Settings, load


def settings(**given: str) -> Settings:
    return load(environ={f"PRODUCER_{name}": value for name, value in given.items()}, needs=())


def test_this_interpreter_and_these_schemas_will_do() -> None:
    assert machine.interpreter().outcome is Outcome.OK
    assert machine.schemas().finding == "conversation v2, conversation-flat v2, audit-event v1, watermark v1"


def test_schemas_that_were_not_installed_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking() -> Avro:
        raise errors.ConfigurationError("the installation holds no schema of watermark")

    monkeypatch.setattr(Avro, "shipped", lacking)
    result = machine.schemas()

    assert (result.outcome, result.what_to_do) == (Outcome.FAILED, "install the wheel again, whole")
    assert "no schema of watermark" in result.finding


def test_a_folder_that_is_not_there_yet_is_judged_by_the_one_above_and_not_made(tmp_path: Path) -> None:
    wanted = tmp_path / "a" / "b"

    assert machine.state_path(settings(STATE__PATH=str(wanted))).outcome is Outcome.OK
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = machine.state_path(settings(STATE__PATH=str(tmp_path / "file")))

    assert (result.outcome, result.finding) == (Outcome.FAILED, f"{tmp_path}/file: Not a directory")


def test_a_free_port_and_any_port() -> None:
    assert machine.admin_port(settings(ADMIN__PORT=str(free_port()))).outcome is Outcome.OK
    assert machine.admin_port(settings(ADMIN__PORT="0")).outcome is Outcome.OK


def test_an_address_that_is_not_of_this_machine() -> None:
    result = machine.admin_port(settings(ADMIN__HOST="192.0.2.1", ADMIN__PORT="0"))

    assert result.outcome is Outcome.FAILED
    assert result.finding.startswith("192.0.2.1:0: Cannot assign")


def test_a_stranger_at_the_port_who_hangs_up_is_no_daemon() -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        stranger.settimeout(0)
        port = stranger.getsockname()[1]
        result = machine.admin_port(settings(ADMIN__HOST="127.0.0.1", ADMIN__PORT=str(port)))

    assert result.outcome is Outcome.FAILED
