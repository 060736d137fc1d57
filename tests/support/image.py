"""The image, built by buildah on a base that debootstrap makes, and run as a pod would run it.

No container registry is asked: the base is Debian with its own Python, made once per machine and kept in the cache
folder. The store of images lives as long as the fixture. A run is a chroot into the image's root, mounted read-only,
as the image's user, without capabilities and without new privileges; the folders it may use are the caller's.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from producer.dev.cache import cache_directory, made_once

ROOT = Path(__file__).resolve().parents[2]
SUITE = "bookworm"
PACKAGES = ("python3", "python3-venv", "ca-certificates")
BASE = "localhost/base"
IMAGE = "localhost/genesys-producer"
TOOLS = {"buildah": "buildah", "debootstrap": "debootstrap", "unshare": "util-linux"}
"""The programs that are needed, and the Debian packages that bring them."""
_REACHING_THE_INDEX = ("index-url", "extra-index-url", "trusted-host", "proxy", "cert", "timeout")

# In a mount namespace of its own: the root read-only, then the folders of the pod, then nothing that could undo it.
_ENTER = r"""
set -eu
root=$1 user=$2; shift 2
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
while [ "$1" != -- ]; do mount --bind "$1" "$root$2"; [ "$3" = rw ] || mount -o remount,bind,ro "$root$2"; shift 3; done
shift
exec chroot "$root" setpriv --reuid="${user%:*}" --regid="${user#*:}" --clear-groups \
    --inh-caps=-all --bounding-set=-all --no-new-privs "$@"
"""


def skip_without_tools() -> None:
    """Skip the test where the image can't be built, with what would let it."""
    missing = sorted({package for tool, package in TOOLS.items() if not shutil.which(tool)})
    if missing:
        pytest.skip(f"the image can't be built here: apt-get install {' '.join(missing)}")
    if os.geteuid():
        pytest.skip("the image can't be built here: debootstrap and chroot need root")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A folder of this machine at a path of the image."""

    folder: Path
    path: str
    writable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A built image, its root mounted."""

    root: Path
    config: Mapping[str, Any]

    def command(
        self, *arguments: str, mounts: Sequence[Mount] = (), environ: Mapping[str, str] | None = None
    ) -> list[str]:
        """What runs the image with these arguments, in place of its own ones if there are any."""
        places = [
            text for mount in mounts for text in (str(mount.folder), mount.path, "rw" if mount.writable else "ro")
        ]
        variables = [*self.config["Env"], *(f"{name}={value}" for name, value in (environ or {}).items())]
        words = [*self.config["Entrypoint"], *(arguments or self.config["Cmd"])]
        inside = ["env", "-i", f"--chdir={self.config['WorkingDir']}", *variables, *words]
        enter = ["unshare", "--mount", "--propagation=private", "sh", "-c", _ENTER, "enter"]
        return [*enter, str(self.root), self.config["User"], *places, "--", *inside]


class Builder:
    """A store of images in a folder, gone with it. `vfs` copies whole trees and works wherever files do."""

    def __init__(self, folder: Path) -> None:
        self._options = ("--root", str(folder / "root"), "--runroot", str(folder / "run"), "--storage-driver", "vfs")
        self._folder = folder

    def build(self) -> Image:
        """Build the base and the image, and mount the image's root."""
        self._import_base()
        volumes = [f"{self._pip_configuration()}:/etc/pip.conf:ro", *self._certificates()]
        self._buildah(
            *("build", "--isolation", "chroot", "--pull-never", "--layers=false"),
            *("--build-arg", f"BASE={BASE}", "--build-arg", "REVISION=of-a-test"),
            *(word for volume in volumes for word in ("--volume", volume)),
            *("--file", "deploy/image/Containerfile", "--ignorefile", "deploy/image/.containerignore"),
            *("--tag", IMAGE, str(ROOT)),
        )
        inspected = json.loads(self._buildah("inspect", "--type", "image", IMAGE))
        container = self._buildah("from", "--pull-never", IMAGE).strip()
        return Image(root=Path(self._buildah("mount", container).strip()), config=inspected["OCIv1"]["config"])

    def close(self) -> None:
        """Let go of everything that is mounted and stored."""
        self._buildah("umount", "--all")
        self._buildah("rm", "--all")
        self._buildah("rmi", "--all", "--force")

    def _import_base(self) -> None:
        archive = made_once(cache_directory() / f"image-base-{SUITE}", _make_base) / "base.tar"
        container = self._buildah("from", "scratch").strip()
        self._buildah("add", "--quiet", container, str(archive), "/")
        self._buildah("commit", "--quiet", "--rm", container, BASE)

    def _pip_configuration(self) -> Path:
        """How this machine reaches the package index, in a file: the build's own pip knows nothing of it."""
        lines = [f"{name} = {value}\n" for name, value in _pip_settings().items()]
        file = self._folder / "pip.conf"
        file.write_text("".join(["[global]\n", *lines]))
        return file

    def _certificates(self) -> list[str]:
        certificate = _pip_settings().get("cert")
        return [f"{certificate}:{certificate}:ro"] if certificate else []

    def _buildah(self, *words: str) -> str:
        return _run("buildah", *self._options, *words, cwd=ROOT)


def _pip_settings() -> Mapping[str, str]:
    """By name, from the environment and the files alike; what stands further down in pip's own list wins."""
    listed = _run(sys.executable, "-m", "pip", "config", "list", cwd=ROOT)
    pairs = (line.partition("=") for line in sorted(listed.splitlines(), reverse=True))
    settings = {name.rpartition(".")[2]: str(ast.literal_eval(value)) for name, _, value in pairs if value}
    return {name: value for name, value in settings.items() if name in _REACHING_THE_INDEX}


def _make_base(folder: Path) -> None:
    tree = folder / "tree"
    _run("debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, str(tree), cwd=folder)
    _run("tar", "--create", "--file", "base.tar", "--directory", str(tree), ".", cwd=folder)
    shutil.rmtree(tree)


def _run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-2_000:]}{done.stderr[-4_000:]}"
    return done.stdout
