"""The dashboard against the truth: a real Prometheus scrapes a real daemon through a run with faults of every kind.

Every query of the dashboard, with its variables filled in, gives a value other than 0 at some instant of that run.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.monitoring.__main__ import RULES
from deploy.monitoring.alerts import ALERTS
from deploy.monitoring.dashboard import as_json
from deploy.monitoring.promql import Scope
from producer.dev.broker import Broker
from producer.dev.rehearsal import free_port
from producer.errors import PrerequisiteMissing
from producer.telemetry import names
from tests.support.prometheus import Prometheus, tool
from tests.support.receiver import SECRET as SIGNING_SECRET
from tests.support.stage import Daemon, Script, Stage

pytestmark = [pytest.mark.timeout(180), pytest.mark.kafka]

JOB = "genesys-producer"
SPEED = 30.0
POISON = 0.01
HEAD_LAG = "90s"
"""What the first daemon leaves unread for the second one, whose clock is behind: three seconds of real time."""
REREADS = "2m,10m"
"""Ages at which something has changed, and which come within the run: four and twenty seconds of real time."""
SECONDS_BEHIND = 10
"""Real seconds that the clock of the second daemon is behind: time to restore before it may read."""
SPAN = "5s"
"""What rates are taken over."""
ANY = Scope()

NO_ROOM_FOR_A_LOG = """
import os, sys
os.dup2(os.open("/dev/full", os.O_WRONLY), 2)
os.execv(sys.executable, [sys.executable, "-m", "producer", "run"])
"""
"""The daemon with a log whose disk is full, as a program."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One query of the dashboard."""

    panel: str
    number: str
    expression: str
    legend: str

    def __str__(self) -> str:
        return f"{self.panel} {self.number}"


DASHBOARD = json.loads(as_json())
QUERIES = tuple(
    Asked(panel["title"], target["refId"], target["expr"], target["legendFormat"])
    for panel in DASHBOARD["panels"]
    for target in panel.get("targets", ())
)
VARIABLES = {variable["name"]: variable["query"] for variable in DASHBOARD["templating"]["list"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What was seen of the run; Prometheus still answers."""

    prometheus: Prometheus
    scrape: str
    targets: tuple[str, ...]
    seconds: float

    def filled(self, text: str) -> str:
        """A text of the dashboard with its variables filled in."""
        values = {
            "$job": JOB,
            "$instance": "|".join(re.escape(target).replace("\\", "\\\\") for target in self.targets),
            "$source": "default",
            "$__rate_interval": SPAN,
            "$__range": f"{self.seconds:.0f}s",
        }
        for variable, value in values.items():
            text = text.replace(variable, value)
        assert "$" not in text
        return text


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One daemon, and a second one that takes its lane, through everything that a dashboard tells of."""
    tool("prometheus")
    try:
        own = Broker.started()
    except PrerequisiteMissing as missing:
        pytest.skip(f"{missing}. {missing.what_to_do}; then: make test ARGS='-m kafka'")
    directory = tmp_path_factory.mktemp("monitoring")
    secret = directory / "secrets" / "genesys__client_secret"
    secret.parent.mkdir()
    secret.write_text("mistyped\n")
    settings = {
        "GENESYS__CLIENT_SECRET": None,
        "SECRETS_DIR": str(secret.parent),
        "CAPTURE__HEAD_LAG": HEAD_LAG,
        "CAPTURE__OVERLAP": "0s",  # so that what changes after the head has read it is left for a re-read
        "CAPTURE__REREADS": REREADS,
        "WEBHOOK__URL": f"http://127.0.0.1:{free_port()}/",  # nobody listens there
        "WEBHOOK__SECRETS": SIGNING_SECRET,
        "WEBHOOK__ALLOW_HTTP": "true",
    }
    script = Script(speed=SPEED, poison=POISON, settings=settings)
    with own as broker, Stage(broker, directory, script) as stage:
        other = free_port()
        targets = (stage.admin_url.removeprefix("http://"), f"127.0.0.1:{other}")
        with Prometheus(directory, job=JOB, targets=targets, rules=RULES) as prometheus:
            began = time.monotonic()
            stage.make_topics()
            daemon = _begin(stage, prometheus, secret)
            _trouble(stage, prometheus, daemon)
            scrape = daemon.get("/metrics")[1]
            _lose_the_broker(stage, prometheus, daemon)
            _lose_the_lane(stage, prometheus, daemon, other)
            yield Run(prometheus=prometheus, scrape=scrape, targets=targets, seconds=time.monotonic() - began)


_BY_ITSELF = (
    *(names.RECORDS_UNCHANGED, names.DEAD_LETTERS, names.SCHEMA_DRIFT, names.RECORD_FRESHNESS),
    *(names.OPEN_CONVERSATIONS, names.WATCHED_CONVERSATIONS),
)
"""What every organisation shows."""


def _begin(stage: Stage, prometheus: Prometheus, secret: Path) -> Daemon:
    """A wrong secret at first, and names that may not be looked up; then what an organisation shows by itself."""
    stage.organisation.inject("forbidden", path="/routing/queues", times=2)
    daemon = stage.start()
    prometheus.wait_for(ANY.series(names.NOT_READY, reason="credentials"))
    secret.write_text("simulator-secret\n")
    prometheus.wait_for(ANY.rate(names.DIRECTORY_FAILURES, SPAN))
    for metric in (*_BY_ITSELF, names.TIER_RECORDS, names.LATE_ARRIVAL):
        prometheus.wait_for(ANY.series(metric, "_count" if metric.kind is names.Kind.HISTOGRAM else ""))
    return daemon


def _trouble(stage: Stage, prometheus: Prometheus, daemon: Daemon) -> None:
    """Answers that go wrong, and what is seen of each."""
    organisation = stage.organisation

    def until(fault: str, *seen: str) -> None:
        organisation.inject(fault, retry_after=10)
        for query in seen:
            prometheus.wait_for(query)
        organisation.do(lambda simulator: simulator.clear_faults())
        daemon.wait_until_ready()

    until("rate-limited", ANY.series(names.RATE_LIMITED), ANY.series(names.RATE_LIMIT_REQUESTS, kind="learned"))
    until("truncated", ANY.series(names.HTTP_RETRIES, reason="body"))
    until("bad-gateway", ANY.series(names.BREAKER_STATE, state="open"), ANY.series(names.WATCH_LATENESS))
    until("bad-request", ANY.series(names.HOLES), f"{ANY.behind(names.OLDEST_HOLE)} > 0")
    prometheus.wait_for(ANY.series(names.WEBHOOK_DELIVERIES, outcome="retried"))
    until("stale", ANY.series(names.REGRESSIONS))


def _lose_the_broker(stage: Stage, prometheus: Prometheus, daemon: Daemon) -> None:
    """A power cut of the broker."""
    stage.broker.kill()
    prometheus.wait_for(ANY.series(names.NOT_READY, reason="broker"))
    stage.broker.start()
    daemon.wait_until_ready(30)
    stage.wait_until_covered(daemon, seconds=30)  # what follows is to be fenced, not given up with the outage


def _lose_the_lane(stage: Stage, prometheus: Prometheus, first: Daemon, port: int) -> None:
    """A second daemon with the same identity fences the first; its clock is behind, so what it reads seems older.

    Its log can't be written, which hinders it in nothing.
    """
    epoch = str(stage.clock.epoch + SECONDS_BEHIND)
    stage.start("-c", NO_ROOM_FOR_A_LOG, ADMIN__PORT=str(port), DEV__CLOCK_EPOCH=epoch, CAPTURE__HEAD_LAG="0s")
    first.wait_for_line("lane_fenced", seconds=30)
    prometheus.wait_for(ANY.series(names.FENCED))
    prometheus.wait_for(ANY.series(names.KAFKA_DISCARDS, reason="Fenced"))
    assert first.stop() == 0  # else it would soon take the lane back
    prometheus.wait_for(ANY.rate(names.RECORDS_STALE, SPAN))


@pytest.mark.parametrize("asked", QUERIES, ids=str)
def test_a_query_of_the_dashboard_speaks(run: Run, asked: Asked) -> None:
    series = run.prometheus.over_the_run(run.filled(asked.expression))
    assert series, "no series at all"
    assert any(one.speaks for one in series), "nothing but 0"


@pytest.mark.parametrize("asked", QUERIES, ids=str)
def test_the_legend_names_labels_that_every_series_has(run: Run, asked: Asked) -> None:
    wanted = set(re.findall(r"\{\{(\w+)\}\}", asked.legend))
    for series in run.prometheus.over_the_run(run.filled(asked.expression)):
        assert wanted <= series.labels.keys()


@pytest.mark.parametrize("name", [name for name in VARIABLES if name != "datasource"])
def test_a_variable_of_the_dashboard_finds_its_values(run: Run, name: str) -> None:
    question = re.fullmatch(r"label_values\((.*), (\w+)\)", run.filled(VARIABLES[name]))
    assert question
    series, label = question.groups()
    expected = {"job": [JOB], "instance": sorted(run.targets), "source": ["default"]}
    assert sorted(run.prometheus.values_of(label, series)) == expected[name]


def test_every_alert_is_evaluated_without_error(run: Run) -> None:
    rules = {rule["name"]: (rule["health"], rule.get("lastError", "")) for rule in run.prometheus.rules()}
    assert rules == {alert.name: ("ok", "") for alert in ALERTS}


def test_promtool_accepts_the_scrape_of_a_daemon_that_has_been_through_trouble(run: Run) -> None:
    checked = subprocess.run(
        [tool("promtool"), "check", "metrics"],
        input=run.scrape,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
