from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from producer import errors
from producer.commands import plan
from producer.genesys.survey import THOROUGH
from producer.settings import SettingsRefused
from producer.simulator import SimulatorOptions
from tests.support.simulated import QUERY, SimulatedOrganisation

Plan = Callable[..., str]


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Plan:
    """Run `plan` with these words and settings, in an environment without any others; returns what it printed."""
    for name in list(os.environ):
        if name.startswith(("PRODUCER_", "GENESYS")):
            monkeypatch.delenv(name)
    parser = argparse.ArgumentParser()
    plan.configure(parser)

    def run(*words: str, **settings: str) -> str:
        for name, value in settings.items():
            monkeypatch.setenv(f"PRODUCER_{name}", value)
        assert plan.run(parser.parse_args(words)) == 0
        return capsys.readouterr().out

    return run


TOKEN = {
    "GENESYS__DIALECT": "token",
    "GENESYS__API_URL": "http://127.0.0.1:1/gateway",
    "GENESYS__REALM_ID": "a-realm",
    "GENESYS__CLIENT_ID": "me",
    "GENESYS__CLIENT_SECRET": "a-secret",
    "GENESYS__PAGE_SIZE": "2000",
}


def test_a_gateway_of_the_token_dialect_can_not_be_asked_how_many_there_are(planned: Plan) -> None:
    with pytest.raises(errors.UsageError, match="give --volume"):
        planned(**TOKEN)


def test_of_a_volume_that_is_given_it_says_what_windows_of_large_pages_cost(planned: Plan) -> None:
    told = values(planned("--volume", "150000", "--output", "json", **TOKEN))
    reads = [(read["read"], read["requestsPerDay"]) for read in told["reads"]]
    assert [read for read, _ in reads] == ["head", *["reread"] * 4]
    assert reads[0] == ("head", 5_780)  # a page for each poll


def values(text: str) -> Any:
    return json.loads(text)


def test_a_volume_that_is_given_needs_no_settings_and_says_what_it_assumes(planned: Plan) -> None:
    text = planned("--volume", "50000")
    lines = text.splitlines()
    assert lines[0] == (
        "volume  50,000 new conversations a day, given; assumed: how many are under way, older ones,"
        " every hour like the others, no threads"
    )
    assert lines[1].strip().startswith("333 under way at a time, 1,000 open from earlier days,")
    assert lines[2] == "budget  270 requests a minute, 388,800 a day"
    assert [line.split("  ")[0] for line in lines[4:]] == [
        *("read", "head", "watch", "watch", "watch", "watch", "watch", "reread", "reread", "reread", "reread", "all"),
        "",
        "It fits: 12.5% of the budget, 236 requests a minute are left on average.",
    ]
    columns = {len(line) for line in lines[4:16]}
    assert len(columns) == 1, "a table"


def test_what_is_told_of_the_volume_is_not_assumed(planned: Plan) -> None:
    told = values(planned("--volume", "24000", "--open", "100", "--older", "10", "--output", "json"))["volume"]
    assert told["origin"] == "given; assumed: every hour like the others, no threads"
    assert (told["conversationsPerDay"], told["underWay"]) == (24_000, 96)
    assert [each["conversations"] for each in told["stillOpen"]] == [5, 3, 2]


def test_programs_get_the_same_figures(planned: Plan) -> None:
    settings = {"CAPTURE__REREADS": "10m, 1d", "LIMITS__REQUESTS_PER_MINUTE": "100"}
    told = values(planned("--volume", "50000", "--output", "json", **settings))
    assert told["budget"] == {"requestsPerMinute": 90, "requestsPerDay": 129_600}
    assert [each["ageSeconds"] for each in told["reads"] if each["read"] == "reread"] == [600, 86_400]
    assert sum(each["requestsPerDay"] for each in told["reads"]) == pytest.approx(told["total"]["requestsPerDay"], 1e-3)
    assert told["total"]["share"] == pytest.approx(told["total"]["requestsPerDay"] / 129_600, abs=1e-4)
    assert (told["fits"], told["slowestPollSeconds"], told["range"]) == (True, 15, None)


def test_tiers_that_do_not_fit_are_told_with_what_to_do(planned: Plan) -> None:
    settings = {"CAPTURE__REREADS": "31s", "LIMITS__REQUESTS_PER_MINUTE": "20", "LIMITS__HEADROOM": "0"}
    text = planned("--volume", "1000", **settings)
    assert "It does not fit: " in text
    assert "Lengthen the ages in capture.rereads or leave one out" in text
    assert values(planned("--volume", "1000", "--output", "json"))["fits"] is False
    range_told = planned("--volume", "1000", "--from", "2026-03-10T00:00:00Z", "--to", "2026-03-11T00:00:00Z")
    assert range_told.endswith("24 windows, 24 requests, 24.0 minutes at 1 requests a minute, which are left for it\n")
    without = planned(
        *("--volume", "1000", "--from", "2026-03-10T00:00:00Z", "--to", "2026-03-11T00:00:00Z"),
        LIMITS__SHARES__BACKFILL="0",
    )
    assert without.endswith("no end, since nothing is left for it and limits.shares.backfill is 0\n")


def test_a_head_that_its_share_does_not_pay_for_is_told(planned: Plan) -> None:
    text = planned("--volume", "2000000")
    assert "In the busiest hours the head's share pays for a poll every " in text
    assert "shorten capture.overlap" in text


def test_a_range_costs_windows_requests_and_minutes(planned: Plan) -> None:
    words = ("--volume", "24000", "--older", "0", "--open", "0")
    day = ("--from", "2026-03-10T00:00:00Z", "--to", "2026-03-11T00:00:00Z")
    text = planned(*words, *day)
    assert "range 2026-03-10T00:00:00.000Z/2026-03-11T00:00:00.000Z: 24 windows, 264 requests, 1." in text
    told = values(planned(*words, *day, "--output", "json"))
    assert told["range"] == {
        "from": "2026-03-10T00:00:00.000Z",
        "to": "2026-03-11T00:00:00.000Z",
        "windows": 24,
        "requests": 24 * 11,
        "requestsPerMinute": pytest.approx(270 * (1 - told["total"]["share"]), abs=0.1),
        "minutes": pytest.approx(264 / (270 * (1 - told["total"]["share"])), abs=0.1),
    }
    year = planned(*words, "--from", "2025-03-10T00:00:00Z", "--to", "2026-03-10T00:00:00Z")
    assert " minutes (" in year
    assert " hours) at " in year
    assert "8,760 windows, 96,360 requests" in year


def test_a_range_ends_now_unless_said_otherwise(planned: Plan) -> None:
    told = values(planned("--volume", "0", "--from", "2026-01-01T00:00:00Z", "--output", "json"))
    assert told["range"]["to"] > "2026-01-01"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--open", "1"), "--open and --older go with --volume"),
        (("--older", "1"), "--open and --older go with --volume"),
        (("--volume", "1", "--to", "2026-01-01T00:00:00Z"), "--to needs --from"),
        (
            ("--volume", "1", "--from", "2026-01-02T00:00:00Z", "--to", "2026-01-01T00:00:00Z"),
            "--from must be before --to",
        ),
    ],
)
def test_words_that_do_not_go_together_are_refused(planned: Plan, words: tuple[str, ...], said: str) -> None:
    with pytest.raises(errors.UsageError, match=said):
        planned(*words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--volume", "many"), "must be a number of conversations, not many"),
        (("--volume", "-1"), "argument --volume"),
        (("--from", "yesterday"), "must be an ISO 8601 instant"),
    ],
)
def test_what_is_no_number_and_no_instant_is_refused(
    planned: Plan, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    with pytest.raises(SystemExit):
        planned(*words)
    assert said in capsys.readouterr().err


def test_without_a_volume_the_organisation_must_be_known(planned: Plan) -> None:
    with pytest.raises(SettingsRefused, match=r"genesys\.client_id"):
        planned()


def test_the_volume_is_asked_for_with_as_many_questions_as_it_says(planned: Plan) -> None:
    with SimulatedOrganisation(SimulatorOptions(rate_per_day=3_000)) as organisation:
        settings = {
            "GENESYS__API_URL": organisation.url,
            "GENESYS__LOGIN_URL": organisation.url,
            "GENESYS__CLIENT_ID": "simulator",
            "GENESYS__CLIENT_SECRET": "simulator-secret",
            "LIMITS__REQUESTS_PER_MINUTE": "100000",  # the simulator's own limit is enough for the questions
        }
        told = values(planned("--output", "json", **settings))
        queries = [answer for answer in organisation.answers() if answer["path"].endswith(QUERY)]
    assert "the busiest of the last 7 days" in told["volume"]["origin"]
    assert 1_000 < told["volume"]["conversationsPerDay"] < 6_000
    assert told["volume"]["emailsPerDay"] > 0
    assert len(queries) == THOROUGH.questions
    assert told["fits"]
