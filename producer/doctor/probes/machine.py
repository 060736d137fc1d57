"""Looks at this machine: schemas that were installed, the folder of the working copy, the port of the admin server."""

from __future__ import annotations

import http.client
import json
import platform
import socket
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from producer import errors
from producer.doctor.judging import machine as judging
from producer.doctor.results import Result
from producer.encoding.avro import Avro
from producer.encoding.schemas import Subject
from producer.settings import Settings

_TIMEOUT = 3  # seconds
_LARGEST = 1 << 20  # bytes
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound to it here


def interpreter() -> Result:
    """The interpreter that runs this, which is the daemon's as well."""
    return judging.python(platform.python_version(), sys.flags.optimize)


def schemas() -> Result:
    """Write a record of each shipped schema, every field at its default, and read it back."""
    written = {}
    try:
        avro = Avro.shipped()
        for subject in Subject:
            schema = avro.schemas.latest(subject)
            avro.decode(avro.encoder(subject)({}))
            written[subject.value] = schema.version
    except (errors.ProducerError, ValueError, LookupError, OSError) as error:
        return judging.schemas(written, f"{type(error).__name__}: {error}")
    return judging.schemas(written, "")


def state_path(settings: Settings) -> Result:
    """Make a nameless file where the working copy of the state would lie."""
    lasting = settings.state.path is not None
    where, problem = settings.state.path or Path(tempfile.gettempdir()), ""
    try:
        with tempfile.TemporaryFile(dir=_existing(where)):
            pass
    except OSError as error:
        problem = error.strerror or str(error)
    return judging.state_path(str(where), lasting=lasting, problem=problem)


def admin_port(settings: Settings) -> Result:
    """Try to listen where the admin server would; if somebody does, ask who it is."""
    host, port = settings.admin.host, settings.admin.port
    problem = _why_not_to_be_had(host, port)
    found = _daemon_at(_EVERYWHERE.get(host, host), port) if problem else None
    return judging.admin_port(f"{host}:{port}", problem, found, settings.kafka.application_id)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there: what is missing, the daemon makes."""
    return next((each for each in (folder, *folder.parents) if each.exists()), folder)


def _why_not_to_be_had(host: str, port: int) -> str:
    """Why one can't listen there; empty when one can."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as trying:
            trying.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: what just closed is free
            trying.bind(address)
            trying.listen()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _daemon_at(host: str, port: int) -> Mapping[str, Any] | None:
    """What a daemon says of itself there; None when nobody answers, or somebody else."""
    try:
        status, config = (_json(host, port, path) for path in ("/status", "/config"))
        return {
            "version": status["version"],
            "ready": status["ready"],
            "application_id": config["kafka"]["application_id"],
        }
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError):
        return None


def _json(host: str, port: int, path: str) -> Any:
    """Asked without a proxy: it is this machine."""
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT)
    try:
        connection.request("GET", path, headers={"Accept": "application/json"})
        return json.loads(connection.getresponse().read(_LARGEST))
    finally:
        connection.close()
