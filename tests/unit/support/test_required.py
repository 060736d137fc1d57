from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SKIPS = """
import pytest

def test_runs(): pass

@pytest.mark.skip(reason="no Java")
def test_marked(): pass

@pytest.fixture
def broker(): pytest.skip("no broker")

def test_of_a_fixture(broker): pass

def test_half_way(): pytest.skip("not today")

@pytest.mark.xfail(strict=True)
def test_known_to_fail(): assert False
"""
WHOLE_MODULE = "import pytest; pytest.importorskip('no_such_module')"


def outcome(tmp_path: Path, **environ: str) -> str:
    """The last line of a pytest run over the two modules."""
    (tmp_path / "test_skips.py").write_text(SKIPS)
    (tmp_path / "test_module.py").write_text(WHOLE_MODULE)
    command = [sys.executable, "-m", "pytest", "-p", "tests.support.required", "--color=no"]
    run = subprocess.run(
        [
            *command,
            "-p",
            "no:cacheprovider",
            "--continue-on-collection-errors",
            f"--rootdir={tmp_path}",
            "-c",
            os.devnull,
            str(tmp_path),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
    )
    return run.stdout.splitlines()[-1].strip("= ").partition(" in ")[0]


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"REQUIRE_ALL": "0"}, "1 passed, 4 skipped, 1 xfailed"),
        ({"REQUIRE_ALL": "1"}, "1 failed, 1 passed, 1 xfailed, 3 errors"),
    ],
)
def test_with_require_all_no_skip_passes(tmp_path: Path, environ: dict[str, str], expected: str) -> None:
    assert outcome(tmp_path, **environ) == expected
