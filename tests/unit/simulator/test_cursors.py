"""Cursors of the gateway."""

from __future__ import annotations

import pytest

from producer.simulator import cursors
from producer.simulator.clock import MINUTE
from producer.simulator.cursors import BEGINNING, Cursor, Cursors, Place
from producer.simulator.refusals import Refused

PLACE = Place(1_000, 7)


def test_a_cursor_leads_to_its_place_while_it_lives() -> None:
    made = Cursors(10 * MINUTE)
    token = made.issue("q", PLACE, BEGINNING, 0)

    assert made.read(token, "q", 10 * MINUTE - 1) == Cursor("q", PLACE, BEGINNING, 10 * MINUTE)
    with pytest.raises(Refused, match="has expired") as refused:
        made.read(token, "q", 10 * MINUTE)
    assert (refused.value.status, refused.value.code) == (400, "invalid.cursor")


def test_one_that_is_not_known_or_is_of_another_question_is_refused() -> None:
    made = Cursors(MINUTE)
    token = made.issue("q", PLACE, BEGINNING, 0)
    for given, question in ((token, "another"), ("no-cursor", "q")):
        with pytest.raises(Refused):
            made.read(given, question, 0)
    made.forget()
    with pytest.raises(Refused):
        made.read(token, "q", 0)


def test_a_place_of_a_question_has_one_cursor() -> None:
    made = Cursors(MINUTE)
    assert made.issue("q", PLACE, BEGINNING, 0) == made.issue("q", PLACE, BEGINNING, 5)
    assert made.issue("q", PLACE, BEGINNING, 0) != made.issue("p", PLACE, BEGINNING, 0)
    assert len(made) == 2


def test_the_oldest_go_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cursors, "_MOST", 3)
    made = Cursors(MINUTE)
    tokens = [made.issue("q", Place(start, 1), BEGINNING, 0) for start in range(5)]

    assert len(made) == 3
    with pytest.raises(Refused):
        made.read(tokens[1], "q", 0)
    assert made.read(tokens[2], "q", 0).place == Place(2, 1)
