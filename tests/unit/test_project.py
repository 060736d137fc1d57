"""The project itself: locks, what its files may not say, and documents that match the code."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from producer.cli import COMMANDS
from producer.settings.catalogue import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("build", "runtime", "demo", "dev")
TEXTS = {".py", ".md", ".toml", ".sh", ".lock", ".yaml", ".yml", ".jars", ".avsc", ".cfg", ""}


def _text(path: str) -> str:
    return (ROOT / path).read_text()


@cache
def _project() -> Mapping[str, Any]:
    return tomllib.loads(_text("pyproject.toml"))


@cache
def _files() -> tuple[str, ...]:
    """The files of the project: those that git tracks, else (from an archive) all that is not made by a tool."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        return tuple(name for name in listed.split("\0") if name and (ROOT / name).is_file())
    made = {".venv", ".cache", "__pycache__", "dist", "build"}
    return tuple(
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*")
        if path.is_file() and made.isdisjoint(part for part in path.parts)
    )


def _documents() -> Iterator[str]:
    return (name for name in _files() if name.endswith(".md"))


def _canonical(requirement: str) -> str:
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name is not None
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def _locked(lock: str) -> set[str]:
    return {
        _canonical(line) for line in _text(f"requirements/{lock}.lock").splitlines() if re.match(r"[A-Za-z0-9]", line)
    }


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_is_versions_and_hashes_and_nothing_else(lock: str) -> None:
    joined = _text(f"requirements/{lock}.lock").replace("\\\n", " ")
    form = re.compile(r"[A-Za-z0-9._-]+(\[[a-z0-9, _-]+\])?==[^ ;]+( ;[^\\]*?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*")

    assert [line for line in joined.splitlines() if line.strip() and not form.fullmatch(line)] == []


def test_every_dependency_is_locked() -> None:
    project = _project()["project"]
    extras = project["optional-dependencies"]
    runtime = {_canonical(each) for each in project["dependencies"] + extras["speed"]}

    assert runtime - _locked("runtime") == set()
    assert runtime | {_canonical(each) for each in extras["demo"]} <= _locked("demo")
    assert {_canonical(each) for each in _project()["build-system"]["requires"]} - _locked("build") == set()
    tools = [each for group in ("test", "lint") for each in _project()["dependency-groups"][group]]
    assert {_canonical(each) for each in tools} - _locked("dev") == set()


def test_a_lock_names_the_extras_that_its_packages_ask_of_one_another() -> None:
    """Debian 12's pip takes `coverage[toml]>=7` for unpinned where the lock says `coverage==7.17.3` alone."""
    locked = {
        _canonical(line): set(re.findall(r"[a-z0-9_-]+", line.partition("==")[0].partition("[")[2]))
        for line in _text("requirements/dev.lock").splitlines()
        if re.match(r"[A-Za-z0-9]", line)
    }
    asked = [
        requirement
        for distribution in metadata.distributions()
        if _canonical(distribution.name) in locked
        for requirement in map(Requirement, distribution.requires or ())
        if requirement.extras and (requirement.marker is None or requirement.marker.evaluate({"extra": ""}))
    ]

    def unlocked(requirements: list[Requirement]) -> list[str]:
        return [str(each) for each in requirements if not each.extras <= locked[_canonical(each.name)]]

    assert unlocked(asked) == []
    assert unlocked([Requirement("coverage[toml]>=7")]) == ["coverage[toml]>=7"]


def test_no_file_names_a_registry_or_a_place_of_one_machine() -> None:
    registries = ("pypi" + r"\.org", "pythonhosted" + r"\.", "maven" + r"\.org", "repo1" + r"\.", "docker" + r"\.io")
    places = ("/work" + "/", "/root" + "/", "/home" + "/[a-z]", r"\.\./" + "shared")
    forbidden = re.compile("|".join(registries + places))
    found = [
        f"{name}: {match[0]}"
        for name in _files()
        if Path(name).suffix in TEXTS
        for match in forbidden.finditer((ROOT / name).read_text(errors="replace"))
    ]

    assert found == []


def test_every_lint_rule_that_is_off_says_why() -> None:
    _, _, lint = _text("pyproject.toml").partition("[tool.ruff.lint]")
    section, _, _ = lint.partition("[tool.ruff.lint.flake8-bugbear]")
    rules = [line for line in section.splitlines() if re.match(r' {4}"[A-Z]+\d*",', line)]

    assert len(rules) > 20
    assert [line for line in rules if not re.search(r"# \S+ \S+", line)] == []


def test_every_exception_in_the_code_says_why() -> None:
    silent = re.compile(r"#\s*(noqa(: [A-Z0-9, ]+)?|type: ignore(\[[a-z, -]+\])?)\s*$")
    found = [
        f"{name}:{number}"
        for name in _files()
        if name.startswith("producer/") and name.endswith(".py")
        for number, line in enumerate(_text(name).splitlines(), 1)
        if silent.search(line)
    ]

    assert found == []


def test_the_readme_names_the_two_commands_and_every_command_of_the_command_line() -> None:
    readme = _text("README.md")
    _, _, section = readme.partition("\n## Commands\n")
    table, _, _ = section.partition("\n## ")
    named = {match[1] for match in re.finditer(r"^\| `([a-z]+)", table, re.MULTILINE)}

    assert named == COMMANDS.keys()
    assert re.search(r"^make demo\b", readme, re.MULTILINE)
    assert re.search(r"^make test\b", readme, re.MULTILINE)


def test_the_settings_of_the_readme_exist() -> None:
    _, _, table = _text("README.md").partition("| setting | default |")
    rows = re.findall(r"^\| (`[^|]+) \|", table.partition("\n\n")[0], re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}

    assert len(named) > 10
    assert [name for name in named if not any(known.startswith(name.removesuffix("*")) for known in SETTINGS)] == []


def test_every_command_that_a_text_recommends_exists() -> None:
    files = [
        name for name in _files() if name.startswith(("producer/", "docs/", "README")) and Path(name).suffix in TEXTS
    ]
    named = {
        match[1] for name in files for match in re.finditer(r"`genesys-producer ([a-z]+(?: [a-z]+)?)", _text(name))
    }
    actions = {"topics": {"create", "check"}, "state": {"show"}, "config": {"check", "show", "schema"}}

    assert {words for words in named if words.split()[0] not in COMMANDS} == set()
    two = {tuple(words.split()) for words in named if " " in words and words.split()[0] in actions}
    assert {each for each in two if each[1] not in actions[each[0]]} == set()


def test_every_place_in_the_architecture_exists_and_every_place_is_there() -> None:
    table = _text("docs/ARCHITECTURE.md")
    rows = "\n".join(line.split("|")[1] for line in table.splitlines() if line.startswith("| `"))
    named = set(re.findall(r"`([^`]+)`", rows))
    packages = {f"{path.parent.name}/" for path in (ROOT / "producer").glob("*/__init__.py")}

    assert [name for name in named if not (ROOT / "producer" / name).exists()] == []
    assert packages - named == set()
    pointed = set(re.findall(r"`((?:producer/)?[\w/]+\.py)`", table))
    assert [name for name in pointed if not (ROOT / "producer" / name.removeprefix("producer/")).exists()] == []


CLASSES_OF_WORDS = {
    "window": "Window",
    "slice": "Slice",
    "read": "Read",
    "page": "Page",
    "verdict": "Verdict",
    "coverage": "Coverage",
    "hole": "Hole",
    "batch": "Batch",
    "receipt": "Receipt",
    "lane": "Lane",
    "checkpoint": "Checkpoint",
    "limiter": "Limiter",
    "breaker": "Breaker",
    "working copy": "WorkingCopy",
    "prerequisite": "Prerequisite",
}


def test_the_words_of_the_glossary_are_the_names_of_classes() -> None:
    words = set(re.findall(r"^\| ([a-z -]+) \|", _text("docs/GLOSSARY.md"), re.MULTILINE))
    classes = {
        node.name
        for name in _files()
        if name.startswith("producer/") and name.endswith(".py")
        for node in ast.walk(ast.parse(_text(name)))
        if isinstance(node, ast.ClassDef)
    }

    assert CLASSES_OF_WORDS.keys() - words == set()
    assert set(CLASSES_OF_WORDS.values()) - classes == set()


def _anchors(document: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_link_of_a_document_leads_somewhere() -> None:
    lost = []
    for name in _documents():
        for link in re.findall(r"\]\(([^)\s]+)\)", _text(name)):
            target, _, anchor = link.partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            file = (ROOT / name).parent / target if target else ROOT / name
            if not file.exists() or (anchor and anchor not in _anchors(file)):
                lost.append(f"{name}: {link}")

    assert lost == []
