from __future__ import annotations

import pytest

from producer import errors
from producer.model.volume import Volume, even_volume

HOUR = 3_600.0
QUARTERS = Volume(begun=(100, 200, 400, 300), under_way=(0, 10, 50, 40))
"""Four spans of six hours."""


@pytest.mark.parametrize(
    ("start", "end", "hits"),
    [
        (0, 24, 1_000),  # a whole day: nothing was under way when it began
        (0, 6, 100),
        (6, 12, 10 + 200),
        (6, 9, 10 + 100),
        (9, 12, 30 + 100),  # half way between 10 and 50
        (21, 24, 40 + 150),  # nobody knows how many there are at its end
        (3, 21, 5 + 50 + 200 + 400 + 150),
    ],
)
def test_a_window_returns_what_lives_where_it_begins_and_what_begins_in_it(
    start: float, end: float, hits: float
) -> None:
    assert QUARTERS.hits(start * HOUR, end * HOUR) == hits


def test_what_it_adds_up_to() -> None:
    assert (QUARTERS.a_day, QUARTERS.mean_under_way, QUARTERS.span_seconds) == (1_000, 25, 6 * HOUR)


def test_an_even_day_has_as_many_in_every_hour() -> None:
    day = even_volume(24_000, 50, 10)
    assert day.hits(0, HOUR) == 1_000
    assert day.hits(5 * HOUR, 6 * HOUR) == day.hits(23 * HOUR, 24 * HOUR) == 1_050
    assert day.still_open == (5, 3, 2)


@pytest.mark.parametrize(
    ("begun", "under_way", "still_open"), [((), (), (0, 0, 0)), ((1,), (1, 2), (0, 0, 0)), ((1,), (1,), (0, 0))]
)
def test_numbers_that_do_not_go_together_are_refused(
    begun: tuple[float, ...], under_way: tuple[float, ...], still_open: tuple[float, ...]
) -> None:
    with pytest.raises(errors.ProducerError, match="as many numbers of each kind"):
        Volume(begun=begun, under_way=under_way, still_open=still_open)
