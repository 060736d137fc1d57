"""Manifests as the cluster gets them: overlays rendered by kubectl, and YAML read as Kubernetes reads it."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

KUBERNETES = Path(__file__).resolve().parents[3] / "deploy" / "kubernetes"
OVERLAYS = tuple(sorted(path.name for path in (KUBERNETES / "overlays").iterdir()))
COMPONENTS = tuple(sorted(path.name for path in (KUBERNETES / "components").iterdir()))

Manifest = dict[str, Any]


class _Loader(yaml.SafeLoader):
    """YAML 1.1 to the letter, as kubectl reads it: PyYAML alone takes an unquoted `y` for text."""


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^[yYnN]$"), list("yYnN"))
_Loader.add_constructor("tag:yaml.org,2002:bool", lambda loader, node: node.value.lower() in {"y", "yes", "true", "on"})


def documents(text: str) -> list[Manifest]:
    """The documents of a YAML text."""
    return [document for document in yaml.load_all(text, Loader=_Loader) if document]


def kustomize(folder: Path) -> subprocess.CompletedProcess[str]:
    """What `kubectl kustomize` makes of a folder; the test is skipped where there is no kubectl."""
    if not (kubectl := shutil.which("kubectl")):
        pytest.skip("kubectl is missing: apt-get install kubectl, or kubernetes-client 1.21 or newer")
    command = [kubectl, "kustomize", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


@cache
def rendered(overlay: str) -> str:
    """The manifests of an overlay, as `kubectl apply -k` would send them."""
    done = kustomize(KUBERNETES / "overlays" / overlay)
    assert done.returncode == 0, done.stderr
    return done.stdout


def one(manifests: list[Manifest], kind: str) -> Manifest:
    """The only manifest of a kind."""
    (found,) = (each for each in manifests if each["kind"] == kind)
    return found


def told(manifest: Manifest) -> str:
    """`Deployment/genesys-producer`."""
    return f"{manifest.get('kind')}/{manifest.get('metadata', {}).get('name')}"


def pod_template(manifest: Manifest) -> Manifest | None:
    """The pod that a manifest makes, None for a manifest that makes none."""
    template: Manifest | None = manifest.get("spec", {}).get("template")
    return template


def containers(pod: Manifest) -> list[Manifest]:
    """All containers of a pod's spec, those of its start included."""
    return [*pod.get("initContainers", ()), *pod["containers"]]
