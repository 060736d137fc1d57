"""Dashboard and rules as files: they are what their generator makes, and whole."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.monitoring.__main__ import DASHBOARD, PROMETHEUS_RULE, REPOSITORY, RULES, files
from deploy.monitoring.alerts import ALERTS, Alert, rules
from deploy.monitoring.dashboard import ROWS
from deploy.monitoring.promql import Scope
from producer.telemetry import names
from tests.support.prometheus import tool

RULE_TESTS = RULES.parent / "tests"
SAMPLES = re.compile(r"_(bucket|sum|count|info)$")
NAMES = {metric.full_name for metric in names.ALL}


def panels() -> list[dict[str, Any]]:
    """The panels of the committed file, without the rows."""
    return [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]


def metrics_of(text: str) -> set[str]:
    """The metrics that a text names, whatever sample of them."""
    found = re.findall(rf"{names.PREFIX}\w+", text)
    return {name if name in NAMES else SAMPLES.sub("", name) for name in found}


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_a_committed_file_is_what_its_generator_makes(path: Path) -> None:
    assert path.read_text() == files()[path], "regenerate it: python -m deploy.monitoring"


def test_the_four_questions_are_the_rows_in_this_order() -> None:
    assert [title for title, _ in ROWS] == ["Is it working?", "Is it complete?", "Is it late?", "Why?"]
    titles = [panel["title"] for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] == "row"]
    assert titles == [title for title, _ in ROWS]


def test_every_panel_has_a_title_a_description_and_a_unit() -> None:
    bare = [
        panel["title"]
        for panel in panels()
        if not (panel["title"] and panel["description"] and panel["fieldConfig"]["defaults"]["unit"])
    ]
    assert bare == []
    titles = [panel["title"] for panel in panels()]
    assert len(set(titles)) == len(titles)


def test_every_panel_and_every_query_asks_the_data_source_that_is_chosen() -> None:
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    asked = [panel["datasource"] for panel in panels()]
    asked += [target["datasource"] for panel in panels() for target in panel["targets"]]
    assert asked == [chosen] * len(asked)


def test_every_query_follows_the_variables() -> None:
    for panel in panels():
        for target in panel["targets"]:
            selectors = re.findall(rf"{names.PREFIX}\w+(\{{[^}}]*\}})?", target["expr"])
            assert all('job=~"$job", instance=~"$instance"' in selector for selector in selectors), target["expr"]


def test_panels_fill_the_grid_without_overlapping() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells


def test_every_metric_of_the_product_is_on_the_dashboard_and_nothing_else() -> None:
    assert metrics_of(DASHBOARD.read_text()) == NAMES


def test_rules_ask_only_for_metrics_of_the_product() -> None:
    assert metrics_of(RULES.read_text()) < NAMES


def test_a_label_that_a_metric_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="genesys_producer_holes has no label reason"):
        Scope().series(names.HOLES, reason="history")


def test_a_value_that_a_label_never_takes_is_refused() -> None:
    with pytest.raises(ValueError, match="state of genesys_producer_breaker_state never is half-open"):
        Scope().series(names.BREAKER_STATE, state="open|half-open")


def test_the_operator_gets_the_same_rules() -> None:
    resource = yaml.safe_load(PROMETHEUS_RULE.read_text())
    head = (resource["apiVersion"], resource["kind"], resource["metadata"]["name"])
    assert head == ("monitoring.coreos.com/v1", "PrometheusRule", "genesys-producer")
    assert resource["spec"] == yaml.safe_load(RULES.read_text()) == rules()


def test_alerts_may_point_to_runbooks_on_the_web() -> None:
    (group,) = rules("https://wiki.example.com/runbooks/")["groups"]
    addresses = [rule["annotations"]["runbook_url"] for rule in group["rules"]]
    assert addresses == [f"https://wiki.example.com/runbooks/{alert.name}.md" for alert in ALERTS]


def test_promtool_accepts_the_rules() -> None:
    checked = _promtool("check", "rules", "--lint-fatal", str(RULES))
    assert (checked.returncode, checked.stderr) == (0, "")
    assert f"SUCCESS: {len(ALERTS)} rules found" in checked.stdout


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_fires_when_it_should_and_stays_silent_when_it_should(alert: Alert) -> None:
    path = RULE_TESTS / f"{alert.name}.yaml"
    checked = _promtool("test", "rules", str(path))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    expected = [
        bool(each["exp_alerts"])
        for test in yaml.safe_load(path.read_text())["tests"]
        for each in test["alert_rule_test"]
        if each["alertname"] == alert.name
    ]
    assert set(expected) == {True, False}, "a rule test needs an instant where it fires and one where it does not"


def test_no_rule_test_is_of_an_alert_that_is_gone() -> None:
    assert {path.stem for path in RULE_TESTS.iterdir()} == {alert.name for alert in ALERTS}


def _promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [tool("promtool"), *arguments], cwd=REPOSITORY, capture_output=True, text=True, timeout=30, check=False
    )
