"""What a pod's parts must be to one another, which no schema says. Every check yields problems as text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from tests.support.manifests.reading import Manifest, containers

_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PORT_NAME = re.compile(r"(?=.*[a-z])[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?")
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|[kMGT]|[KMGT]i|)")
_FACTORS = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGT", 1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGT", 1)},
}
_PROBES = ("startupProbe", "livenessProbe", "readinessProbe")


def quantity(text: object) -> Decimal:
    """`250m`, `384Mi`, `2` as a number. Raises ValueError on anything else."""
    if not (match := _QUANTITY.fullmatch(str(text))):
        raise ValueError(f"{text!r} is no quantity")
    return Decimal(match[1]) * _FACTORS[match[2]]


def problems_of_pod(pod: Manifest) -> Iterator[str]:
    """All problems of a pod's spec."""
    yield from _ports(pod)
    yield from _mounts(pod)
    for container in containers(pod):
        yield from _probes(container)
        yield from _environment(container)
        yield from _resources(container)
    yield from _room(pod)


def _ports(pod: Manifest) -> Iterator[str]:
    ports = [port for container in containers(pod) for port in container.get("ports", ())]
    for what in ("name", "containerPort"):
        for value, uses in Counter(port.get(what) for port in ports).items():
            if value is not None and uses > 1:
                yield f"{uses} ports have the {what} {value}"
    yield from (
        f"{port['name']} is no name for a port: lower case, with a letter, 15 characters at most"
        for port in ports
        if "name" in port and not _PORT_NAME.fullmatch(str(port["name"]))
    )


def _probes(container: Manifest) -> Iterator[str]:
    ports = container.get("ports", ())
    known = {port.get("name") for port in ports} | {port["containerPort"] for port in ports}
    for probe in _PROBES:
        if probe not in container:
            yield f"{container['name']} has no {probe}"
        for action in ("httpGet", "tcpSocket", "grpc"):
            port = container.get(probe, {}).get(action, {}).get("port")
            if port is not None and port not in known:
                yield f"{probe} asks port {port}, which {container['name']} does not have"


def _mounts(pod: Manifest) -> Iterator[str]:
    volumes = [volume["name"] for volume in pod.get("volumes", ())]
    mounts = [mount for container in containers(pod) for mount in container.get("volumeMounts", ())]
    used = {mount["name"] for mount in mounts}
    yield from (f"there are {uses} volumes {name}" for name, uses in Counter(volumes).items() if uses > 1)
    yield from (
        f"{mount['mountPath']} mounts {mount['name']}, which is no volume"
        for mount in mounts
        if mount["name"] not in volumes
    )
    yield from (f"the volume {name} is mounted nowhere" for name in volumes if name not in used)
    for container in containers(pod):
        paths = Counter(mount["mountPath"] for mount in container.get("volumeMounts", ()))
        yield from (f"{uses} volumes are mounted at {path}" for path, uses in paths.items() if uses > 1)


def _environment(container: Manifest) -> Iterator[str]:
    names = Counter(variable["name"] for variable in container.get("env", ()))
    for name, uses in names.items():
        if not _ENVIRONMENT_NAME.fullmatch(str(name)):
            yield f"{name} is no name for a variable"
        if uses > 1:
            yield f"the variable {name} is set {uses} times"
    yield from (
        f"the variable {variable['name']} is not text: quote it"
        for variable in container.get("env", ())
        if not isinstance(variable.get("value", ""), str)
    )


def _resources(container: Manifest) -> Iterator[str]:
    resources = container.get("resources", {})
    requests, limits = resources.get("requests", {}), resources.get("limits", {})
    for name in requests.keys() & limits.keys():
        if quantity(requests[name]) > quantity(limits[name]):
            yield f"{container['name']} requests {requests[name]} of {name}, above its limit of {limits[name]}"
    if not requests.get("memory") or requests.get("memory") != limits.get("memory"):
        yield f"{container['name']} does not request the memory that is its limit"


def _room(pod: Manifest) -> Iterator[str]:
    """Folders must be bounded, and fit into what the pod may store: else it is evicted before they are full."""
    folders = {volume["name"]: volume["emptyDir"] for volume in pod.get("volumes", ()) if "emptyDir" in volume}
    yield from (
        f"the emptyDir {name} has no size limit" for name, folder in folders.items() if not folder.get("sizeLimit")
    )
    limits = [each.get("resources", {}).get("limits", {}).get("ephemeral-storage") for each in containers(pod)]
    total = sum((quantity(folder["sizeLimit"]) for folder in folders.values() if folder.get("sizeLimit")), Decimal(0))
    if all(limits) and total > sum(quantity(limit) for limit in limits):
        yield "the emptyDirs may hold more than the ephemeral storage that the pod may use"
