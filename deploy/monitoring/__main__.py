"""`python -m deploy.monitoring`: write the dashboard and the rules, in both forms."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from deploy.monitoring import alerts, dashboard

REPOSITORY = Path(__file__).parents[2]
DASHBOARD = REPOSITORY / "deploy/monitoring/dashboards/genesys-producer.json"
RULES = REPOSITORY / "deploy/monitoring/rules/genesys-producer.rules.yaml"
PROMETHEUS_RULE = REPOSITORY / "deploy/kubernetes/components/prometheus-operator/prometheus-rule.yaml"


def files(runbooks: str = alerts.RUNBOOKS) -> Mapping[Path, str]:
    """Every generated file and what it holds."""
    return {
        DASHBOARD: dashboard.as_json(),
        RULES: alerts.as_yaml(alerts.rules(runbooks)),
        PROMETHEUS_RULE: alerts.as_yaml(alerts.prometheus_rule(runbooks)),
    }


def main() -> None:
    """Write them."""
    parser = argparse.ArgumentParser(prog="python -m deploy.monitoring", description=__doc__)
    parser.add_argument(
        "--runbooks", default=alerts.RUNBOOKS, metavar="URL", help="where alerts point to (default %(default)s)"
    )
    for path, text in files(parser.parse_args().runbooks).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()
