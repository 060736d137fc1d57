"""What the demo takes over from its caller, and what never."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from producer.dev.demo import cluster
from producer.dev.demo.stage import Stage, StageOptions
from producer.dev.rehearsal import SECRET
from producer.errors import ConfigurationError

ORIGIN = datetime(2026, 3, 9, tzinfo=UTC)
BROKERS = "PRODUCER_KAFKA__BOOTSTRAP_SERVERS"


def test_without_a_cluster_of_the_callers_own_nothing_is_taken(tmp_path: Path) -> None:
    caller = {
        BROKERS: "",
        "PRODUCER_KAFKA__SECURITY__PROTOCOL": "SSL",
        "PRODUCER_KAFKA__REPLICATION_FACTOR": "3",
        "PRODUCER_SECRETS_DIR": str(tmp_path),
    }

    assert cluster.named_by(caller) is None
    assert cluster.settings_of(caller, tmp_path / "own") == {}
    assert not (tmp_path / "own").exists()


def test_with_one_its_security_its_copies_and_its_secrets_are_taken_and_no_name_and_no_identity(tmp_path: Path) -> None:
    folder, own = tmp_path / "secrets", tmp_path / "own"
    folder.mkdir()
    for name in ("kafka__security__password", "genesys__client_secret", "genesys__region", "kafka__application_id"):
        (folder / name).write_text("old")
    caller = {
        BROKERS: "broker:9092",
        "PRODUCER_KAFKA__SECURITY__PROTOCOL": "SASL_SSL",
        "PRODUCER_KAFKA__SECURITY__USERNAME": "",  # empty is not set
        "PRODUCER_KAFKA__REPLICATION_FACTOR": "3",
        "PRODUCER_KAFKA__MIN_INSYNC_REPLICAS": "2",
        "PRODUCER_KAFKA__TOPICS__PREFIX": "genesys",
        "PRODUCER_KAFKA__APPLICATION_ID": "of the real one",
        "PRODUCER_SECRETS_DIR": str(folder),
        "KAFKA__SECURITY__CA_FILE": "somebody else's",
    }

    assert cluster.named_by(caller) == "broker:9092"
    assert cluster.settings_of(caller, own) == {
        "KAFKA__SECURITY__PROTOCOL": "SASL_SSL",
        "KAFKA__REPLICATION_FACTOR": "3",
        "KAFKA__MIN_INSYNC_REPLICAS": "2",
        "SECRETS_DIR": str(own),
    }
    (folder / "kafka__security__password").write_text("new")
    assert {file.name: file.read_text() for file in own.iterdir()} == {"kafka__security__password": "new"}


def test_a_folder_of_secrets_that_is_not_there_is_named(tmp_path: Path) -> None:
    caller = {BROKERS: "broker:9092", "PRODUCER_SECRETS_DIR": "/nowhere"}

    with pytest.raises(ConfigurationError, match="PRODUCER_SECRETS_DIR: the folder /nowhere can't be read"):
        cluster.settings_of(caller, tmp_path / "own")


def test_the_daemon_gets_nothing_else_of_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "GENESYS_CLIENT_SECRET",
        "GENESYSCLOUD_REGION",
        "PRODUCER_GENESYS__REGION",
        "PRODUCER_LIMITS__HEADROOM",
        "PRODUCER_CAPTURE__START",
        "PRODUCER_KAFKA__TOPICS__PREFIX",
    ):
        monkeypatch.setenv(name, "the caller's")
    monkeypatch.setenv(BROKERS, "here:1")
    monkeypatch.setenv("PRODUCER_KAFKA__SECURITY__PROTOCOL", "SSL")
    monkeypatch.setenv("PATH", "kept")
    stage = Stage(StageOptions(origin=ORIGIN, speed=2.0, rate=1, seed=1))
    with closing(stage._stack):
        stage.simulator_url, stage.admin_url = "http://127.0.0.1:1", "http://127.0.0.1:2"
        stage.configure("here:1")

    assert "the caller's" not in stage._environ.values()
    assert stage._environ["PATH"] == "kept"
    assert stage._environ["PRODUCER_GENESYS__CLIENT_SECRET"] == SECRET
    assert (stage.kafka.bootstrap_servers, stage.kafka.security.protocol) == ("here:1", "SSL")
    assert (stage.kafka.replication_factor, stage.kafka.min_insync_replicas) == (1, 1)
    assert {name.partition("-")[0] for name in stage.kafka.topics.values()} == {"demo"}
    assert stage.kafka.identity.startswith("genesys-producer.demo-")
    assert stage.settings.capture.start == ORIGIN - timedelta(minutes=10)
    assert stage.head_may_be_behind == timedelta(seconds=30 + 2 * 15 + 2 * 10)
    assert not stage.directory.exists()
