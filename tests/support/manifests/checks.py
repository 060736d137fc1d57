"""Everything that our manifests must be and that no schema says: `problems` names what is wrong, in sorted lines."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from producer.settings.catalogue import BY_FILE, BY_VARIABLE, SECRETS_DIR
from producer.settings.layers import yaml_layer
from tests.support.manifests.pods import problems_of_pod
from tests.support.manifests.reading import Manifest, containers, one, pod_template, told
from tests.support.manifests.security import problems_of_security

_SPAN = re.compile(r"(\d+(ms|s|m|h|d))+")
_DIVIDED_BY_COMMAS = ", "


def problems(manifests: list[Manifest]) -> list[str]:
    """What is wrong with manifests that are applied together; each problem begins with the manifest's name."""
    found: list[str] = []
    for manifest in manifests:
        checks = (_texts(manifest), _own(manifest), _among(manifest, manifests))
        found += [f"{told(manifest)}: {problem}" for check in checks for problem in check]
    return sorted(found)


def problems_as_written(manifests: list[Manifest]) -> list[str]:
    """What is wrong with single files: kustomize quotes labels that would not be text, `kubectl apply -f` does not."""
    return sorted(
        f"{told(manifest)}: {problem}" for manifest in manifests for problem in (*_texts(manifest), *_of_kind(manifest))
    )


# --- every manifest -------------------------------------------------------------------------------------------------


def _texts(manifest: Manifest) -> Iterator[str]:
    """Labels, annotations, selectors and data are text: an unquoted `y` or `1.10` is none."""
    for place, mapping in _mappings(manifest, ""):
        for key, value in mapping.items():
            if not isinstance(key, str) or not isinstance(value, str):
                yield f"{place}: {key} is {value!r} and not text: quote it"


def _mappings(node: Any, place: str) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    if isinstance(node, list):
        for number, each in enumerate(node):
            yield from _mappings(each, f"{place}[{number}]")
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        inner = f"{place}.{key}".lstrip(".")
        is_text = key in {"labels", "annotations", "matchLabels", "stringData"} or inner in {"data", "spec.selector"}
        if is_text and isinstance(value, dict) and "matchLabels" not in value:
            yield inner, value
        else:
            yield from _mappings(value, inner)


def _own(manifest: Manifest) -> Iterator[str]:
    if (template := pod_template(manifest)) is not None:
        yield from problems_of_pod(template["spec"])
        yield from problems_of_security(template["spec"])
        yield from _variables(template["spec"])
    yield from _of_kind(manifest)


def _of_kind(manifest: Manifest) -> Iterator[str]:
    check = _OF_KIND.get(manifest["kind"])
    if check is not None:
        yield from check(manifest)


def _variables(pod: Manifest) -> Iterator[str]:
    names = [variable["name"] for container in containers(pod) for variable in container.get("env", ())]
    yield from (
        f"the variable {name} is no setting"
        for name in names
        if name.startswith("PRODUCER_") and name not in {*BY_VARIABLE, SECRETS_DIR}
    )


# --- single kinds ---------------------------------------------------------------------------------------------------


def _deployment(deployment: Manifest) -> Iterator[str]:
    spec = deployment["spec"]
    strategy = spec.get("strategy", {})
    if spec.get("replicas") != 1 or strategy.get("type") != "Recreate":
        yield "one source has one owner: one replica, and the strategy Recreate"
    if strategy.get("type") == "Recreate" and "rollingUpdate" in strategy:
        yield "rollingUpdate stands beside the strategy Recreate"
    if not spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items():
        yield "the selector does not match the labels of its own pods"


def _settings(config: Manifest) -> Iterator[str]:
    if "settings.yaml" not in config["data"]:
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "settings.yaml"
        file.write_text(config["data"]["settings.yaml"])
        yield from (f"{problem.names[0]} {problem.text}" for problem in yaml_layer(file).problems)


def _secret(secret: Manifest) -> Iterator[str]:
    for name in {**secret.get("data", {}), **secret.get("stringData", {})}:
        if name not in BY_FILE and not name.endswith(".pem"):
            yield f"{name} is no file of a setting, nor a certificate"


def _pod_monitor(monitor: Manifest) -> Iterator[str]:
    endpoints = monitor["spec"].get("podMetricsEndpoints", ())
    if not endpoints or "matchLabels" not in monitor["spec"].get("selector", {}):
        yield "it needs a selector and an endpoint"
    for endpoint in endpoints:
        spans = [endpoint.get(name, "") for name in ("interval", "scrapeTimeout")]
        if endpoint.get("path") != "/metrics" or not all(_SPAN.fullmatch(span) for span in spans):
            yield "an endpoint needs the path /metrics, an interval and a shorter scrapeTimeout"
        yield from _unknown(endpoint, {"port", "path", "interval", "scrapeTimeout", "honorLabels", "relabelings"})


def _prometheus_rule(rule: Manifest) -> Iterator[str]:
    yield from _unknown(rule["spec"], {"groups"})
    groups = rule["spec"].get("groups", [])
    names = [group.get("name") for group in groups]
    if not groups or len(set(names)) != len(names):
        yield "it needs groups, each with a name of its own"
    for group in groups:
        yield from _unknown(group, {"name", "interval", "rules"})
        for each in group.get("rules", ()):
            yield from _unknown(each, {"alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations"})
            if not each.get("expr") or ("alert" in each) == ("record" in each):
                yield f"a rule of {group.get('name')} needs an expression, and a name as an alert or as a record"
            if not _SPAN.fullmatch(str(each.get("for", "0s"))):
                yield f"the rule {each.get('alert')} waits for {each['for']}, which is no span"
        if not group.get("rules"):
            yield f"the group {group.get('name')} has no rules"


def _unknown(mapping: Manifest, known: set[str]) -> Iterator[str]:
    if unknown := mapping.keys() - known:
        yield f"no such field: {_DIVIDED_BY_COMMAS.join(sorted(unknown))}"


_OF_KIND = {
    "Deployment": _deployment,
    "ConfigMap": _settings,
    "Secret": _secret,
    "PodMonitor": _pod_monitor,
    "PrometheusRule": _prometheus_rule,
}


# --- manifests among one another ------------------------------------------------------------------------------------


def _among(manifest: Manifest, manifests: list[Manifest]) -> Iterator[str]:
    names = {told(each) for each in manifests}
    if manifest["kind"] != "Namespace":
        namespace = manifest.get("metadata", {}).get("namespace")
        if f"Namespace/{namespace}" not in names:
            yield f"its namespace {namespace} is not among the manifests"
    if (template := pod_template(manifest)) is not None:
        yield from _references(template["spec"], names)
    selector, ports = _chosen(manifest)
    if selector is None:
        return
    pod = pod_template(one(manifests, "Deployment"))
    assert pod is not None
    if not selector or not selector.items() <= pod["metadata"]["labels"].items():
        yield "its selector matches no pod"
    known = {port.get("name") for container in containers(pod["spec"]) for port in container.get("ports", ())}
    yield from (f"the port {port} is no port of the pod" for port in ports if port not in known)


def _references(pod: Manifest, names: set[str]) -> Iterator[str]:
    wanted = [f"ServiceAccount/{pod.get('serviceAccountName')}"]
    wanted += [f"ConfigMap/{volume['configMap']['name']}" for volume in pod.get("volumes", ()) if "configMap" in volume]
    yield from (f"{name} is not among the manifests" for name in wanted if name not in names)


def _chosen(manifest: Manifest) -> tuple[Mapping[str, Any] | None, list[Any]]:
    """The labels by which a manifest chooses pods, None when it chooses none, and the ports that it means there."""
    spec = manifest.get("spec", {})
    match manifest["kind"]:
        case "Service":
            return spec.get("selector", {}), [port.get("targetPort", port["port"]) for port in spec["ports"]]
        case "PodMonitor":
            return spec.get("selector", {}).get("matchLabels", {}), [
                endpoint.get("port") for endpoint in spec.get("podMetricsEndpoints", ())
            ]
        case "NetworkPolicy":
            rules = [*spec.get("ingress", ())]
            return spec["podSelector"].get("matchLabels", {}), [
                port.get("port") for rule in rules for port in rule.get("ports", ())
            ]
    return None, []
