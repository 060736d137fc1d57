"""The restricted profile of Kubernetes' pod security standards, every field of it, each said by the pod itself.

Stricter than the standard where it lets a field be absent at one of two levels, and with a read-only root file system.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.support.manifests.reading import Manifest, containers

_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
_SELINUX_TYPES = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
_PROFILES = ("RuntimeDefault", "Localhost")


def problems_of_security(pod: Manifest) -> Iterator[str]:
    """What the restricted profile would refuse, or the pod leaves to chance."""
    yield from _pod(pod)
    for container in containers(pod):
        yield from (f"{container['name']}: {problem}" for problem in _container(container))


def _pod(pod: Manifest) -> Iterator[str]:
    context = pod.get("securityContext", {})
    yield from (f"{name} is set" for name in ("hostNetwork", "hostPID", "hostIPC", "hostAliases") if pod.get(name))
    yield from _user(context)
    yield from _anywhere(context)
    if not context.get("runAsUser"):
        yield "runAsUser is root or not said"
    if not context.get("runAsGroup"):
        yield "runAsGroup is root or not said"
    if context.get("sysctls"):
        yield "sysctls are set"
    if pod.get("automountServiceAccountToken") is not False:
        yield "automountServiceAccountToken is not false"
    if pod.get("enableServiceLinks") is not False:
        yield "enableServiceLinks is not false"
    for volume in pod.get("volumes", ()):
        yield from (f"the volume {volume['name']} is a {kind}" for kind in volume.keys() - {"name"} - _VOLUMES)


def _container(container: Manifest) -> Iterator[str]:
    context = container.get("securityContext", {})
    capabilities = context.get("capabilities", {})
    if context.get("privileged") is not False:
        yield "privileged is not false"
    if context.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation is not false"
    if context.get("readOnlyRootFilesystem") is not True:
        yield "readOnlyRootFilesystem is not true"
    if capabilities.get("drop") != ["ALL"]:
        yield "capabilities are not dropped, all of them"
    if set(capabilities.get("add", ())) - {"NET_BIND_SERVICE"}:
        yield "capabilities are added"
    if context.get("procMount", "Default") != "Default":
        yield "procMount is not the default"
    if context.get("runAsUser") == 0:
        yield "runAsUser is root"
    yield from _user(context)
    yield from _anywhere(context)
    yield from (
        f"the port {port['containerPort']} is one of the host"
        for port in container.get("ports", ())
        if port.get("hostPort") or port.get("hostIP")
    )
    yield from (
        f"{place} asks another host"
        for place, action in _actions(container)
        if action.get("httpGet", {}).get("host") or action.get("tcpSocket", {}).get("host")
    )


def _user(context: Manifest) -> Iterator[str]:
    if context.get("runAsNonRoot") is not True:
        yield "runAsNonRoot is not true"
    if context.get("seccompProfile", {}).get("type") not in _PROFILES:
        yield "seccompProfile is neither RuntimeDefault nor Localhost"


def _anywhere(context: Manifest) -> Iterator[str]:
    if context.get("appArmorProfile", {}).get("type", "RuntimeDefault") not in _PROFILES:
        yield "appArmorProfile is neither RuntimeDefault nor Localhost"
    if context.get("windowsOptions", {}).get("hostProcess"):
        yield "windowsOptions.hostProcess is set"
    labels = context.get("seLinuxOptions", {})
    if labels.get("type", "") not in _SELINUX_TYPES or labels.get("user") or labels.get("role"):
        yield "seLinuxOptions are set"


def _actions(container: Manifest) -> Iterator[tuple[str, dict[str, Any]]]:
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        yield probe, container.get(probe, {})
    for hook in ("postStart", "preStop"):
        yield hook, container.get("lifecycle", {}).get(hook, {})
