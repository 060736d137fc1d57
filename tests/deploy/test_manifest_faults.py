"""Faults put into manifests that are right: each is refused, and for what it is."""

from __future__ import annotations

from dataclasses import dataclass

import kubernetes_validate
import pytest

from tests.support.manifests.checks import problems, problems_as_written
from tests.support.manifests.reading import documents, rendered

DEPLOYMENT = "Deployment/genesys-producer"
NAME = "app.kubernetes.io/name: genesys-producer"
SETTINGS = "ConfigMap/genesys-producer-settings-"


@dataclass(frozen=True, slots=True)
class Fault:
    """A text of the rendered overlay and what stands in its place (the first time), and what is said of it."""

    text: str
    instead: str
    says: str


SEEDED = {
    "an unquoted y as a label": Fault(
        f"    {NAME}\n  name: genesys-producer\n  namespace: genesys-producer\nspec:\n  replicas",
        f"    {NAME}\n    canary: y\n  name: genesys-producer\n  namespace: genesys-producer\nspec:\n  replicas",
        f"{DEPLOYMENT}: metadata.labels: canary is True and not text: quote it",
    ),
    "a port name twice": Fault(
        "        - containerPort: 9464\n",
        "        - containerPort: 9465\n          name: admin\n        - containerPort: 9464\n",
        f"{DEPLOYMENT}: 2 ports have the name admin",
    ),
    "a probe of a port that is missing": Fault(
        "            path: /readyz\n            port: admin",
        "            path: /readyz\n            port: health",
        f"{DEPLOYMENT}: readinessProbe asks port health, which genesys-producer does not have",
    ),
    "a mount without its volume": Fault(
        "        - mountPath: /tmp\n          name: tmp\n",
        "        - mountPath: /tmp\n          name: tmp\n        - mountPath: /cache\n          name: cache\n",
        f"{DEPLOYMENT}: /cache mounts cache, which is no volume",
    ),
    "a request above its limit": Fault(
        "            ephemeral-storage: 512Mi",
        "            ephemeral-storage: 4Gi",
        f"{DEPLOYMENT}: genesys-producer requests 4Gi of ephemeral-storage, above its limit of 3Gi",
    ),
    "a bad name in the environment": Fault(
        "        - name: PRODUCER_LOG__FORMAT\n",
        "        - name: 1-LOG FORMAT\n",
        f"{DEPLOYMENT}: 1-LOG FORMAT is no name for a variable",
    ),
    "rollingUpdate with Recreate": Fault(
        "    type: Recreate\n",
        "    type: Recreate\n    rollingUpdate:\n      maxSurge: 1\n",
        f"{DEPLOYMENT}: rollingUpdate stands beside the strategy Recreate",
    ),
}
"""The faults that any check of manifests must find."""

COHERENCE = {
    "a selector of the Deployment": Fault(
        f"    matchLabels:\n      {NAME}\n  strategy",
        "    matchLabels:\n      app.kubernetes.io/name: another\n  strategy",
        f"{DEPLOYMENT}: the selector does not match the labels of its own pods",
    ),
    "a selector of the Service": Fault(
        f"  selector:\n    {NAME}",
        "  selector:\n    app.kubernetes.io/name: another",
        "Service/genesys-producer: its selector matches no pod",
    ),
    "a port of the Service": Fault(
        "targetPort: admin", "targetPort: http", "Service/genesys-producer: the port http is no port of the pod"
    ),
    "a port of the PodMonitor": Fault(
        "    port: admin\n    scrapeTimeout",
        "    port: http\n    scrapeTimeout",
        "PodMonitor/genesys-producer: the port http is no port of the pod",
    ),
    "a port of the NetworkPolicy": Fault(
        "    - port: admin", "    - port: http", "NetworkPolicy/genesys-producer: the port http is no port of the pod"
    ),
    "a field of the PodMonitor": Fault(
        "  - interval: 30s",
        "  - intervall: 30s\n    interval: 30s",
        "PodMonitor/genesys-producer: no such field: intervall",
    ),
    "a rule without an expression": Fault(
        "      expr: ",
        "      query: ",
        "PrometheusRule/genesys-producer: no such field: query",
    ),
    "a setting that there is not": Fault(
        "      bootstrap_servers:", "      bootstrap_server:", "kafka.bootstrap_server no such setting"
    ),
    "a variable that there is not": Fault(
        "PRODUCER_STATE__PATH", "PRODUCER_STATE_PATH", f"{DEPLOYMENT}: the variable PRODUCER_STATE_PATH is no setting"
    ),
    "a ConfigMap that there is not": Fault(
        "      - configMap:\n          name: genesys-producer-settings",
        "      - configMap:\n          name: settings",
        f"{DEPLOYMENT}: ConfigMap/settings-",
    ),
    "a second replica": Fault(
        "  replicas: 1",
        "  replicas: 2",
        f"{DEPLOYMENT}: one source has one owner: one replica, and the strategy Recreate",
    ),
    "a folder without bounds": Fault(
        "      - emptyDir:\n          sizeLimit: 64Mi",
        "      - emptyDir: {}",
        f"{DEPLOYMENT}: the emptyDir tmp has no size limit",
    ),
    "folders that hold more than the pod may": Fault(
        "sizeLimit: 2Gi",
        "sizeLimit: 4Gi",
        f"{DEPLOYMENT}: the emptyDirs may hold more than the ephemeral storage that the pod may use",
    ),
    "memory below its limit": Fault(
        "            memory: 384Mi\n        securityContext",
        "            memory: 256Mi\n        securityContext",
        f"{DEPLOYMENT}: genesys-producer does not request the memory that is its limit",
    ),
    "another namespace": Fault(
        "  namespace: genesys-producer\n",
        "  namespace: elsewhere\n",
        "ServiceAccount/genesys-producer: its namespace elsewhere is not among the manifests",
    ),
}
"""What does not fit together, though each manifest by itself is valid."""

CONTAINER = "          allowPrivilegeEscalation: false\n"
POD = "        fsGroup: 65532\n"

RESTRICTED = {
    "privilege escalation": Fault(
        "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "allowPrivilegeEscalation is not false"
    ),
    "privileged": Fault("privileged: false", "privileged: true", "privileged is not false"),
    "a writable root": Fault(
        "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "readOnlyRootFilesystem is not true"
    ),
    "capabilities kept": Fault("            - ALL\n", "            - CHOWN\n", "capabilities are not dropped"),
    "capabilities added": Fault(
        "          capabilities:\n", "          capabilities:\n            add: [SYS_TIME]\n", "capabilities are added"
    ),
    "proc unmasked": Fault(CONTAINER, f"{CONTAINER}          procMount: Unmasked\n", "procMount is not the default"),
    "root in the container": Fault(CONTAINER, f"{CONTAINER}          runAsUser: 0\n", "runAsUser is root"),
    "root in the pod": Fault("runAsUser: 65532", "runAsUser: 0", "runAsUser is root or not said"),
    "the group of root": Fault("runAsGroup: 65532", "runAsGroup: 0", "runAsGroup is root or not said"),
    "root allowed": Fault("runAsNonRoot: true", "runAsNonRoot: false", "runAsNonRoot is not true"),
    "no seccomp": Fault("type: RuntimeDefault", "type: Unconfined", "seccompProfile is neither"),
    "no AppArmor": Fault(POD, f"{POD}        appArmorProfile: {{type: Unconfined}}\n", "appArmorProfile is neither"),
    "SELinux": Fault(POD, f"{POD}        seLinuxOptions: {{type: spc_t}}\n", "seLinuxOptions are set"),
    "sysctls": Fault(POD, f"{POD}        sysctls: [{{name: a, value: b}}]\n", "sysctls are set"),
    "a Windows host": Fault(
        POD, f"{POD}        windowsOptions: {{hostProcess: true}}\n", "windowsOptions.hostProcess is set"
    ),
    "the host's network": Fault(
        "      enableServiceLinks: false\n",
        "      enableServiceLinks: false\n      hostNetwork: true\n",
        "hostNetwork is set",
    ),
    "a folder of the host": Fault(
        "      - emptyDir:\n          sizeLimit: 64Mi",
        "      - hostPath:\n          path: /",
        "the volume tmp is a hostPath",
    ),
    "a port of the host": Fault(
        "        - containerPort: 9464\n",
        "        - containerPort: 9464\n          hostPort: 9464\n",
        "the port 9464 is one of the host",
    ),
    "a probe of another host": Fault(
        "            path: /livez\n",
        "            path: /livez\n            host: 10.0.0.1\n",
        "livenessProbe asks another host",
    ),
    "a token": Fault(
        "      automountServiceAccountToken: false",
        "      automountServiceAccountToken: true",
        "automountServiceAccountToken is not false",
    ),
    "service links": Fault("enableServiceLinks: false", "enableServiceLinks: true", "enableServiceLinks is not false"),
}
"""Each field of the restricted profile, and what this project asks besides."""


def with_fault(fault: Fault) -> str:
    text = rendered("production")
    assert fault.text in text, "the overlay has no such place any more"
    return text.replace(fault.text, fault.instead, 1)


@pytest.mark.parametrize("fault", SEEDED.values(), ids=SEEDED.keys())
def test_a_seeded_fault_is_refused_and_nothing_else(fault: Fault) -> None:
    assert problems(documents(with_fault(fault))) == [fault.says]


@pytest.mark.parametrize("fault", COHERENCE.values(), ids=COHERENCE.keys())
def test_what_does_not_fit_together_is_refused(fault: Fault) -> None:
    assert fault.says in "\n".join(problems(documents(with_fault(fault))))


@pytest.mark.parametrize("fault", RESTRICTED.values(), ids=RESTRICTED.keys())
def test_what_the_restricted_profile_forbids_is_refused(fault: Fault) -> None:
    found = problems(documents(with_fault(fault)))

    assert len(found) == 1
    assert fault.says in found[0]


def test_the_schemas_refuse_the_label_too() -> None:
    (deployment,) = (
        each for each in documents(with_fault(SEEDED["an unquoted y as a label"])) if each["kind"] == "Deployment"
    )

    with pytest.raises(kubernetes_validate.ValidationError, match="True is not of type"):
        kubernetes_validate.validate(deployment, "1.37", strict=True)


def test_a_secret_file_that_no_setting_has_is_refused() -> None:
    secret = (
        "kind: Secret\nmetadata: {name: s}\nstringData: {genesys__client_secrets: x, ca.pem: x, genesys__client_id: 1}"
    )

    assert problems_as_written(documents(secret)) == [
        "Secret/s: genesys__client_secrets is no file of a setting, nor a certificate",
        "Secret/s: stringData: genesys__client_id is 1 and not text: quote it",
    ]
