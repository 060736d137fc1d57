"""Extraction as a library: ask a query, walk over chunks of normalised records. It needs no Kafka.

    retriever = ConversationRetriever(Connection(region="mypurecloud.ie", client_id="…", client_secret="…"))
    async for chunk in retriever.execute(Query(channel_types=("VOICE",), start_time=…, end_time=…)):
        ...

The same client, limiter and normalisation as the daemon's. A record is a dict of the fields in docs/reference/record.md
with all of the detail, instants as epoch milliseconds.
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from producer.app import form_of, new_id, source_of
from producer.assembly.records import audit_record
from producer.encoding.avro import Avro
from producer.encoding.schemas import Schemas, Subject
from producer.events import Event, OrganisationUnverified, RequestFinished
from producer.extraction.extraction import Extraction, Means, Record
from producer.extraction.query import ChannelType, Query
from producer.extraction.reading import Ahead, Arrival, reads_of, whole
from producer.extraction.result import ExtractionEnded, Metrics, Status, Tally
from producer.extraction.rules import Problem, QueryRefused, asked_for
from producer.extraction.shared import SharedSource
from producer.extraction.trail import Tell, Trail
from producer.flow.identity import refuse_other
from producer.kafka.appending import appending
from producer.model.reads import Read
from producer.options import SOURCE, clock_of, kafka_options, lane_policy
from producer.ports import Clock, Observer, Source
from producer.settings import Settings, SettingsRefused, checked, load
from producer.transform.normalize import Detail
from producer.transform.revision import Comparison

__all__ = [
    "ChannelType",
    "Connection",
    "ConversationRetriever",
    "ExtractionEnded",
    "Metrics",
    "Problem",
    "Query",
    "QueryRefused",
    "SettingsRefused",
    "Status",
    "kafka_audit",
    "to_logger",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """The few settings that a retriever needs: a region or both addresses, and an OAuth client (client credentials).

    In the `token` dialect the address of the gateway (`api_url`) and the realm.
    """

    client_id: str
    client_secret: str = field(repr=False)
    region: str | None = None
    api_url: str | None = None
    login_url: str | None = None
    realm_id: str | None = None
    dialect: Literal["platform", "token"] = "platform"
    retention_days: int = 365
    requests_per_minute: int = 300

    def settings(self) -> Settings:
        """The settings that they make, all others at their defaults. Raises SettingsRefused with all that is wrong."""
        names = (
            "client_id",
            "client_secret",
            "region",
            "api_url",
            "login_url",
            "realm_id",
            "dialect",
            "retention_days",
        )
        given = {f"genesys.{name}": value for name in names if (value := getattr(self, name)) is not None}
        return checked({**given, "limits.requests_per_minute": self.requests_per_minute}, needs=("genesys",))


def _ignore(_: object) -> None:
    """Nobody wants to know."""


class ConversationRetriever:
    """Extracts conversations of one organisation. Nothing is connected before an extraction, and nothing after it.

    `settings` are the daemon's, a `Connection`, or None: from the environment, as the daemon reads them. `audit` takes
    every audit event (a callable; see `to_logger`), `finished` how each extraction ended, `observe` what happens on the
    way. Extractions that run at the same time share one client and its budget, and what one used of the rate limit the
    next one knows. Raises SettingsRefused.
    """

    def __init__(
        self,
        settings: Settings | Connection | None = None,
        *,
        audit: Tell = _ignore,
        finished: Callable[[ExtractionEnded], None] = _ignore,
        observe: Observer = _ignore,
        clock: Clock | None = None,
    ) -> None:
        if settings is None:
            settings = load(needs=("genesys",))
        self._settings = settings.settings() if isinstance(settings, Connection) else settings
        self._clock = clock or clock_of(self._settings)
        self._audit = audit
        self._finished = finished
        self._observe = observe
        self._running: dict[str, Tally] = {}
        self._ended: Metrics | None = None
        self._shared = SharedSource(self._make_source)
        self._expected = lane_policy(self._settings).expected_organisation
        self._means = means_of(self._settings, self._clock, observe)

    @property
    def metrics(self) -> Metrics | None:
        """The figures of the extraction that runs (began last) or, when none does, of the last one; None before any."""
        if self._running:
            return list(self._running.values())[-1].metrics(self._clock.now())
        return self._ended

    def execute(self, query: Query) -> AsyncGenerator[list[Record], None]:
        """Chunks of at most `query.size` records; every conversation once, in the order of the days they began.

        Close the generator (`contextlib.aclosing`) to stop early: its requests, connections and tasks are gone then.
        Raises QueryRefused at once; while it is walked over SourceUnavailable, RateLimited, MalformedBody (it may work
        later), CredentialsRefused, PermissionMissing, AddressNotAllowed, WrongOrganisation (it will not), WindowRefused
        (a part can't be read). What was given until then is right, and not all.
        """
        began = self._clock.now()
        asked = asked_for(
            query,
            now=began,
            retention_days=self._settings.genesys.retention_days,
            dialect=self._settings.genesys.dialect,
        )
        request_id = new_id()
        return self._chunks(
            Extraction(
                asked=asked,
                request_id=request_id,
                means=self._means,
                trail=Trail(request_id=request_id, source=SOURCE, tell=self._audit, new_id=new_id),
                ahead=Ahead(self._opened, reads_of(asked, request_id, began), self._read),
                tally=Tally(began=began),
                finished=self._finished,
            )
        )

    async def _chunks(self, extraction: Extraction) -> AsyncGenerator[list[Record], None]:
        self._running[extraction.request_id] = extraction.tally
        chunks = extraction.chunks()
        try:
            async for chunk in chunks:
                yield chunk
        finally:
            try:
                await chunks.aclose()
            finally:
                del self._running[extraction.request_id]
                self._ended = extraction.tally.metrics(self._clock.now())

    def _read(self, source: Source, read: Read) -> AsyncGenerator[Arrival, None]:
        return whole(source, read, self._observe, SOURCE)

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Source]:
        async with self._shared.opened() as source:
            if self._expected is not None:
                actual = await source.organisation_id()
                if actual is None:
                    self._observe(OrganisationUnverified(source=SOURCE, expected=self._expected))
                refuse_other(actual, realm_id=self._expected)
            yield source

    def _make_source(self) -> AbstractAsyncContextManager[Source]:
        return source_of(self._settings, self._clock, observe=self._heard)

    def _heard(self, event: Event) -> None:
        """What the source tells: every request of an extraction is an attempt of it."""
        if isinstance(event, RequestFinished) and event.request_id in self._running:
            self._running[event.request_id].attempts += 1
        self._observe(event)


def means_of(settings: Settings, clock: Clock, observe: Observer) -> Means:
    """What every extraction works with: the daemon's comparison, with the whole detail. Raises ConfigurationError."""
    schema = Schemas.shipped().latest(Subject.CONVERSATION)
    defaults = {each["name"]: each["default"] for each in json.loads(schema.text)["fields"]}
    compare = Comparison(form_of(settings, schema, Detail.FULL))
    return Means(source=SOURCE, compare=compare, defaults=defaults, clock=clock, observe=observe)


@asynccontextmanager
async def kafka_audit(settings: Settings) -> AsyncIterator[Tell]:
    """An `audit` that appends every event to the audit topic of the settings; open it around the extraction.

    `recordCount` and `totalRecordsExtracted` say what is on the conversations topic: null here, nothing goes there;
    the counts are in the details. Raises SinkUnavailable, SinkRefused, also out of the extraction.
    """
    encode = Avro.shipped().encoder(Subject.AUDIT_EVENT)
    async with appending(kafka_options(settings)) as append:

        def tell(event: Mapping[str, Any]) -> Awaitable[None]:
            """Append it."""
            return append(audit_record(_without_records(event), encode))

        yield tell


def _without_records(event: Mapping[str, Any]) -> Mapping[str, Any]:
    counted = {name: event[name] for name in ("recordCount", "totalRecordsExtracted") if event[name] is not None}
    details = {**event["details"], **{name: str(count) for name, count in counted.items()}}
    return {**event, **dict.fromkeys(counted), "details": details}


def to_logger(logger: logging.Logger, level: int = logging.INFO) -> Tell:
    """An `audit` that logs every event as one line of JSON."""

    def tell(event: Mapping[str, Any]) -> None:
        """Log it."""
        logger.log(level, "%s", json.dumps(event, separators=(",", ":")))

    return tell
