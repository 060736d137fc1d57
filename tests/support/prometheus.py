"""A real Prometheus of a test's own, and what it says. It dies with the process that started it."""

from __future__ import annotations

import json
import math
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
import yaml

from producer.dev.child import Child
from producer.dev.rehearsal import free_port

PATIENCE = 30.0
GRACE = 10.0
STEP = "0.5"
"""Seconds between two scrapes, and between two points of a query over the run."""


@dataclass(frozen=True, slots=True)
class Series:
    """One series of an answer: its labels, and its values in order of time."""

    labels: Mapping[str, str]
    values: tuple[float, ...]

    @property
    def speaks(self) -> bool:
        """Whether some value is a number and not 0."""
        return any(math.isfinite(value) and value != 0 for value in self.values)


def tool(name: str) -> str:
    """The path of `prometheus` or `promtool`; the test is skipped where the machine has none."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not on this machine: apt-get install prometheus; then: make test ARGS=tests/deploy")
    return found


class Prometheus:
    """Enter it to start it. `targets` are scraped under one job name; `rules` are evaluated every second."""

    def __init__(self, directory: Path, *, job: str, targets: Sequence[str], rules: Path) -> None:
        self._program = tool("prometheus")
        self._directory = directory
        self._config = {
            "global": {"scrape_interval": f"{float(STEP) * 1000:.0f}ms", "evaluation_interval": "1s"},
            "rule_files": [str(rules.resolve())],
            "scrape_configs": [{"job_name": job, "static_configs": [{"targets": list(targets)}]}],
        }
        self._url = f"http://127.0.0.1:{free_port()}"
        self._started = time.time()

    def __enter__(self) -> Self:
        config = self._directory / "prometheus.yaml"
        config.write_text(yaml.safe_dump(self._config))
        self._log = self._directory / "prometheus.log"
        command = [
            self._program,
            f"--config.file={config}",
            f"--storage.tsdb.path={self._directory / 'data'}",
            f"--web.listen-address={self._url.removeprefix('http://')}",
            "--log.level=warn",
        ]
        self._child = Child(command, log=self._log)
        self._wait_until_ready()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._child.stop(grace=GRACE)

    def wait_for(self, query: str, seconds: float = PATIENCE) -> None:
        """Wait until a query's answer holds a value other than 0."""
        deadline = time.monotonic() + seconds
        while not any(series.speaks for series in self.now(query)):
            assert time.monotonic() < deadline, f"{query}: nothing within {seconds:g} s"
            time.sleep(0.1)

    def now(self, query: str) -> list[Series]:
        """What a query gives at this moment."""
        found = self._get("query", query=query)["result"]
        return [Series(one["metric"], (float(one["value"][1]),)) for one in found]

    def over_the_run(self, query: str) -> list[Series]:
        """What a query gives at every step since the start; the last one lies behind the last scrape."""
        end = time.time() + float(STEP)
        found = self._get("query_range", query=query, start=self._started, end=end, step=STEP)["result"]
        return [Series(one["metric"], tuple(float(value) for _, value in one["values"])) for one in found]

    def values_of(self, label: str, series: str) -> list[str]:
        """The values that a label of some series has had."""
        values: list[str] = self._get(f"label/{label}/values", **{"match[]": series})
        return values

    def rules(self) -> list[Mapping[str, Any]]:
        """The rules with what became of their evaluation."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def _get(self, path: str, **parameters: object) -> Any:
        address = f"{self._url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as refusal:
            with refusal:
                raise AssertionError(f"{path} {parameters}: {refusal.read().decode()}") from refusal

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                with urllib.request.urlopen(f"{self._url}/-/ready", timeout=5):
                    return
            except OSError:
                assert self._child.exit_code() is None, f"prometheus ended: {self._log.read_text()}"
                assert time.monotonic() < deadline, f"prometheus is not ready: {self._log.read_text()}"
                time.sleep(0.05)
