"""The image builds from the locks, and runs as a pod runs it: as 65532, on a read-only root, as the Deployment says."""

from __future__ import annotations

import os
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from producer.dev.broker import Broker
from producer.dev.child import Child
from tests.support.image import ROOT, Builder, Image, Mount, skip_without_tools
from tests.support.manifests.reading import documents, one, rendered
from tests.support.stage import Daemon, Script, Stage

pytestmark = pytest.mark.timeout(900)  # the first run on a machine makes the base: a minute and a half

USER = 65_532
CONFIG = "/etc/genesys-producer/config"
SECRETS = "/etc/genesys-producer/secrets"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    skip_without_tools()
    builder = Builder(tmp_path_factory.mktemp("image"))
    try:
        yield builder.build()
    finally:
        builder.close()


@pytest.fixture
def mounts(tmp_path: Path) -> list[Mount]:
    """What the Deployment mounts, in the folders of this test. Made in the image, as the kubelet would."""
    pod = one(documents(rendered("dev")), "Deployment")["spec"]["template"]["spec"]
    mounted = []
    for mount in pod["containers"][0]["volumeMounts"]:
        folder = tmp_path / mount["name"]
        folder.mkdir()
        os.chown(folder, -1, pod["securityContext"]["fsGroup"])
        folder.chmod(0o2770)
        mounted.append(Mount(folder=folder, path=mount["mountPath"], writable=not mount.get("readOnly")))
    return mounted


def run(image: Image, *arguments: str, mounts: list[Mount] | None = None, **environ: str) -> tuple[int, str]:
    for mount in mounts or ():
        (image.root / mount.path.lstrip("/")).mkdir(parents=True, exist_ok=True)
    command = image.command(*arguments, mounts=mounts or (), environ=environ)
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def variables() -> dict[str, str]:
    (container,) = one(documents(rendered("dev")), "Deployment")["spec"]["template"]["spec"]["containers"]
    return {variable["name"]: variable["value"] for variable in container["env"]}


def test_the_image_says_what_it_is(image: Image) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert image.config["Labels"] | {"io.buildah.version": ""} == {
        "io.buildah.version": "",
        "org.opencontainers.image.title": project["name"],
        "org.opencontainers.image.description": project["description"],
        "org.opencontainers.image.version": project["version"],
        "org.opencontainers.image.revision": "of-a-test",
        "org.opencontainers.image.licenses": project["license"],
    }
    assert image.config["User"] == f"{USER}:{USER}"
    assert image.config["ExposedPorts"] == {"9464/tcp": {}}


def test_it_runs_as_its_user_on_a_read_only_root(image: Image) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    assert run(image, "--version") == (0, f"genesys-producer {version}\n")


def test_the_run_of_these_tests_is_as_narrow_as_a_pod(image: Image) -> None:
    """Else the test before this one would say nothing."""
    probe = (
        "import os, pathlib\n"
        "status = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
        "print(os.getuid(), os.getgid(), os.getgroups(), status['CapEff'].strip(), status['NoNewPrivs'].strip())\n"
        "pathlib.Path('/tmp/here').touch()\n"
    )
    narrowed = Image(root=image.root, config={**image.config, "Entrypoint": ["python3", "-c"]})

    code, said = run(narrowed, probe)

    assert said.splitlines()[0] == f"{USER} {USER} [] 0000000000000000 1"
    assert (code, said.splitlines()[-1]) == (1, "OSError: [Errno 30] Read-only file system: '/tmp/here'")


def test_nothing_that_installs_or_builds_is_in_its_environment(image: Image) -> None:
    packages = image.root / "opt/genesys-producer/lib/python3.11/site-packages"
    lock = (ROOT / "requirements" / "runtime.lock").read_text()
    locked = {line.partition("==")[0].partition("[")[0] for line in lock.splitlines() if line[:1].isalnum()}
    held = {path.name.partition("-")[0].replace("_", "-").lower() for path in packages.glob("*.dist-info")}

    assert held - {"genesys-producer"} <= locked
    assert {"genesys-producer", "aiokafka", "uvloop"} <= held
    assert not (image.root / "build").exists()


def test_config_check_takes_the_settings_where_the_pod_has_them(image: Image, mounts: list[Mount]) -> None:
    folders = {mount.path: mount.folder for mount in mounts}
    config = one(documents(rendered("dev")), "ConfigMap")["data"]["settings.yaml"]
    (folders[CONFIG] / "settings.yaml").write_text(config)
    check = ("config", "check", "--config", f"{CONFIG}/settings.yaml")

    without_secret = run(image, *check, mounts=mounts, **variables())
    for name in ("genesys__client_id", "genesys__client_secret"):
        (folders[SECRETS] / name).write_text("x")
    with_secret = run(image, *check, mounts=mounts, **variables())

    assert without_secret[0] == 78
    assert "genesys.client_secret: is missing" in without_secret[1]
    assert with_secret == (0, "ok\n")


def test_the_daemon_of_the_pod_waits_for_its_topics_works_and_stops(
    image: Image, mounts: list[Mount], broker: Broker, tmp_path: Path
) -> None:
    """The walk of deploy/README.md: the pod first, then its topics, made by a second command in the same pod."""
    folders = {mount.path: mount.folder for mount in mounts}
    with Stage(broker, tmp_path, Script(speed=1)) as stage:
        port = stage.admin_url.rpartition(":")[2]
        environ = {**variables(), "PRODUCER_ADMIN__PORT": port}
        (folders[CONFIG] / "settings.yaml").write_text(settings_of(stage))
        (folders[SECRETS] / "genesys__client_id").write_text("simulator")
        (folders[SECRETS] / "genesys__client_secret").write_text("simulator-secret")
        (container,) = one(documents(rendered("dev")), "Deployment")["spec"]["template"]["spec"]["containers"]
        for mount in mounts:
            (image.root / mount.path.lstrip("/")).mkdir(parents=True, exist_ok=True)
        log = tmp_path / "pod.log"
        daemon = Daemon(
            Child(image.command(*container["args"], mounts=mounts, environ=environ), log=log), log, stage.admin_url
        )
        try:
            daemon.wait_until(lambda status: not status["ready"], "a start without topics")
            assert [daemon.get(path)[0] for path in ("/startupz", "/livez", "/readyz")] == [200, 200, 503]
            made = run(image, "topics", "create", *container["args"][1:], mounts=mounts, **environ)
            assert made[0] == 0, made[1]
            daemon.wait_until_ready(seconds=60)
            assert list(folders["/var/lib/genesys-producer"].iterdir()) != []
            assert daemon.stop() == 0
        finally:
            daemon.end()


def settings_of(stage: Stage) -> str:
    return f"""
genesys:
  api_url: {stage.organisation.url}
  login_url: {stage.organisation.url}
capture:
  poll_interval: 1s
  head_lag: 1s
kafka:
  bootstrap_servers: {stage.broker.bootstrap_servers}
  topics:
    prefix: {stage.prefix}
  replication_factor: 1
  min_insync_replicas: 1
"""
