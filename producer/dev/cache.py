"""The folder for what is made or fetched once per machine: broker jars, formatted data, class archives.

Several processes may want the same thing at the same time: one makes it, the others wait, and nobody ever sees half
of it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from producer.errors import PrerequisiteMissing

VARIABLE = "PRODUCER_DEV__CACHE_DIR"


def cache_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the cache folder, made if it is not there.

    It is $PRODUCER_DEV__CACHE_DIR, else $XDG_CACHE_HOME/genesys-producer, else ~/.cache/genesys-producer.
    Raises PrerequisiteMissing when it can't be made or written to.
    """
    directory = _wanted(environ)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            return directory
    except OSError as exc:
        raise PrerequisiteMissing(
            f"the cache folder {directory} can't be written to ({exc.strerror}): "
            f"set {VARIABLE} to a folder that can, with 200 MB of room"
        ) from exc


def _wanted(environ: Mapping[str, str]) -> Path:
    if given := environ.get(VARIABLE):
        return Path(given).resolve()
    if xdg := environ.get("XDG_CACHE_HOME"):
        return Path(xdg).resolve() / "genesys-producer"
    try:
        home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    except RuntimeError as exc:
        raise PrerequisiteMissing(f"there is no home folder to keep a cache in: set {VARIABLE} to a folder") from exc
    return home.resolve() / ".cache" / "genesys-producer"


def made_once(directory: Path, make: Callable[[Path], None]) -> Path:
    """Return `directory`; when it is not there, have `make` fill an empty folder and put that in its place.

    Safe against other processes: they wait for the one that makes it. A `make` that raises leaves nothing behind.
    """
    if directory.exists():
        return directory
    directory.parent.mkdir(parents=True, exist_ok=True)
    with _locked(directory.with_name(f"{directory.name}.lock")):
        if not directory.exists():
            unfinished = Path(tempfile.mkdtemp(prefix=f"{directory.name}.", dir=directory.parent))
            try:
                make(unfinished)
                unfinished.rename(directory)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
    return directory


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock file, waiting for it; the kernel lets go of it with the process."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
