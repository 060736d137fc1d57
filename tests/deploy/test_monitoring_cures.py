"""What a runbook advises works: a hole that the head has left behind closes under a longer overlap."""

from __future__ import annotations

from pathlib import Path

import pytest

from producer.dev.broker import Broker
from tests.support.stage import Script, Stage

pytestmark = pytest.mark.timeout(120)


def test_a_longer_overlap_closes_a_hole_that_the_head_has_left_behind(broker: Broker, tmp_path: Path) -> None:
    with Stage(broker, tmp_path, Script(settings={"CAPTURE__OVERLAP": "0s"})) as stage:
        stage.make_topics()
        first = stage.start()
        stage.wait_until_covered(first)
        stage.organisation.inject("bad-request", times=1)
        hole = first.wait_for_line("hole_opened")
        stage.wait_until_covered(first)
        assert first.stop() == 0
        assert first.lines("hole_closed") == []
        second = stage.start(CAPTURE__OVERLAP="10m")
        closed = second.wait_for_line("hole_closed")
        stage.wait_until_covered(second)
        assert closed["window"] == hole["window"]
        assert second.status()["sources"][0]["holes"] == []
        assert second.stop() == 0
        assert stage.verdict().zeros
