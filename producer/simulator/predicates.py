"""Which conversations a query's filters let through.

Filters are checked when they are read (a word that no level's enumeration has is a 400, one of another level lets
nothing through) and then judge the very document that would be served. Conditions of one segment filter must hold on
the same segment; values compare without regard to case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from producer.simulator import refusals
from producer.simulator.dimensions import DIMENSIONS, METRICS

Row = Mapping[str, Any]
Test = Callable[[Row], bool]
_KINDS = {"evaluationFilters": "evaluations", "surveyFilters": "surveys", "resolutionFilters": "resolutions"}
FILTERS = ("conversationFilters", "segmentFilters", *_KINDS)
_OPERATORS = ("matches", "exists", "notExists")
_SPELLED = {
    "requestedRouting": "requestedRoutings",
    "requestedRoutingSkillId": "requestedRoutingSkillIds",
    "destinationAddress": "destinationAddresses",
    "callbackNumber": "callbackNumbers",
    "sipResponseCode": "sipResponseCodes",
    "divisionId": "divisionIds",
    "accessAttribute": "accessAttributes",
}
"""Dimensions whose field in the document is spelled otherwise."""


class Filters:
    """All filters of a query; they are AND-ed."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        """Read them. Raises Refused."""
        self._tests = {kind: [_filter(one, kind) for one in _objects(body, kind)] for kind in FILTERS}

    @property
    def any(self) -> bool:
        """Whether there is a filter at all."""
        return any(self._tests.values())

    def accept(self, document: Mapping[str, Any]) -> bool:
        """Whether every filter lets the document through."""
        for kind, tests in self._tests.items():
            if tests and not _all_met(tests, list(_rows(kind, document))):
                return False
        return True


class Channels(Filters):
    """The one filter of the token dialect: some channels, judged on the flat form; none means all."""

    def __init__(self, words: tuple[str, ...]) -> None:
        """Words of the gateway."""
        super().__init__({})
        self._words = words

    @property
    def any(self) -> bool:
        """Whether there is a filter at all."""
        return bool(self._words)

    def accept(self, document: Mapping[str, Any]) -> bool:
        """Whether the filter lets a flat conversation through."""
        return not self._words or document["channelType"] in self._words


def wants_only_open(body: Mapping[str, Any]) -> bool:
    """Whether a filter on its own restricts the query to conversations without an end."""
    return any(
        one.get("type") == "and"
        and any(
            predicate.get("dimension") == "conversationEnd" and predicate.get("operator") == "notExists"
            for predicate in one.get("predicates") or []
        )
        for one in body.get("conversationFilters") or []
    )


def _all_met(tests: list[Test], rows: list[Row]) -> bool:
    return all(any(test(row) for row in rows) for test in tests)


def _rows(kind: str, document: Mapping[str, Any]) -> Iterator[Row]:
    """What the predicates of a kind of filter are held against, one after the other."""
    if kind == "conversationFilters":
        yield {**document, "metrics": _metrics(document)}
    elif kind == "segmentFilters":
        yield from _segments(document)
    else:
        yield from document.get(_KINDS[kind]) or []


def _participants(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = document.get("participants")
    return found if isinstance(found, list) else []


def _segments(document: Mapping[str, Any]) -> Iterator[Row]:
    for participant in _participants(document):
        for session in participant.get("sessions") or []:
            for segment in session.get("segments") or []:
                yield {**participant, **(session.get("flow") or {}), **session, **segment}


def _metrics(document: Mapping[str, Any]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for participant in _participants(document):
        for session in participant.get("sessions") or []:
            for metric in session.get("metrics") or []:
                found.setdefault(metric["name"], []).append(metric["value"])
    return found


def _objects(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = value.get(name) or []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise refusals.bad_request(f"{name} must be a list of objects")
    return found


def _filter(value: Mapping[str, Any], kind: str) -> Test:
    tests = [_clause(one, kind) for one in _objects(value, "clauses")]
    return _joined(value, [*tests, *_predicates(value, kind)], "QueryFilterType")


def _clause(value: Mapping[str, Any], kind: str) -> Test:
    return _joined(value, _predicates(value, kind), "QueryClauseType")


def _joined(value: Mapping[str, Any], tests: list[Test], enumeration: str) -> Test:
    word = value.get("type")
    if word not in ("and", "or"):
        raise refusals.invalid_value("" if word is None else word, enumeration, ["and", "or"])
    if not tests:
        raise refusals.bad_request("A filter must have at least one predicate or clause")
    if word == "and":
        return lambda row: all(test(row) for test in tests)
    return lambda row: any(test(row) for test in tests)


def _predicates(value: Mapping[str, Any], kind: str) -> list[Test]:
    return [_predicate(one, kind) for one in _objects(value, "predicates")]


def _predicate(value: Mapping[str, Any], kind: str) -> Test:
    operator = value.get("operator", "matches")
    if operator not in _OPERATORS:
        raise refusals.invalid_value(operator, "QueryPredicateOperator", list(_OPERATORS))
    if value.get("type") == "property":
        return _property(value, operator)
    if value.get("metric") is not None:
        metric = _word(value["metric"], METRICS, kind, "QueryPredicateMetric")
        test = _compared(lambda row: _metric_values(row, metric), value, operator)
        return test if metric in METRICS[kind] else _nothing
    dimension = _word(value.get("dimension"), DIMENSIONS, kind, "QueryPredicateDimension")
    field = _SPELLED.get(dimension, dimension)
    test = _compared(lambda row: _listed(row.get(field)), value, operator)
    return test if dimension in DIMENSIONS[kind] else _nothing


def _word(word: Any, levels: Mapping[str, frozenset[str]], kind: str, enumeration: str) -> str:
    """Of whatever level: at the wrong one the platform answers with nothing instead of an error."""
    if not isinstance(word, str) or not any(word in words for words in levels.values()):
        raise refusals.invalid_value(word, enumeration, sorted(levels[kind]))
    return word


def _nothing(_row: Row) -> bool:
    return False


def _property(value: Mapping[str, Any], operator: str) -> Test:
    name = value.get("property")

    def found(row: Row) -> list[Any]:
        return [one.get("value") for one in row.get("properties") or [] if one.get("property") == name]

    return _compared(found, value, operator)


def _metric_values(row: Row, metric: str) -> list[Any]:
    collected = row.get("metrics")
    if isinstance(collected, dict):
        return list(collected.get(metric, []))
    return _listed(row.get(metric))


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _compared(read: Callable[[Row], list[Any]], value: Mapping[str, Any], operator: str) -> Test:
    if operator == "exists":
        return lambda row: bool(read(row))
    if operator == "notExists":
        return lambda row: not read(row)
    if (limits := value.get("range")) is not None:
        if not isinstance(limits, dict) or not all(isinstance(one, int | float) for one in limits.values()):
            raise refusals.bad_request("range must be an object of numbers")
        return lambda row: any(_within(one, limits) for one in read(row))
    if isinstance(value.get("value"), list | dict):
        raise refusals.bad_request("value must be a string")
    wanted = str(value.get("value")).lower()
    return lambda row: any(_text(one) == wanted for one in read(row))


def _text(value: Any) -> str:
    return str(value).lower()


def _within(value: Any, limits: Mapping[str, float]) -> bool:
    if not isinstance(value, int | float):
        return False
    checks: Mapping[str, Callable[[float, float], bool]] = {
        "gt": lambda one, limit: one > limit,
        "gte": lambda one, limit: one >= limit,
        "lt": lambda one, limit: one < limit,
        "lte": lambda one, limit: one <= limit,
    }
    return all(checks[name](value, limit) for name, limit in limits.items() if name in checks)
