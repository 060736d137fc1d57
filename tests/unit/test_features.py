"""docs/features.md: everything that was asked for has tests that show it, and names no test that is not there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TABLE = (ROOT / "docs" / "features.md").read_text()
ROW = re.compile(r"^\| (\d+) \| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)
ROWS = {int(number): re.findall(r"`([^`]+)`", shown) for number, _, _, shown in ROW.findall(TABLE)}


def named_in(path: str) -> set[str]:
    """The names of the tests in a file; none where there is no such file of tests."""
    file = ROOT / path
    if not re.fullmatch(r"tests/(\w+/)+test_\w+\.py", path) or not file.is_file():
        return set()
    defined = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        each.name
        for each in ast.parse(file.read_text()).body
        if isinstance(each, defined) and each.name.startswith("test_")
    }


def missing(named: str) -> bool:
    """True when what a row names, a file or a test in it, is not there."""
    path, _, test = named.partition("::")
    there = named_in(path)
    return test not in there if test else not there


def test_every_feature_has_its_row_in_order() -> None:
    assert list(ROWS) == list(range(1, 17))


def test_every_row_has_tests() -> None:
    assert [number for number, named in ROWS.items() if not named] == []


@pytest.mark.parametrize("number", sorted(ROWS))
def test_every_test_that_a_row_names_exists(number: int) -> None:
    assert [named for named in ROWS[number] if missing(named)] == []


@pytest.mark.parametrize(
    "named",
    [
        "tests/unit/test_features.py::test_that_nobody_wrote",
        "tests/unit/test_nothing.py",
        "tests/unit/test_nothing.py::test_it",
        "tests/support/golden.py",
        "tests/unit/genesys/conftest.py",
        "",
    ],
)
def test_what_is_not_there_is_found(named: str) -> None:
    assert missing(named)


def test_what_is_there_is_not_missed() -> None:
    assert not missing("tests/unit/test_features.py::test_what_is_there_is_not_missed")
    assert not missing("tests/unit/test_features.py")
