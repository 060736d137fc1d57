"""What the answers of Genesys Cloud mean for each prerequisite; refusals are understood as the client does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from producer import errors
from producer.doctor.results import Outcome, Prerequisite, Result, failed, ok, warning
from producer.flow.reading import CLOCK_TOLERANCE
from producer.genesys.auth import Token, token_of, token_refused
from producer.genesys.directory import ROUTES, names_in
from producer.genesys.exchange import READ_PERMISSION, Answer, NoAnswer, served_at
from producer.genesys.limiter import LimiterPolicy
from producer.genesys.limiter_told import allowance_of
from producer.genesys.outcome import Trouble, complained
from producer.genesys.query import hits_of
from producer.genesys.retry import NotFound
from producer.genesys.source import organisation_of
from producer.genesys.transport import cure_of
from producer.model.names import NameKind
from producer.model.volume import Volume
from producer.planning.cost import MINUTES_A_DAY, DayCost

T = TypeVar("T")

_OK = 200
_UNKNOWN_CLIENT = 400
_DATE_STEP = timedelta(seconds=1)  # a Date is cut to whole seconds
_NTP = "synchronise this machine's clock (NTP)"
_TOO_LATE = timedelta(seconds=30)

_AREA: tuple[tuple[type[errors.SourceError], Prerequisite], ...] = (
    (errors.AddressNotAllowed, Prerequisite.ALLOW_LIST),
    (errors.RateLimited, Prerequisite.RATE_LIMIT),
    (errors.CredentialsRefused, Prerequisite.LOGIN),
    (errors.PermissionMissing, Prerequisite.PERMISSION),
)
"""What a refusal speaks of, whoever asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A question and what came of it, between two instants of the product clock."""

    address: str
    outcome: Answer | NoAnswer
    sent_at: datetime
    received_at: datetime

    @property
    def answer(self) -> Answer | None:
        """The answer, if there is one."""
        return self.outcome if isinstance(self.outcome, Answer) else None


def host(prerequisite: Prerequisite, exchange: Exchange) -> Result:
    """Whether the host could be reached: name, proxy, TLS. Any answer will do."""
    if isinstance(exchange.outcome, NoAnswer):
        return failed(prerequisite, str(exchange.outcome), cure_of(exchange.outcome))
    return ok(prerequisite, f"{exchange.address} answers")


def login(client_id: str, answer: Answer, now: datetime) -> Result:
    """Whether the answer holds a token; else what keeps us from one, be it the client or the host."""
    if answer.status == _OK:
        try:
            token = token_of(answer.body, now, timedelta(0))
        except errors.MalformedBody as error:
            return failed(Prerequisite.LOGIN_HOST, str(error), error.what_to_do)
        return ok(Prerequisite.LOGIN, f"a token for {client_id}, good for {token.expires_at - now}")
    trouble = token_refused(complained(answer, now))
    if isinstance(trouble.error, errors.CredentialsRefused):
        which = "unknown client" if answer.status == _UNKNOWN_CLIENT else "wrong secret"
        cure = "genesys.client_id" if answer.status == _UNKNOWN_CLIENT else "genesys.client_secret"
        return failed(Prerequisite.LOGIN, f"{which}: {trouble.said}", f"check {cure} and genesys.region")
    return refused(trouble.error, otherwise=Prerequisite.LOGIN_HOST)


def gateway_login(client_id: str, realm: str, answer: Answer, now: datetime) -> Result:
    """The same of a gateway of the token dialect, of which nobody knows how it words what it refuses."""
    result = login(client_id, answer, now)
    if result.outcome is not Outcome.FAILED or result.prerequisite is not Prerequisite.LOGIN:
        return result
    said = token_refused(complained(answer, now)).said
    cure = "check genesys.client_id, genesys.client_secret, genesys.realm_id and genesys.api_url"
    return failed(Prerequisite.LOGIN, f"no token in the name of realm {realm}: {said}", cure)


def token_in(answer: Answer, now: datetime) -> Token | None:
    """The token of an answer; None where there is none."""
    try:
        return token_of(answer.body, now, timedelta(0)) if answer.status == _OK else None
    except errors.MalformedBody:
        return None


def refused(error: errors.SourceError, *, otherwise: Prerequisite) -> Result:
    """A refusal, at the prerequisite that it speaks of."""
    area = next((area for kind, area in _AREA if isinstance(error, kind)), otherwise)
    return failed(area, str(error), error.what_to_do)


def organisation(expected: str | None, answer: Answer, now: datetime) -> Result:
    """Whether the token belongs to the organisation that the settings name."""
    found = None
    if answer.status == _OK:
        try:
            found = organisation_of(answer.body)
        except errors.MalformedBody as error:
            return failed(Prerequisite.API_HOST, str(error), error.what_to_do)
    elif not _tells_nothing(trouble := complained(answer, now)):
        return refused(trouble.error, otherwise=Prerequisite.API_HOST)
    if expected is None:
        return ok(Prerequisite.ORGANISATION, f"{found or 'not told'}; genesys.realm_id is not set, any will do")
    if found is None:
        cure = "nothing: the daemon reads all the same; compare the organisation's id by hand"
        return warning(Prerequisite.ORGANISATION, "the API does not tell whose token it is", cure)
    if found != expected:
        wrong = errors.WrongOrganisation
        return failed(
            Prerequisite.ORGANISATION, f"the token is of {found}, genesys.realm_id is {expected}", wrong.what_to_do
        )
    return ok(Prerequisite.ORGANISATION, found)


def permission(answer: Answer, now: datetime) -> Result:
    """Whether conversation details may be queried; a 403 names the permission that is missing."""
    if answer.status == _OK:
        return ok(Prerequisite.PERMISSION, "a query for one conversation was answered")
    return refused(complained(answer, now).error, otherwise=Prerequisite.PERMISSION)


def by_id(answer: Answer, now: datetime) -> Result:
    """Whether conversations may be asked for by id, as those are that are still open on a later day."""
    if answer.status == _OK:
        return ok(Prerequisite.BY_ID, "a question by id was answered")
    error = complained(answer, now).error
    if isinstance(error, errors.PermissionMissing):
        return failed(Prerequisite.BY_ID, str(error), error.what_to_do)
    return refused(error, otherwise=Prerequisite.BY_ID)


def admission(policy: LimiterPolicy, exchange: Exchange) -> list[Result]:
    """What a query for one conversation tells: the address, the limit, last the permission or what stands before it."""
    if exchange.answer is None:
        return [host(Prerequisite.API_HOST, exchange)]
    results = []
    last = permission(exchange.answer, exchange.received_at)
    if last.prerequisite is not Prerequisite.ALLOW_LIST:
        results.append(ok(Prerequisite.ALLOW_LIST, "this machine's address is let in"))
    if last.prerequisite in (Prerequisite.PERMISSION, Prerequisite.LOGIN):
        results.append(rate_limit(policy, exchange.answer))
    return [*results, last]


def names(asked: Iterable[tuple[NameKind, Exchange]]) -> Result:
    """Whether names may be looked up; without them records carry ids only, which is no reason not to work."""
    troubles, kinds = {}, []
    for kind, exchange in asked:
        kinds.append(kind.value)
        try:
            answered(exchange, names_in, ROUTES[kind].permission)
        except errors.SourceError as error:
            troubles[kind] = error
    if not troubles:
        return ok(Prerequisite.NAMES, f"names may be looked up: {', '.join(kinds)}")
    finding = "\n".join(f"{kind.value}: {error}" for kind, error in troubles.items())
    missing = [ROUTES[kind].permission for kind, each in troubles.items() if isinstance(each, errors.PermissionMissing)]
    cure = f"give a role of the OAuth client {' and '.join(missing)}, in every division" if missing else ""
    others = [each.what_to_do for each in troubles.values() if not isinstance(each, errors.PermissionMissing)]
    cures = [
        each
        for each in (cure, *dict.fromkeys(others), "or leave what you can do without out of genesys.directory.kinds")
        if each
    ]
    return warning(Prerequisite.NAMES, finding, "; ".join(cures))


def no_names() -> Result:
    """Names are not wanted."""
    return ok(Prerequisite.NAMES, "not looked up: genesys.directory.enabled is false")


def rate_limit(policy: LimiterPolicy, answer: Answer) -> Result:
    """The limit in force: what the answer tells, else what the settings say."""
    allowance = allowance_of(answer.headers)
    own = f"limits.requests_per_minute is {policy.requests_per_minute}, used up to {policy.cap}"
    if allowance is None:
        return ok(Prerequisite.RATE_LIMIT, f"{own}; the API does not say")
    told = allowance.allowed
    if told < policy.requests_per_minute:
        cure = f"set limits.requests_per_minute to {told}; until then the daemon keeps to what it is told"
        return warning(Prerequisite.RATE_LIMIT, f"the API allows {told} a minute; {own}", cure)
    return ok(Prerequisite.RATE_LIMIT, f"the API allows {told} a minute; {own}")


def hits(exchange: Exchange) -> int:
    """The number that was asked for. Raises SourceError."""
    return answered(exchange, hits_of)


def answered(exchange: Exchange, decode: Callable[[bytes], T], permission: str = READ_PERMISSION) -> T:
    """What was asked for. Raises SourceError; `permission` is what it took."""
    if isinstance(exchange.outcome, NoAnswer):
        raise exchange.outcome
    if exchange.outcome.status != _OK:
        raise complained(exchange.outcome, exchange.received_at, permission).error
    return decode(exchange.outcome.body)


def volume_unknown(error: errors.SourceError) -> Result:
    """How much there is to read could not be asked."""
    return warning(Prerequisite.BUDGET, f"how much there is to read is not known: {error}", error.what_to_do)


def budget(volume: Volume, day: DayCost) -> Result:
    """Whether a day of capture fits into the requests of a day."""
    told = (
        f"a day of capture takes {day.requests:,.0f} of {day.budget * MINUTES_A_DAY:,.0f} requests ({day.share:.1%})"
        f" at the {volume.a_day:,.0f} conversations of yesterday"
    )
    if day.fits:
        return ok(Prerequisite.BUDGET, told)
    cure = (
        "lengthen the ages in capture.rereads or leave one out, or have the limit raised: else re-reads come later and"
        " later; `genesys-producer plan` says what each of them costs"
    )
    return warning(Prerequisite.BUDGET, told, cure)


def clock(exchange: Exchange, head_lag: timedelta) -> Result | None:
    """How far this machine's clock is surely off; None where the server does not tell its time.

    The server took its time somewhere between question and answer, and cut it to whole seconds. A clock that is ahead
    by more than the head lag has windows that end in the server's future: the daemon refuses to read them.
    """
    served = served_at(exchange.answer.headers) if exchange.answer else None
    if served is None:
        return None
    ahead, behind = exchange.sent_at - served - _DATE_STEP, served - exchange.received_at
    if ahead > CLOCK_TOLERANCE + head_lag:
        cure = errors.ClockAhead.what_to_do
        return failed(Prerequisite.CLOCK, f"{_seconds(ahead)} ahead of the server's", cure)
    if ahead > CLOCK_TOLERANCE:
        return warning(
            Prerequisite.CLOCK, f"{_seconds(ahead)} ahead of the server's: the head lag is that much shorter", _NTP
        )
    if behind > _TOO_LATE:
        return warning(
            Prerequisite.CLOCK, f"{_seconds(behind)} behind the server's: conversations come that much later", _NTP
        )
    return ok(Prerequisite.CLOCK, f"within {_seconds(max(ahead, behind, _DATE_STEP))} of the server's")


def _tells_nothing(trouble: Trouble) -> bool:
    """A client may lack the right to ask whose its token is, and a dialect the address: the daemon goes on then."""
    return isinstance(trouble.error, errors.PermissionMissing | NotFound)


def _seconds(span: timedelta) -> str:
    return f"{span.total_seconds():.0f} s"
