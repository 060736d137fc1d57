from __future__ import annotations

import orjson
import pytest

from producer.simulator import answers as module
from producer.simulator.answers import Answer, Answers
from producer.simulator.organisation import Row


def answer(at: int) -> Answer:
    served = [Row(key, key % 3, b"") for key in range(at, at + 3)]
    return Answer(at=at, request_id=f"r{at}", method="GET", path="/p?id=é", status=200, fault=None, served=served)


def read(log: Answers, after: int) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in log.lines(after, str)]


def test_answers_come_back_as_they_went_in() -> None:
    log = Answers(1 << 30)
    log.add(answer(1))
    log.add(Answer(at=2, request_id=None, method="POST", path="/oauth/token", status=429, fault="rate-limited"))
    assert read(log, 0) == [
        {
            "seq": 1,
            "at": 1,
            "requestId": "r1",
            "method": "GET",
            "path": "/p?id=é",
            "status": 200,
            "fault": None,
            "served": [["1", 1], ["2", 2], ["3", 0]],
        },
        {
            "seq": 2,
            "at": 2,
            "requestId": None,
            "method": "POST",
            "path": "/oauth/token",
            "status": 429,
            "fault": "rate-limited",
            "served": [],
        },
    ]
    assert [one["seq"] for one in read(log, 1)] == [2]
    assert read(log, 2) == []
    log.close()


def test_the_oldest_go_when_the_room_is_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SEGMENT", 1_000)
    log = Answers(3_000)
    for at in range(100):
        log.add(answer(at))
    numbers = [one["seq"] for one in read(log, 0)]
    assert numbers == list(range(numbers[0], 101))  # type: ignore[call-overload]  # seq is an int
    assert 10 < len(numbers) < 50
    log.close()


def test_a_reader_that_is_overtaken_sees_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SEGMENT", 1_000)
    log = Answers(3_000)
    for at in range(20):
        log.add(answer(at))
    lines = log.lines(0, str)
    assert orjson.loads(next(lines))["seq"] == 1
    for at in range(100):
        log.add(answer(at))
    assert all(orjson.loads(line)["seq"] <= 20 for line in lines)
    log.close()
