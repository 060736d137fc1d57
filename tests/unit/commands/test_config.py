from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from producer.commands import config
from producer.settings import SettingsRefused
from producer.settings.catalogue import SETTINGS

GOOD = """\
genesys:
  region: eu-west-1
  client_id: an-id
  client_secret: canary-secret
kafka:
  bootstrap_servers: [broker-1:9092, broker-2:9092]
"""

Config = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Config:
    """Run `config` with these words, in an environment without settings."""
    for name in list(os.environ):
        if name.startswith(("PRODUCER_", "GENESYS")):
            monkeypatch.delenv(name)
    parser = argparse.ArgumentParser()
    config.configure(parser)
    return lambda *words: config.run(parser.parse_args([str(word) for word in words]))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "producer.yaml"
    file.write_text(GOOD)
    return file


def test_check_says_ok(run: Config, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    codes = [run("check", "--config", file), run("check", "--config", file, "--output", "json")]

    assert codes == [0, 0]
    assert capsys.readouterr().out.splitlines() == ["ok", '{"ok": true, "problems": []}']


def test_check_says_all_that_is_wrong(run: Config, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(GOOD + "limits:\n  headroom: 2\n  rate: 1\n")

    codes = [run("check", "--config", file), run("check", "--config", file, "--output", "json")]
    *text, last = capsys.readouterr().out.splitlines()

    assert codes == [78, 78]
    assert text == [
        "the configuration can't be used:",
        f"  limits.headroom ({file}:8): must be below 1, not '2'",
        f"  limits.rate ({file}:9): no such setting; see `genesys-producer config schema`",
    ]
    assert json.loads(last) == {
        "ok": False,
        "problems": [
            {"name": "limits.headroom", "origin": f"{file}:8", "text": "must be below 1, not '2'"},
            {
                "name": "limits.rate",
                "origin": f"{file}:9",
                "text": "no such setting; see `genesys-producer config schema`",
            },
        ],
    }


def test_show_prints_every_setting_with_its_origin_and_no_secret(
    run: Config, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("show", "--config", file) == 0

    printed = capsys.readouterr().out
    assert "canary" not in printed
    assert f"  region: eu-west-1  # {file}:2\n" in printed
    assert f"  client_secret: '**********'  # {file}:4\n" in printed
    assert yaml.safe_load(printed)["capture"]["rereads"] == ["15m", "2h", "1d", "8d"]


def test_show_gives_the_same_to_programs(run: Config, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("show", "--config", file)
    as_text = yaml.safe_load(capsys.readouterr().out)
    run("show", "--config", file, "--output", "json")
    as_json = json.loads(capsys.readouterr().out)

    assert as_json["settings"] == as_text
    assert as_json["origins"]["kafka.bootstrap_servers"] == f"{file}:6"


def test_show_also_shows_what_is_not_complete_yet_but_nothing_that_is_wrong(
    run: Config, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("show") == 0
    file.write_text("log:\n  level: loud\n")

    with pytest.raises(SettingsRefused, match=r"log\.level"):
        run("show", "--config", file)


def test_the_schema_documents_every_setting(run: Config, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("schema") == 0

    schema = json.loads(capsys.readouterr().out)
    groups = schema["$defs"]
    documented = [
        field for group in groups.values() for field in group["properties"].values() if field.get("description")
    ]
    assert len(documented) == len(SETTINGS)
    assert groups["Capture"]["properties"]["poll_interval"]["default"] == "15s"
    assert "default" not in groups["Topics"]["properties"]["state"]
    assert [name for name, group in groups.items() if group["additionalProperties"]] == []
