"""What the demo takes over from its caller: the cluster, where one is named, and how it is reached. Nothing else.

Names of topics and identities stay the demo's own, so that it never writes where a real installation does.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from producer.errors import ConfigurationError
from producer.settings.catalogue import PREFIX, SECRETS_DIR

BOOTSTRAP_SERVERS = f"{PREFIX}KAFKA__BOOTSTRAP_SERVERS"
SECURITY = "KAFKA__SECURITY__"
COPIES = ("KAFKA__REPLICATION_FACTOR", "KAFKA__MIN_INSYNC_REPLICAS")


def named_by(caller: Mapping[str, str]) -> str | None:
    """The brokers of the caller's own cluster; None: the demo starts one."""
    return caller.get(BOOTSTRAP_SERVERS) or None


def settings_of(caller: Mapping[str, str], secrets: Path) -> dict[str, str]:
    """The caller's settings for its own cluster, without the prefix; none where it names no cluster.

    `secrets` is a folder to be made: it gets links to those of the caller's secret files that let us into the cluster,
    so that one which is rotated is read again. Raises ConfigurationError when the caller's folder can't be read.
    """
    if named_by(caller) is None:
        return {}
    names = {name.removeprefix(PREFIX): value for name, value in caller.items() if name.startswith(PREFIX) and value}
    taken = {name: value for name, value in names.items() if name.startswith(SECURITY) or name in COPIES}
    if folder := caller.get(SECRETS_DIR):
        _link(Path(folder), secrets)
        taken[SECRETS_DIR.removeprefix(PREFIX)] = str(secrets)
    return taken


def _link(folder: Path, secrets: Path) -> None:
    secrets.mkdir()
    try:
        files = [file for file in folder.absolute().iterdir() if file.name.startswith(SECURITY.lower())]
    except OSError as failed:
        raise ConfigurationError(f"{SECRETS_DIR}: the folder {folder} can't be read ({failed.strerror})") from None
    for file in files:
        (secrets / file.name).symlink_to(file)
