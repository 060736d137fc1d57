"""This machine: the interpreter, what was installed, where files go, the port of the admin server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from producer.doctor.results import Prerequisite, Result, failed, ok


def python(version: str, optimised: int) -> Result:
    """An interpreter that leaves asserts out would leave out checks that the Kafka client relies on."""
    if optimised:
        return failed(
            Prerequisite.PYTHON,
            f"{version}, run with -O: asserts are left out, and the Kafka client's checks of itself are asserts",
            "run it without -O and without PYTHONOPTIMIZE",
        )
    return ok(Prerequisite.PYTHON, version)


def schemas(written: Mapping[str, int], problem: str) -> Result:
    """`written` is the version of each subject that a record was written with and read back."""
    if problem:
        return failed(Prerequisite.SCHEMAS, problem, "install the wheel again, whole")
    return ok(Prerequisite.SCHEMAS, ", ".join(f"{subject} v{version}" for subject, version in written.items()))


def state_path(where: str, *, lasting: bool, problem: str) -> Result:
    """`where` the working copy of the state would lie; `problem` is why a file can't be made there."""
    if problem:
        cure = "make state.path a folder that this user may write to" if lasting else "mount a writable folder at /tmp"
        return failed(Prerequisite.STATE_PATH, f"{where}: {problem}", cure)
    kind = "kept over restarts" if lasting else "temporary: state.path is not set, every start restores from Kafka"
    return ok(Prerequisite.STATE_PATH, f"{where}, {kind}")


def admin_port(address: str, problem: str, found: Mapping[str, Any] | None, application_id: str) -> Result:
    """`problem` is why nobody can listen there, empty when one can; `found` is what the daemon that does says of its
    settings and its status, None when it is no daemon.
    """
    if not problem:
        return ok(Prerequisite.ADMIN_PORT, f"{address} is free")
    cure = "set admin.port to another one, or 0 for any free one"
    if found is None:
        return failed(Prerequisite.ADMIN_PORT, f"{address}: {problem}", cure)
    daemon = (
        f"{address}: a daemon of version {found['version']} runs there, {'ready' if found['ready'] else 'not ready'}"
    )
    if found["application_id"] != application_id:
        return failed(Prerequisite.ADMIN_PORT, f"{daemon}; its kafka.application_id is another one", cure)
    return ok(Prerequisite.ADMIN_PORT, f"{daemon}; it is the one of these settings")
