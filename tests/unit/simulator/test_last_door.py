"""Whatever a client sends, it is answered by the platform, and never by the web server's own error page."""

from __future__ import annotations

import base64
import http.client
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.simulator import SimulatorOptions
from producer.simulator.dimensions import DIMENSIONS, METRICS
from producer.simulator.predicates import FILTERS
from tests.support.simulated import SimulatedOrganisation

QUERY = "/api/v2/analytics/conversations/details/query"
BASIC = {"Authorization": "Basic " + base64.b64encode(b"simulator:simulator-secret").decode()}
ERROR = {"message", "code", "status", "contextId", "details", "errors"}


class Asking:
    """A client of bytes: nothing of what it sends is looked at before it leaves."""

    def __init__(self, organisation: SimulatedOrganisation) -> None:
        self.organisation = organisation
        self._host = organisation.url.removeprefix("http://")
        body = self.ask("POST", "/oauth/token", b"grant_type=client_credentials", BASIC)[2]
        self.token = {"Authorization": f"Bearer {body['access_token']}"}

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, str | None, Any]:
        """Status, correlation id and body of the answer."""
        connection = http.client.HTTPConnection(self._host, timeout=10)
        try:
            connection.request(method, path, body, {**(headers or self.token)})
            answer = connection.getresponse()
            return answer.status, answer.headers["ININ-Correlation-Id"], orjson.loads(answer.read())
        finally:
            connection.close()

    def judge(self, *question: Any) -> int:
        """Ask, and see that a refusal is one of the platform. Returns the status."""
        status, correlation_id, body = self.ask(*question)
        assert correlation_id
        if status != 200:
            assert set(body) == ERROR
            assert (body["status"], body["contextId"]) == (status, correlation_id)
        return status


@pytest.fixture(scope="module")
def asking() -> Iterator[Asking]:
    options = SimulatorOptions(
        rate_per_day=50,
        retention=timedelta(days=1),
        limit_per_minute=1_000_000,
        origin=datetime(2026, 3, 10, 10, tzinfo=UTC),
    )
    with SimulatedOrganisation(options) as organisation:
        yield Asking(organisation)


SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text()
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    SCALARS | st.just({}) | st.just([]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
WORDS = st.sampled_from(sorted(set().union(*DIMENSIONS.values(), *METRICS.values())))
OPERATORS = st.sampled_from(["matches", "exists", "notExists"])


OPTIONAL_RANGE = {"range": st.fixed_dictionaries({}, optional={"gt": st.integers(), "lte": st.floats(allow_nan=False)})}
PREDICATE = st.one_of(
    st.fixed_dictionaries({"dimension": WORDS, "value": st.text()}, optional={"operator": OPERATORS}),
    st.fixed_dictionaries({"metric": WORDS}, optional={"operator": OPERATORS, **OPTIONAL_RANGE}),
    st.fixed_dictionaries({"type": st.just("property"), "property": st.text(), "value": st.text()}),
)
PREDICATES = st.lists(PREDICATE, min_size=1, max_size=2)
CLAUSE = st.fixed_dictionaries({"type": st.sampled_from(["and", "or"]), "predicates": PREDICATES})
FILTER = st.fixed_dictionaries(
    {"type": st.sampled_from(["and", "or"]), "predicates": PREDICATES},
    optional={"clauses": st.lists(CLAUSE, max_size=2)},
)
INSTANT = st.sampled_from(["2026-03-10T09:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "", "x"])
INTERVAL = st.just("2026-03-10T09:00:00Z/2026-03-10T09:10:00Z")
WELL_FORMED = st.fixed_dictionaries(
    {"interval": INTERVAL | INTERVAL | INTERVAL | st.builds("{}/{}".format, INSTANT, INSTANT)},
    optional={
        "order": st.sampled_from(["asc", "desc", "unordered"]),
        "orderBy": st.sampled_from(["conversationStart", "conversationEnd"]),
        "paging": st.fixed_dictionaries({"pageSize": st.integers(0, 101), "pageNumber": st.integers(0, 3)}),
        **{name: st.lists(FILTER, min_size=1, max_size=2) for name in FILTERS},
    },
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container and key at which something of a JSON value lies."""
    if isinstance(value, dict | list):
        for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
            yield value, key
            yield from places(inner)


@st.composite
def askew(draw: st.DrawFn) -> Any:
    """A question that one could ask, but for one part of it that may be anything."""
    body = draw(WELL_FORMED)
    found = list(places(body))
    container, key = found[draw(st.integers(0, len(found) - 1))]
    container[key] = draw(ANYTHING)
    return body


@settings(max_examples=150, deadline=None)
@given(body=WELL_FORMED | askew() | askew() | ANYTHING)
def test_a_query_of_any_shape_is_answered_or_refused_for_what_is_wrong_with_it(asking: Asking, body: Any) -> None:
    assert asking.judge("POST", QUERY, orjson.dumps(body, default=float)) in (200, 400)


@settings(max_examples=100, deadline=None)
@given(body=st.binary(max_size=50))
def test_a_query_of_any_bytes_is_refused(asking: Asking, body: bytes) -> None:
    assert asking.judge("POST", QUERY, b"\xff" + body) == 400


@pytest.mark.parametrize(
    ("question", "status"),
    [
        (("POST", QUERY, b"[" * 100_000), 400),
        (("POST", QUERY, b'{"interval":"a/b","order":' + b"[" * 900 + b"]" * 900 + b"}"), 400),
        (("POST", QUERY, b" " * 600_000), 413),
        (("POST", QUERY, b" " * 5_000_000), 413),
        (("POST", QUERY, b'{"interval":"\\ud800/\\udfff"}'), 400),
        (("DELETE", QUERY), 404),
        (("GET", "/elsewhere"), 404),
        (("GET", "/api/v2/users?pageNumber=" + "9" * 5_000), 400),
        (("GET", "/api/v2/analytics/conversations/%ED%A0%80/details"), 404),
        (("GET", "/api/v2/analytics/conversations/details?id=%ED%A0%80"), 200),
        (("POST", QUERY, b"{}", {"Authorization": "Bearer \xe9"}), 401),
        (("POST", "/oauth/token", b"\xff", {"Authorization": "Basic \xe9"}), 404),
        (("POST", "/oauth/token", b"x", {"Content-Type": "text/plain; charset=nonsense"}), 404),
        (("POST", QUERY, b"{}", {"X-Request-Id": "\xff", "Authorization": "Bearer x"}), 401),
    ],
)
def test_odd_requests(asking: Asking, question: tuple[Any, ...], status: int) -> None:
    assert asking.judge(*question) == status


def test_a_defect_is_a_server_error_of_the_platform_and_is_told(
    asking: Asking, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("a defect")

    monkeypatch.setattr("producer.simulator.query.read", broken)
    assert asking.judge("POST", QUERY, b"{}") == 500
    assert "a defect of the simulator" in caplog.text
    assert asking.organisation.answers()[-1]["status"] == 500


@pytest.mark.parametrize("states", [[5], ["ab"], [["id"]], [["id", "n"]], [[["id"], 0]]])
def test_states_of_the_wrong_shape_are_refused_by_the_truth(asking: Asking, states: Any) -> None:
    connection = http.client.HTTPConnection(asking.organisation.url.removeprefix("http://"), timeout=10)
    try:
        connection.request("POST", "/truth/contents", orjson.dumps({"states": states}))
        assert connection.getresponse().status == 400
    finally:
        connection.close()
