"""The jars of Apache Kafka's broker, fetched once with jgo (PyPI) and checked against the hashes in `kafka.jars`.

Neither Maven nor Java is needed for it. jgo knows where the public Maven repository is; this file only names what is
wanted from it.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from producer.dev.cache import made_once
from producer.errors import PrerequisiteMissing

# 4.3.0 and 4.3.1 lose the end of a committed transaction when the broker is killed at the wrong moment, and hide its
# records for good (KAFKA-20734; seen here in 5 of 5 kills right after a commit). 4.2.1 does not.
KAFKA_VERSION = "4.2.1"
PARALLEL_DOWNLOADS = 8
TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Jar:
    """One artifact of the broker: Maven coordinate `group:artifact:version` and hex SHA-256."""

    coordinate: str
    sha256: str


def jars_wanted() -> tuple[Jar, ...]:
    """Return what stands in `kafka.jars`, beside this file."""
    lines = Path(__file__).with_name("kafka.jars").read_text(encoding="utf-8").splitlines()
    rows = (line.split() for line in lines if line and not line.startswith("#"))
    return tuple(Jar(coordinate=coordinate, sha256=sha256) for coordinate, sha256 in rows)


def kafka_class_path(cache: Path) -> str:
    """Return the class path of the broker, its jars fetched if they are not in `cache` (7 s, 45 MB).

    Raises PrerequisiteMissing when they can't be fetched or are not what `kafka.jars` says.
    """
    directory = made_once(cache / f"kafka-{KAFKA_VERSION}", _fetch_all)
    # Jars only, in a fixed order: a folder on the class path, or another order, disables the class archive.
    return ":".join(str(jar) for jar in sorted(directory.glob("*.jar")))


def _fetch_all(directory: Path) -> None:
    try:
        from jgo.maven import MavenContext  # noqa: PLC0415 - an extra, needed only until the jars are there
    except ImportError as exc:
        raise PrerequisiteMissing(
            "the local Kafka's jars are not here yet, and jgo, which fetches them, is not installed: "
            "pip install 'genesys-producer[demo]'"
        ) from exc
    with (
        tempfile.TemporaryDirectory(dir=directory.parent) as repository,
        ThreadPoolExecutor(PARALLEL_DOWNLOADS) as pool,
    ):
        context = MavenContext(repo_cache=Path(repository), timeout=TIMEOUT_SECONDS)
        for jar in pool.map(lambda wanted: _fetch(context, wanted), jars_wanted()):
            shutil.move(jar, directory / jar.name)


def _fetch(context: Any, wanted: Jar) -> Path:
    from jgo.parse import Coordinate  # noqa: PLC0415 - see above

    try:
        path = Path(context.create_dependency(Coordinate.parse(wanted.coordinate)).artifact.resolve())
    except (OSError, RuntimeError) as exc:  # requests' errors are OSErrors; jgo's own are RuntimeErrors
        raise PrerequisiteMissing(
            f"{wanted.coordinate} of the local Kafka can't be fetched ({type(exc).__name__}): connect this machine to "
            "the public Maven repository (HTTPS_PROXY and REQUESTS_CA_BUNDLE are honoured), or set "
            "PRODUCER_KAFKA__BOOTSTRAP_SERVERS to a Kafka that is there"
        ) from exc
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != wanted.sha256:
        raise PrerequisiteMissing(
            f"{wanted.coordinate} was fetched with SHA-256 {found}, but {wanted.sha256} is expected: "
            "something between this machine and the public Maven repository changes files"
        )
    return path
