"""What `doctor` says: one result for each prerequisite, and which of them can't be told without which others."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType


class Outcome(enum.StrEnum):
    """How a prerequisite was found. Only `failed` makes a machine unfit."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


class Prerequisite(enum.StrEnum):
    """Everything that is looked at, in the order in which it is told."""

    PYTHON = "python"
    SCHEMAS = "schemas"
    SETTINGS = "settings"
    SECRETS = "secrets"
    VIRTUAL_CLOCK = "virtual clock"
    STATE_PATH = "state path"
    ADMIN_PORT = "admin port"
    LOGIN_HOST = "login host"
    LOGIN = "login"
    API_HOST = "API host"
    ALLOW_LIST = "allow list"
    RATE_LIMIT = "rate limit"
    ORGANISATION = "organisation"
    PERMISSION = "permission"
    BY_ID = "permission by id"
    NAMES = "names"
    BUDGET = "budget"
    CLOCK = "clock"
    BROKER = "broker"
    TOPICS = "topics"
    TOPIC_ACCESS = "topic access"
    TRANSACTIONAL_ID = "transactional id"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One prerequisite. `finding` may have several lines; `what_to_do` is empty where nothing is to be done."""

    prerequisite: Prerequisite
    outcome: Outcome
    finding: str
    what_to_do: str = ""


_P = Prerequisite
_SETTLED = (_P.SETTINGS, _P.SECRETS, _P.VIRTUAL_CLOCK)
_ADMITTED = (_P.API_HOST, _P.LOGIN, _P.ALLOW_LIST)

NEEDS: Mapping[Prerequisite, tuple[Prerequisite, ...]] = MappingProxyType(
    {
        _P.STATE_PATH: _SETTLED,
        _P.ADMIN_PORT: _SETTLED,
        _P.LOGIN_HOST: _SETTLED,
        _P.LOGIN: (*_SETTLED, _P.LOGIN_HOST, _P.ALLOW_LIST, _P.RATE_LIMIT),
        _P.API_HOST: _SETTLED,
        _P.ALLOW_LIST: (*_SETTLED, _P.API_HOST, _P.LOGIN_HOST, _P.LOGIN),
        _P.RATE_LIMIT: (*_SETTLED, *_ADMITTED),
        _P.ORGANISATION: (*_SETTLED, *_ADMITTED, _P.RATE_LIMIT),
        _P.PERMISSION: (*_SETTLED, *_ADMITTED, _P.RATE_LIMIT),
        _P.BY_ID: (*_SETTLED, *_ADMITTED, _P.RATE_LIMIT, _P.PERMISSION),
        _P.NAMES: (*_SETTLED, *_ADMITTED, _P.RATE_LIMIT, _P.PERMISSION),
        _P.BUDGET: (*_SETTLED, *_ADMITTED, _P.RATE_LIMIT, _P.PERMISSION),
        _P.CLOCK: (*_SETTLED, _P.API_HOST, _P.LOGIN_HOST),
        _P.BROKER: _SETTLED,
        _P.TOPICS: (*_SETTLED, _P.BROKER),
        _P.TOPIC_ACCESS: (*_SETTLED, _P.BROKER, _P.TOPICS),
        _P.TRANSACTIONAL_ID: (*_SETTLED, _P.BROKER),
        _P.WEBHOOK: _SETTLED,
    }
)
"""Without what a prerequisite can't be told; the first that failed is named as the reason."""


def ok(prerequisite: Prerequisite, finding: str) -> Result:
    """It is as it should be."""
    return Result(prerequisite=prerequisite, outcome=Outcome.OK, finding=finding)


def warning(prerequisite: Prerequisite, finding: str, what_to_do: str) -> Result:
    """The daemon works with it, and a person should know."""
    return Result(prerequisite=prerequisite, outcome=Outcome.WARNING, finding=finding, what_to_do=what_to_do)


def failed(prerequisite: Prerequisite, finding: str, what_to_do: str) -> Result:
    """The daemon can't work until it is mended."""
    return Result(prerequisite=prerequisite, outcome=Outcome.FAILED, finding=finding, what_to_do=what_to_do)


def complete(results: Iterable[Result]) -> tuple[Result, ...]:
    """One result for each prerequisite, in order; what nobody could tell is skipped, with the reason."""
    told = {result.prerequisite: result for result in results}
    return tuple(told.get(each) or _skipped(each, told) for each in Prerequisite)


def all_well(results: Iterable[Result]) -> bool:
    """True when nothing has failed."""
    return all(result.outcome is not Outcome.FAILED for result in results)


def _skipped(prerequisite: Prerequisite, told: Mapping[Prerequisite, Result]) -> Result:
    """Why it was not told: the first of its needs that failed, else the probe ended before it came to it."""
    needs = NEEDS.get(prerequisite, ())
    reason = next((each for each in needs if each in told and told[each].outcome is Outcome.FAILED), None)
    finding = f"{reason} failed" if reason else "nobody could tell"
    return Result(prerequisite=prerequisite, outcome=Outcome.SKIPPED, finding=finding)
