"""Runbooks: one for every alert, and each names only commands, metrics, settings and words that exist."""

from __future__ import annotations

import dataclasses
import inspect
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.monitoring.__main__ import REPOSITORY
from deploy.monitoring.alerts import ALERTS, RUNBOOKS, Alert
from producer import errors, events
from producer.cli import COMMANDS, _parser
from producer.model.coverage import HISTORY, Hole
from producer.settings.catalogue import BY_VARIABLE, GROUPS, SETTINGS
from producer.telemetry import names, snapshot
from producer.telemetry.health import Reason
from producer.telemetry.lines import action_of

FOLDER = REPOSITORY / RUNBOOKS
HEADINGS = ["What it means", "Confirm", "Do", "Escalate"]
PROGRAM = "genesys-producer"
PERMISSION = "analytics:conversationDetail:view"


def _shown_fields() -> Iterator[str]:
    for kind in (*vars(snapshot).values(), Hole, Reason):
        if dataclasses.is_dataclass(kind):
            yield from (field.name for field in dataclasses.fields(kind))


ACTIONS = {
    action_of(kind) for kind in vars(events).values() if inspect.isclass(kind) and issubclass(kind, events.Event)
}
ERRORS = {name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, Exception)}
LABELS = {value for metric in names.ALL for label in metric.labels for value in (label.name, *label.values)}
LETTER_HEADERS = {"reason", "path"}
VALUES = {"summary"}
"""Values of settings that a runbook advises."""
OTHERS = {HISTORY, PERMISSION, PROGRAM, "correlation_id", "--", "--config", "critical", "warning"}
WORDS = ACTIONS | ERRORS | LABELS | LETTER_HEADERS | VALUES | OTHERS | set(_shown_fields()) | set(COMMANDS)
METRICS = {metric.full_name for metric in names.ALL}
ABBREVIATIONS = {"describe"}
"""Verbs of kubectl that a text refers to after it has shown them whole."""


def runbooks() -> list[Path]:
    return sorted(FOLDER.glob("*.md"))


def commands(text: str) -> list[list[str]]:
    """The command lines of the shell blocks, as words."""
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```$", text, flags=re.MULTILINE | re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines() if line.strip()]


def spans(text: str) -> list[str]:
    """What stands between backticks in the text around the blocks."""
    return re.findall(r"`([^`]+)`", re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL))


def exists(span: str) -> bool:
    """Whether what a runbook names is something that there is."""
    words = span.split()
    if len(words) > 1 and words[0] in {PROGRAM, *COMMANDS}:
        return is_command(words[words[0] == PROGRAM :])
    if span.startswith(names.PREFIX):
        return span in METRICS
    return (
        span in WORDS | ABBREVIATIONS
        or span in SETTINGS
        or span in GROUPS
        or span in BY_VARIABLE
        or (not span.startswith("/") and (REPOSITORY / span).exists())
    )


def is_command(words: list[str]) -> bool:
    """Whether the command line takes these words."""
    try:
        _parser(words).parse_args(words)
    except SystemExit:
        return False
    return True


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert {path.stem for path in runbooks()} - {"README"} == {alert.name for alert in ALERTS}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_a_runbook_says_what_it_means_how_to_confirm_what_to_do_and_when_to_escalate(alert: Alert) -> None:
    text = (FOLDER / f"{alert.name}.md").read_text()
    title, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
    assert title == f"# {alert.name}\n\n"
    assert [section.partition("\n")[0] for section in sections] == HEADINGS
    assert all(section.partition("\n")[2].strip() for section in sections)
    assert commands(sections[1]), "how to confirm is something to type"


@pytest.mark.parametrize("path", runbooks(), ids=lambda path: path.stem)
def test_what_a_runbook_names_exists(path: Path) -> None:
    assert [span for span in spans(path.read_text()) if not exists(span)] == []


@pytest.mark.parametrize("path", runbooks(), ids=lambda path: path.stem)
def test_an_alert_that_a_runbook_refers_to_exists(path: Path) -> None:
    assert set(re.findall(r"GenesysProducer\w+", path.read_text())) <= {alert.name for alert in ALERTS}


@pytest.mark.parametrize("path", runbooks(), ids=lambda path: path.stem)
def test_a_command_of_the_product_in_a_runbook_is_taken_by_its_command_line(path: Path) -> None:
    for words in commands(path.read_text()):
        assert words[0] == "kubectl"
        if "--" in words:
            program, *rest = words[words.index("--") + 1 :]
            assert (program, is_command(rest)) == (PROGRAM, True), words


def test_a_command_of_kubectl_in_a_runbook_exists_with_its_options() -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not on this machine: see kubernetes.io/docs/tasks/tools")
    wanted: dict[tuple[str, ...], set[str]] = {}
    for path in runbooks():
        for words in commands(path.read_text()):
            own = words[1 : words.index("--")] if "--" in words else words[1:]
            verb, options = _verb_and_options(own)
            wanted.setdefault(verb, set()).update(options)
    for verb, options in wanted.items():
        told = subprocess.run([kubectl, *verb, "--help"], capture_output=True, text=True, timeout=30, check=False)
        assert told.returncode == 0, verb
        assert [option for option in options if f"{option}=" not in told.stdout] == [], verb


def _verb_and_options(words: list[str]) -> tuple[tuple[str, ...], set[str]]:
    """`-n x rollout restart deployment/y --since=1h` -> (rollout, restart), {--since}."""
    if words[0] == "-n":
        words = words[2:]
    length = 2 if words[0] in {"rollout", "top"} else 1
    return tuple(words[:length]), {word.partition("=")[0] for word in words if word.startswith("--")}


@pytest.mark.parametrize(
    "span",
    [
        "genesys-producer holes list",
        "capture.overlaps",
        "genesys_producer_holes_total",
        "hole_made",
        "PRODUCER_NOTHING",
    ],
)
def test_a_name_that_does_not_exist_is_found(span: str) -> None:
    assert not exists(span)
