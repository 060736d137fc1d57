from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from producer import errors
from producer.doctor.judging import source as judging
from producer.doctor.judging.source import Exchange
from producer.doctor.results import Outcome, Prerequisite
from producer.genesys.exchange import Answer, Failure, NoAnswer
from producer.genesys.limiter import LimiterPolicy
from producer.model.names import NameKind
from producer.model.volume import even_volume
from producer.planning.cost import Rules, day_cost
from producer.planning.watch import WatchPolicy

NOW = datetime(2026, 3, 10, 10, 0, 0, 500_000, tzinfo=UTC)
LAG = timedelta(seconds=30)


def answer(status: int, body: Any, **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status=status, headers={name.replace("_", "-"): value for name, value in headers.items()}, body=raw)


def refusal(status: int, code: str, message: str = "no") -> Answer:
    return answer(status, {"status": status, "code": code, "message": message})


@pytest.mark.parametrize(
    ("given", "area", "finding"),
    [
        (
            answer(200, {"access_token": "t", "expires_in": 3600}),
            Prerequisite.LOGIN,
            "a token for us, good for 1:00:00",
        ),
        (answer(400, {"error": "invalid_client", "description": "client not found"}), Prerequisite.LOGIN, "unknown cl"),
        (answer(401, {"error": "invalid_client", "description": "no"}), Prerequisite.LOGIN, "wrong secret: 401"),
        (answer(200, b"<html>"), Prerequisite.LOGIN_HOST, "the token answer is no JSON object"),
        (answer(503, b""), Prerequisite.LOGIN_HOST, "server error: 503 no body"),
        (refusal(401, "ip.not.authorized"), Prerequisite.ALLOW_LIST, "the address of this machine is not allowed"),
        (refusal(429, "too.many.requests"), Prerequisite.RATE_LIMIT, "too many requests"),
    ],
)
def test_what_the_login_says_belongs_to_the_client_or_to_the_host(
    given: Answer, area: Prerequisite, finding: str
) -> None:
    result = judging.login("us", given, NOW)

    assert result.prerequisite is area
    assert result.finding.startswith(finding)
    assert (result.outcome is Outcome.OK) is (judging.token_in(given, NOW) is not None)


@pytest.mark.parametrize(
    ("expected", "given", "area", "outcome"),
    [
        (None, answer(200, {"organization": {"id": "a"}}), Prerequisite.ORGANISATION, Outcome.OK),
        ("a", answer(200, {"organization": {"id": "a"}}), Prerequisite.ORGANISATION, Outcome.OK),
        ("a", answer(200, {"organization": {"id": "b"}}), Prerequisite.ORGANISATION, Outcome.FAILED),
        ("a", answer(200, {}), Prerequisite.ORGANISATION, Outcome.WARNING),
        ("a", refusal(404, "not.found"), Prerequisite.ORGANISATION, Outcome.WARNING),
        ("a", refusal(403, "missing.permissions"), Prerequisite.ORGANISATION, Outcome.WARNING),
        (None, refusal(404, "not.found"), Prerequisite.ORGANISATION, Outcome.OK),
        ("a", refusal(401, "bad.credentials"), Prerequisite.LOGIN, Outcome.FAILED),
        ("a", refusal(401, "ip.not.authorized"), Prerequisite.ALLOW_LIST, Outcome.FAILED),
        ("a", answer(200, b"<html>"), Prerequisite.API_HOST, Outcome.FAILED),
        ("a", answer(502, b"<html>"), Prerequisite.API_HOST, Outcome.FAILED),
    ],
)
def test_whose_the_token_is(expected: str | None, given: Answer, area: Prerequisite, outcome: Outcome) -> None:
    result = judging.organisation(expected, given, NOW)

    assert (result.prerequisite, result.outcome) == (area, outcome)


@pytest.mark.parametrize(
    ("given", "area"),
    [
        (refusal(403, "missing.any.permissions", "you must have [x:y:view]"), Prerequisite.PERMISSION),
        (refusal(429, "too.many.requests"), Prerequisite.RATE_LIMIT),
        (refusal(400, "bad.request"), Prerequisite.PERMISSION),
    ],
)
def test_a_query_that_is_refused(given: Answer, area: Prerequisite) -> None:
    result = judging.permission(given, NOW)

    assert (result.prerequisite, result.outcome) == (area, Outcome.FAILED)
    assert json.loads(given.body)["message"] in result.finding


@pytest.mark.parametrize(
    ("given", "area"),
    [
        (refusal(403, "missing.any.permissions", "you must have [x:y:view]"), Prerequisite.BY_ID),
        (refusal(429, "too.many.requests"), Prerequisite.RATE_LIMIT),
        (refusal(400, "bad.request"), Prerequisite.BY_ID),
        (refusal(401, "ip.not.authorized", "the address of this machine"), Prerequisite.ALLOW_LIST),
    ],
)
def test_a_question_by_id_that_is_refused(given: Answer, area: Prerequisite) -> None:
    result = judging.by_id(given, NOW)

    assert (result.prerequisite, result.outcome) == (area, Outcome.FAILED)
    assert json.loads(given.body)["message"] in result.finding
    assert result.what_to_do


def test_an_answer_without_the_conversation_is_an_answer() -> None:
    assert judging.by_id(answer(200, {}), NOW).outcome is Outcome.OK


@pytest.mark.parametrize(
    ("headers", "outcome", "finding"),
    [
        ({}, Outcome.OK, "limits.requests_per_minute is 300, used up to 270; the API does not say"),
        ({"inin_ratelimit_allowed": "300"}, Outcome.OK, "the API allows 300 a minute; limits.requests_per_minute is"),
        ({"inin_ratelimit_allowed": "120"}, Outcome.WARNING, "the API allows 120 a minute; limits."),
    ],
)
def test_the_rate_limit_in_force(headers: dict[str, str], outcome: Outcome, finding: str) -> None:
    result = judging.rate_limit(LimiterPolicy(), answer(200, {}, **headers))

    assert (result.outcome, result.finding[: len(finding)]) == (outcome, finding)


@pytest.mark.parametrize(
    ("server", "outcome", "finding"),
    [
        (0, Outcome.OK, "within 1 s of the server's"),
        (-2, Outcome.OK, "within 2 s of the server's"),  # a Date is cut, an exchange takes its time
        (-10, Outcome.WARNING, "10 s ahead of the server's: the head lag is that much shorter"),
        (-60, Outcome.FAILED, "60 s ahead of the server's"),
        (30, Outcome.OK, "within 30 s of the server's"),
        (60, Outcome.WARNING, "60 s behind the server's: conversations come that much later"),
    ],
)
def test_how_far_the_clock_is_off(server: int, outcome: Outcome, finding: str) -> None:
    date = format_datetime(NOW + timedelta(seconds=server), usegmt=True)
    exchange = Exchange(address="https://x", outcome=answer(200, {}, date=date), sent_at=NOW, received_at=NOW)
    result = judging.clock(exchange, LAG)

    assert result is not None
    assert (result.outcome, result.finding) == (outcome, finding)


def test_without_a_date_nothing_is_said_of_the_clock() -> None:
    unreachable = NoAnswer(Failure.TIMEOUT, "timeout at x")
    for outcome in (answer(200, {}), unreachable):
        assert judging.clock(Exchange(address="", outcome=outcome, sent_at=NOW, received_at=NOW), LAG) is None


def test_a_host_that_is_not_reached_is_told_with_its_cure() -> None:
    error = NoAnswer(Failure.TIMEOUT, "timeout at x")
    error.__cause__ = TimeoutError()
    result = judging.host(Prerequisite.API_HOST, Exchange(address="", outcome=error, sent_at=NOW, received_at=NOW))

    assert (result.outcome, result.finding) == (Outcome.FAILED, "timeout at x")
    assert "firewall" in result.what_to_do


def test_a_number_that_was_asked_for_is_read_and_a_refusal_is_raised() -> None:
    def exchange(outcome: Answer | NoAnswer) -> Exchange:
        return Exchange(address="https://api", outcome=outcome, sent_at=NOW, received_at=NOW)

    assert judging.hits(exchange(answer(200, {"totalHits": 7}))) == 7
    with pytest.raises(errors.RateLimited):
        judging.hits(exchange(refusal(429, "too.many.requests")))
    with pytest.raises(NoAnswer):
        judging.hits(exchange(NoAnswer(Failure.TIMEOUT, "no answer")))


def test_tiers_that_do_not_fit_the_budget_are_warned_of() -> None:
    volume = even_volume(50_000, 300, 1_000)
    rules = Rules(
        budget=270,
        head_share=0.8,
        backfill_share=0,
        page_size=100,
        hit_bound=10_000,
        poll_interval=timedelta(seconds=15),
        overlap=timedelta(minutes=5),
        catch_up_slice=timedelta(hours=1),
        ages=(timedelta(minutes=15),),
        watch=WatchPolicy(),
    )
    fitting = judging.budget(volume, day_cost(volume, rules))
    heavy = judging.budget(volume, day_cost(volume, replace(rules, ages=(timedelta(seconds=1),))))

    assert (fitting.prerequisite, fitting.outcome) == (Prerequisite.BUDGET, Outcome.OK)
    assert "of 388,800 requests (10.4%) at the 50,000 conversations of yesterday" in fitting.finding
    assert heavy.outcome is Outcome.WARNING
    assert "capture.rereads" in heavy.what_to_do
    assert "`genesys-producer plan`" in heavy.what_to_do


def test_a_volume_that_nobody_told_is_a_warning() -> None:
    result = judging.volume_unknown(errors.SourceUnavailable("server error: 503"))

    assert (result.prerequisite, result.outcome) == (Prerequisite.BUDGET, Outcome.WARNING)
    assert result.finding == "how much there is to read is not known: server error: 503"
    assert result.what_to_do == errors.SourceUnavailable.what_to_do


def asked(kind: NameKind, outcome: Answer | NoAnswer) -> tuple[NameKind, Exchange]:
    return kind, Exchange(address="https://api", outcome=outcome, sent_at=NOW, received_at=NOW)


LISTED = answer(200, {"entities": [{"id": "q-1", "name": "Support"}]})


def test_names_that_may_be_looked_up() -> None:
    result = judging.names([asked(NameKind.QUEUE, LISTED), asked(NameKind.WRAP_UP, LISTED)])
    assert (result.prerequisite, result.outcome, result.what_to_do) == (Prerequisite.NAMES, Outcome.OK, "")
    assert result.finding == "names may be looked up: queue, wrapup"
    assert judging.no_names().outcome is Outcome.OK


def test_a_permission_for_names_that_is_missing_is_a_warning_that_names_it() -> None:
    refused = refusal(403, "missing.any.permissions")
    result = judging.names([asked(NameKind.QUEUE, LISTED), asked(NameKind.WRAP_UP, refused)])
    assert (result.outcome, result.finding) == (
        Outcome.WARNING,
        "wrapup: a permission is missing (it takes routing:wrapupCode:view): 403 missing.any.permissions no",
    )
    assert result.what_to_do == (
        "give a role of the OAuth client routing:wrapupCode:view, in every division;"
        " or leave what you can do without out of genesys.directory.kinds"
    )
    both = judging.names([asked(NameKind.QUEUE, refused), asked(NameKind.WRAP_UP, refused)])
    assert "routing:queue:view and routing:wrapupCode:view" in both.what_to_do


def test_names_that_do_not_answer_are_a_warning_with_the_cure_of_that() -> None:
    silent = asked(NameKind.QUEUE, NoAnswer(Failure.TIMEOUT, "no answer"))
    result = judging.names([silent, asked(NameKind.WRAP_UP, answer(200, b"<html>"))])
    assert (result.outcome, result.finding) == (
        Outcome.WARNING,
        "queue: no answer\nwrapup: the answer of the directory holds no list of entities",
    )
    assert result.what_to_do == (
        f"{errors.SourceUnavailable.what_to_do}; {errors.MalformedBody.what_to_do};"
        " or leave what you can do without out of genesys.directory.kinds"
    )
