from __future__ import annotations

from producer.doctor.judging.settings import settings_refused, settings_taken
from producer.doctor.results import Outcome, Prerequisite
from producer.settings import Problem, load


def test_problems_are_sorted_to_what_they_keep_from_working() -> None:
    names = ("genesys.client_secret", "PRODUCER_SECRETS_DIR", "dev.clock_origin", "limits.headroom")
    results = settings_refused([Problem(names=(name,), text="is wrong") for name in names])

    assert {result.prerequisite: result.finding for result in results} == {
        Prerequisite.SETTINGS: "limits.headroom: is wrong",
        Prerequisite.SECRETS: "genesys.client_secret: is wrong\nPRODUCER_SECRETS_DIR: is wrong",
        Prerequisite.VIRTUAL_CLOCK: "dev.clock_origin: is wrong",
    }


def test_an_area_without_a_problem_is_well() -> None:
    results = settings_refused([Problem(names=("kafka.security.password",), text="is missing")])

    assert [result.prerequisite for result in results if result.outcome is Outcome.OK] == [
        Prerequisite.SETTINGS,
        Prerequisite.VIRTUAL_CLOCK,
    ]


def test_settings_that_are_taken_tell_where_the_secrets_come_from_and_not_what_they_are() -> None:
    settings = load(environ={"GENESYS_CLIENT_SECRET": "canary"}, needs=())
    told = {result.prerequisite: result.finding for result in settings_taken(settings)}

    assert told == {
        Prerequisite.SETTINGS: "1 given, the others at their defaults",
        Prerequisite.SECRETS: "genesys.client_secret from GENESYS_CLIENT_SECRET",
        Prerequisite.VIRTUAL_CLOCK: "not in use",
    }
