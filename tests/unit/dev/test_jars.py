from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest
from jgo.maven import PythonResolver

from producer.dev import jars
from producer.errors import PrerequisiteMissing

CONTENT = b"a jar"


@pytest.fixture
def one_jar(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = jars.Jar(coordinate="org.example:one:1.0", sha256=hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setattr(jars, "jars_wanted", lambda: (wanted,))


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes | Exception]:
    """What the public Maven repository holds, by file name."""
    holds: dict[str, bytes | Exception] = {"one-1.0.jar": CONTENT}

    def download(_resolver: PythonResolver, artifact: object) -> Path:
        path: Path = artifact.cached_path  # type: ignore[attr-defined]  # jgo publishes no types
        content = holds[path.name]
        if isinstance(content, Exception):
            raise content
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    monkeypatch.setattr(PythonResolver, "download", download)
    return holds


def test_the_list_names_every_jar_of_one_kafka_with_its_hash() -> None:
    wanted = {jar.coordinate: jar.sha256 for jar in jars.jars_wanted()}
    kafka = {coordinate.split(":")[2] for coordinate in wanted if coordinate.startswith("org.apache.kafka:")}

    assert kafka == {jars.KAFKA_VERSION}
    assert len(wanted) == 46
    assert {len(sha256) for sha256 in wanted.values()} == {64}


def test_jars_are_fetched_once(tmp_path: Path, one_jar: None, repository: dict[str, bytes | Exception]) -> None:
    there = tmp_path / f"kafka-{jars.KAFKA_VERSION}" / "one-1.0.jar"

    assert jars.kafka_class_path(tmp_path) == str(there)
    assert there.read_bytes() == CONTENT

    repository["one-1.0.jar"] = AssertionError("fetched again")
    assert jars.kafka_class_path(tmp_path) == str(there)


def test_a_jar_that_is_not_the_one_listed_is_refused(
    tmp_path: Path, one_jar: None, repository: dict[str, bytes | Exception]
) -> None:
    repository["one-1.0.jar"] = b"another jar"
    with pytest.raises(PrerequisiteMissing, match=r"org\.example:one:1\.0 was fetched with SHA-256 .* is expected"):
        jars.kafka_class_path(tmp_path)
    assert not list(tmp_path.rglob("*.jar"))


@pytest.mark.parametrize("failure", [ConnectionError("no route"), RuntimeError("Artifact not found")])
def test_without_the_network_the_message_says_what_to_do(
    tmp_path: Path, one_jar: None, repository: dict[str, bytes | Exception], failure: Exception
) -> None:
    repository["one-1.0.jar"] = failure
    with pytest.raises(PrerequisiteMissing, match="connect this machine to the public Maven repository"):
        jars.kafka_class_path(tmp_path)


def test_without_jgo_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jgo.maven", None)
    with pytest.raises(PrerequisiteMissing, match=r"pip install 'genesys-producer\[demo\]'"):
        jars.kafka_class_path(tmp_path)
