"""What is installed from a wheel works without the source tree around it: the schemas are inside."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PROBE = """
import producer
from producer.encoding.avro import Avro
from producer.encoding.schemas import Subject

avro = Avro.shipped()
print(producer.__file__)
print(avro.decode(avro.encoder(Subject.CONVERSATION)({"recordId": "c-1", "channelType": "CHAT"}))[1]["channelType"])
"""


def run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--quiet")
    run(*pip, "--wheel-dir", str(target), str(PROJECT), cwd=target)
    (built,) = target.glob("*.whl")
    return built


def test_the_wheel_holds_every_released_schema(wheel: Path) -> None:
    released = {f"producer/_schemas/{file.relative_to(PROJECT / 'schemas')}" for file in PROJECT.glob("schemas/*/*")}
    held = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("producer/_schemas/")}
    assert held == released


def test_an_installed_wheel_encodes_a_record(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "installed"
    run(
        *(sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet", "--target", str(target)),
        str(wheel),
        cwd=tmp_path,
    )
    libraries = [path for path in sys.path if path.endswith("site-packages")]
    probe = f"import sys; sys.path[:0] = {[str(target), *libraries]!r}\n{PROBE}"
    place, channel = run(sys.executable, "-I", "-S", "-c", probe, cwd=tmp_path).split()
    assert Path(place).is_relative_to(target)
    assert channel == "CHAT"
