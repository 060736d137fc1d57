"""The operating guide names what there is: settings, reasons, paths, commands' files."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from producer.commands.plan import MINUTES_UNDER_WAY, OLDER_SHARE
from producer.model.reads import ReadKind
from producer.model.volume import even_volume
from producer.planning.cost import day_cost
from producer.settings import load
from producer.settings.catalogue import BY_FILE, GROUPS, SETTINGS
from producer.sizing.rules import rules_of
from producer.telemetry.names import NOT_READY
from producer.telemetry.server import _application

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "operating.md").read_text()


def first_column(header: str) -> list[str]:
    """The names in the first column of the table with this header."""
    _, _, table = GUIDE.partition(f"| {header} |")
    return re.findall(r"^\| `([^`]+)` \|", table.partition("\n\n")[0], re.MULTILINE)


def test_every_setting_that_is_named_exists() -> None:
    groups = "|".join({name.partition(".")[0] for name in SETTINGS})
    named = set(re.findall(rf"`((?:{groups})\.[a-z_.]+[a-z])(?:: \w+)?`", GUIDE))

    assert len(named) > 15
    assert named - SETTINGS.keys() - GROUPS == set()
    files = set(re.findall(r"`(\w+__\w+)`", GUIDE))
    assert files
    assert files - BY_FILE.keys() == set()


def test_every_reason_against_readiness_is_explained() -> None:
    (label,) = NOT_READY.labels

    assert sorted(first_column("reason | what it means")) == sorted(label.values)


def test_every_path_of_the_admin_server_is_explained() -> None:
    shown: Any = None
    served = [route.resource.canonical for route in _application(shown).router.routes() if route.resource]

    assert sorted(first_column("path")) == sorted(set(served))


def test_what_capture_costs_is_what_plan_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("PRODUCER_", "GENESYS")):
            monkeypatch.delenv(name)
    rules = rules_of(load(None, needs=()))
    _, _, table = GUIDE.partition("| conversations a day | head |")
    rows = re.findall(r"^\| ([\d,]+) \| (.*) \|$", table.partition("\n\n")[0], re.MULTILINE)
    assert len(rows) == 4
    for volume, told in rows:
        a_day = int(volume.replace(",", ""))
        day = day_cost(even_volume(a_day, a_day * MINUTES_UNDER_WAY / 1_440, a_day * OLDER_SHARE), rules)
        kinds = [sum(cost.requests for cost in day.costs if cost.read is kind) for kind in _KINDS]
        assert told == " | ".join([*(f"{requests:,.0f}" for requests in (*kinds, day.requests)), f"{day.share:.1%}"])


_KINDS = (ReadKind.HEAD, ReadKind.WATCH, ReadKind.REREAD)
