from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from producer.simulator import ManualClock, SimulatorOptions, VirtualClock
from producer.simulator.clock import millis, text


def test_instants_are_written_as_the_platform_does() -> None:
    assert text(millis(datetime(2026, 3, 10, 9, 5, 7, 40_000, tzinfo=UTC))) == "2026-03-10T09:05:07.040Z"


def test_a_virtual_clock_runs_from_its_origin_at_its_speed() -> None:
    origin = datetime(2026, 3, 10, 10, tzinfo=UTC)
    clock = VirtualClock(origin, time.time() - 10, 60.0)
    assert clock.now() - millis(origin) == pytest.approx(600_000, abs=30_000)


def test_without_settings_it_is_real_time() -> None:
    assert VirtualClock().now() == pytest.approx(time.time() * 1000, abs=2_000)


def test_a_manual_clock_moves_by_hand() -> None:
    clock = ManualClock("2026-03-10T10:00:00Z")
    clock.advance(1_500)
    assert text(clock.now()) == "2026-03-10T10:00:01.500Z"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("rate_per_day", 0),
        ("rate_per_day", 1_000_001),
        ("speed", 0.0),
        ("origin", datetime(2026, 3, 10)),  # noqa: DTZ001  that is what is refused
        ("other_client_share", 1.0),
        ("limit_per_minute", 0),
    ],
)
def test_impossible_options_are_refused_by_name(option: str, value: object) -> None:
    with pytest.raises(ValueError, match=option):
        SimulatorOptions(**{option: value})  # type: ignore[arg-type]  # the table holds values of several types


def test_the_secret_is_in_no_repr() -> None:
    assert "simulator-secret" not in repr(SimulatorOptions())
