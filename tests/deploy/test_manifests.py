"""The manifests: what an operator applies is valid, coherent, restricted, and understood by the daemon."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from producer.options import STOP_GRACE
from producer.settings import SettingsRefused, load
from producer.settings.catalogue import SECRETS_DIR
from producer.telemetry.health import STALE_AFTER
from tests.support.manifests.checks import problems, problems_as_written
from tests.support.manifests.reading import (
    COMPONENTS,
    KUBERNETES,
    OVERLAYS,
    Manifest,
    documents,
    kustomize,
    one,
    rendered,
)

ROOT = KUBERNETES.parents[1]
VERSIONS = ("1.28", "1.37")
"""The oldest Kubernetes that the manifests are for, and the newest that has schemas."""
CUSTOM = {"PodMonitor", "PrometheusRule"}
"""Kinds of the Prometheus operator: no schema is at hand, our own checks look at their shape."""
LONGEST_CLOSING = 5
"""Seconds that the clients and the admin server may take to close, behind the two graces of a soft stop."""


def sources() -> list[Path]:
    """The files that are manifests by themselves."""
    kinds = ("kustomization.yaml", "settings.yaml")
    return sorted(path for path in KUBERNETES.rglob("*.yaml") if path.name not in kinds)


def container_of(overlay: str) -> Manifest:
    (container,) = one(documents(rendered(overlay)), "Deployment")["spec"]["template"]["spec"]["containers"]
    assert isinstance(container, dict)
    return container


def secret_example() -> Manifest:
    (secret,) = documents((KUBERNETES / "secret.example.yaml").read_text())
    return secret


def test_there_are_the_overlays_and_the_component_that_the_texts_name() -> None:
    assert OVERLAYS == ("dev", "production")
    assert COMPONENTS == ("prometheus-operator",)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kubernetes_accepts_an_overlay(overlay: str, version: str) -> None:
    manifests = documents(rendered(overlay))
    accepted = [
        kubernetes_validate.validate(manifest, version, strict=True)
        for manifest in manifests
        if manifest["kind"] not in CUSTOM
    ]

    assert accepted == [version] * len(accepted)
    assert len(accepted) >= 5


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_nothing_is_wrong_with_an_overlay(overlay: str) -> None:
    assert problems(documents(rendered(overlay))) == []


@pytest.mark.parametrize("source", sources(), ids=lambda path: str(path.relative_to(KUBERNETES)))
def test_a_manifest_is_also_right_as_it_is_written(source: Path) -> None:
    assert problems_as_written(documents(source.read_text())) == []


def test_the_production_overlay_holds_what_the_prometheus_operator_needs() -> None:
    kinds = {manifest["kind"] for manifest in documents(rendered("production"))}

    assert kinds >= CUSTOM
    assert kinds - CUSTOM == {"Namespace", "ServiceAccount", "ConfigMap", "Service", "Deployment", "NetworkPolicy"}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_daemon_takes_the_settings_of_an_overlay_with_the_secret_of_the_example(
    overlay: str, tmp_path: Path
) -> None:
    config = one(documents(rendered(overlay)), "ConfigMap")["data"]["settings.yaml"]
    environ = {variable["name"]: variable["value"] for variable in container_of(overlay)["env"]}
    config_file = tmp_path / "settings.yaml"
    config_file.write_text(config.replace(environ[SECRETS_DIR], str(tmp_path / "secrets")))
    uses_sasl = "SASL_SSL" in config
    (tmp_path / "secrets").mkdir()
    for name, value in secret_example()["stringData"].items():
        if uses_sasl or not name.startswith("kafka"):
            (tmp_path / "secrets" / name).write_text(value)

    settings = load(config_file, environ | {SECRETS_DIR: str(tmp_path / "secrets")})

    assert settings.genesys.client_secret() == secret_example()["stringData"]["genesys__client_secret"]
    assert str(settings.state.path) == "/var/lib/genesys-producer"


def test_settings_of_a_pod_without_its_secret_are_refused_for_the_secret_alone(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text((KUBERNETES / "base" / "settings.yaml").read_text())

    with pytest.raises(SettingsRefused) as refused:
        load(file, environ={})

    assert [problem.names[0] for problem in refused.value.problems] == ["genesys.client_id", "genesys.client_secret"]


def test_the_pod_is_given_more_time_than_a_soft_stop_takes() -> None:
    spec = one(documents(rendered("production")), "Deployment")["spec"]["template"]["spec"]
    soft_stop = 2 * STOP_GRACE.total_seconds() + LONGEST_CLOSING

    assert spec["terminationGracePeriodSeconds"] > soft_stop


def test_liveness_does_not_give_up_before_the_daemon_itself_says_that_it_is_stuck() -> None:
    probe = container_of("production")["livenessProbe"]

    assert probe["periodSeconds"] * probe["failureThreshold"] >= STALE_AFTER


def test_each_probe_asks_the_address_that_is_for_it() -> None:
    container = container_of("production")
    probes = ("startupProbe", "livenessProbe", "readinessProbe")

    assert [container[probe]["httpGet"]["path"] for probe in probes] == ["/startupz", "/livez", "/readyz"]
    (port,) = container["ports"]
    assert {"name": "PRODUCER_ADMIN__PORT", "value": str(port["containerPort"])} in container["env"]


def test_production_runs_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert container_of("production")["image"].rpartition(":")[2] == project["version"]


def test_no_secret_is_among_the_manifests() -> None:
    held = {overlay: [each["kind"] for each in documents(rendered(overlay))] for overlay in OVERLAYS}

    assert [overlay for overlay, kinds in held.items() if "Secret" in kinds] == []


def test_a_label_that_kustomize_itself_is_given_must_be_text(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("kind: Kustomization\nlabels:\n  - pairs:\n      canary: y\n")

    done = kustomize(tmp_path)

    assert done.returncode != 0
    assert "cannot unmarshal bool" in done.stderr


def test_the_readme_of_the_deployment_names_files_that_exist() -> None:
    readme = (ROOT / "deploy" / "README.md").read_text()
    named = re.findall(r"\bdeploy/[\w./-]+", readme)

    assert len(named) > 3
    assert [name for name in named if not (ROOT / name.rstrip(".")).exists()] == []


def test_yaml_is_read_as_kubernetes_reads_it() -> None:
    """PyYAML takes `y` for text; what reaches the cluster is a boolean."""
    assert yaml.safe_load("canary: y") == {"canary": "y"}
    assert documents("canary: y\nname: no\nyes: 'y'") == [{"canary": True, "name": False, True: "y"}]
