"""Constructs everything: the only file that knows all parts. Settings come in, a running daemon comes out."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from typing import Protocol

from producer import errors, events
from producer.assembly import envelope
from producer.assembly.batch import AssemblyTools, BatchBounds
from producer.assembly.pages import PageWorker
from producer.clock import VirtualClock, WallClock
from producer.encoding.avro import Avro
from producer.encoding.schemas import Schema, Subject
from producer.flow.naming import Naming
from producer.flow.reader import ReadPolicy
from producer.genesys.limiter import LimiterPolicy
from producer.genesys.options import ClientOptions, Credentials
from producer.genesys.regions import endpoints
from producer.genesys.source import GenesysSource
from producer.genesys.token_source import TokenSource
from producer.kafka.options import DEFAULT_PARTITIONS, KafkaOptions, Records, SecurityOptions
from producer.kafka.partitioner import partition_of
from producer.kafka.sink import KafkaSink
from producer.lifecycle import stop_on_signals
from producer.model.batch import Restored, Topic
from producer.model.conversation import Agenda, ConversationState
from producer.model.names import not_known
from producer.model.reads import ReadKind
from producer.pipeline import Lane, LanePolicy
from producer.planning.head import HeadPolicy
from producer.planning.names import Directory, DirectoryPolicy
from producer.planning.watch import WatchPolicy, agenda_of, may_forget
from producer.ports import Clock, Encode, Observer, Source
from producer.settings import Settings, shown, shown_flat
from producer.telemetry.telemetry import Options as TelemetryOptions
from producer.telemetry.telemetry import Telemetry
from producer.transform import token_split
from producer.transform.flat import row_of
from producer.transform.normalize import Detail, Form, Normalizer
from producer.transform.revision import Comparison
from producer.transform.split import split
from producer.transform.token_records import TokenForm
from producer.webhook.answers import Patience
from producer.webhook.courier import Courier
from producer.webhook.delivery import Sender
from producer.webhook.notifier import Webhook
from producer.webhook.options import WebhookOptions, hidden_part
from producer.webhook.payload import of_audit
from producer.webhook.signing import spelled

SOURCE = "default"
"""The name of the one source, as long as the settings name none."""
RECORDS: Mapping[Subject, str] = {
    Subject.CONVERSATION: envelope.CONVERSATION,
    Subject.CONVERSATION_FLAT: envelope.CONVERSATION_FLAT,
}
"""The kinds of record that conversations may go out as, and what headers call them."""
HARD_STOP = 130
DIRECTORY_SHARE = 0.02
"""The part of the budget that looking up names is sure of, and the most that it takes."""
STOP_GRACE = timedelta(seconds=10)
"""How long a window that is being read may go on after a soft stop (real time)."""


def clock_of(settings: Settings) -> Clock:
    """The product clock that the settings ask for."""
    dev = settings.dev
    if dev.clock_origin is None or dev.clock_epoch is None:
        return WallClock()
    return VirtualClock(origin=dev.clock_origin, epoch=dev.clock_epoch, speed=dev.clock_speed)


def kafka_options(settings: Settings, learn: Callable[[str], None] = lambda _secret: None) -> KafkaOptions:
    """The cluster, the topics and the identity that the settings name. `learn` is told the password at every use."""
    kafka, security = settings.kafka, settings.kafka.security
    return KafkaOptions(
        bootstrap_servers=",".join(kafka.bootstrap_servers),
        application_id=kafka.application_id,
        security=SecurityOptions(
            protocol=security.protocol,
            mechanism=security.sasl_mechanism or "SCRAM-SHA-512",
            username=security.username,
            password=learning(security.password, learn) if security.password else None,
            ca_file=security.ca_file,
            certificate_file=security.cert_file,
            key_file=security.key_file,
        ),
        topics=settings.topics(),
        records=records_of(settings),
        partitions={**DEFAULT_PARTITIONS, **kafka.partitions.by_purpose()},
        lanes=kafka.lanes,
        replication_factor=kafka.replication_factor,
        min_insync_replicas=kafka.min_insync_replicas,
        state_path=settings.state.path,
    )


def records_of(settings: Settings) -> Records:
    """The kind of record that goes to the conversations topic, and how the kinds are told from one another."""
    avro = Avro.shipped()
    known = {avro.framing.prefix(each): each.name for each in avro.schemas.versions if each.subject in RECORDS}
    return Records(kind=avro.schemas.latest(subject_of(settings)).name, known=known)


def subject_of(settings: Settings) -> Subject:
    """What the records of conversations are written as."""
    return Subject.CONVERSATION_FLAT if settings.record.detail == "flat" else Subject.CONVERSATION


def record_encoder(avro: Avro, subject: Subject) -> Encode:
    """Writes the records that are compared; as rows where those are asked for."""
    encode = avro.encoder(subject)
    return encode if subject is Subject.CONVERSATION else lambda record: encode(row_of(record))


def client_options(settings: Settings) -> ClientOptions:
    """How the API is asked."""
    genesys, limits = settings.genesys, settings.limits
    return ClientOptions(
        page_size=genesys.page_size,
        timeout=genesys.timeout,
        retries=genesys.retries,
        concurrency=limits.concurrency,
        hit_bound=settings.capture.hit_bound,
        max_response_bytes=limits.max_response_bytes,
        token_margin=genesys.token_refresh_margin,
        user_agent=f"genesys-producer/{version('genesys-producer')}",
        limiter=LimiterPolicy(requests_per_minute=limits.requests_per_minute, headroom=limits.headroom),
        shares=guaranteed(settings),
    )


def webhook_options(settings: Settings, learn: Callable[[str], None] = lambda _secret: None) -> WebhookOptions | None:
    """How the webhook is reached; None when there is none. `learn` is told address and secrets at every use."""
    webhook = settings.webhook
    if not webhook.url:
        return None

    def learn_each(*secrets: str) -> None:
        for secret in secrets:
            learn(secret)

    return WebhookOptions(
        url=learning(webhook.url, lambda url: learn_each(hidden_part(url))),
        secrets=learning(webhook.secrets, lambda text: learn_each(*spelled(text))),
        fires=webhook.events,
        allow_http=webhook.allow_http,
        timeout=webhook.timeout,
        give_up_after=webhook.give_up_after,
        user_agent=f"genesys-producer/{version('genesys-producer')}",
    )


def webhook_of(
    settings: Settings, *, clock: Clock, observe: Observer, learn: Callable[[str], None] = lambda _secret: None
) -> Webhook:
    """The webhook for whoever has no lane; it tells nobody anything when the settings name no receiver."""
    options = webhook_options(settings, learn)
    return Webhook(options, source=SOURCE, clock=clock, observe=observe, folder=settings.state.path)


def source_of(
    settings: Settings,
    clock: Clock,
    *,
    options: ClientOptions | None = None,
    observe: Observer = lambda _: None,
    learn: Callable[[str], None] = lambda _: None,
) -> GenesysSource | TokenSource:
    """The source that the settings name, in its dialect, not yet open. `options` in place of what the settings say;
    `learn` is told the secret at every use. Raises ConfigurationError.
    """
    genesys = settings.genesys
    hosts = endpoints(genesys.region, api_url=genesys.api_url, login_url=genesys.login_url)
    credentials = Credentials(client_id=genesys.client_id, secret=learning(genesys.client_secret, learn))
    options = options or client_options(settings)
    if genesys.dialect == "token":
        return TokenSource(
            name=SOURCE,
            endpoints=hosts,
            credentials=credentials,
            realm=genesys.realm_id or "",
            options=options,
            clock=clock,
            observe=observe,
            split=token_split.split,
        )
    return GenesysSource(
        name=SOURCE,
        endpoints=hosts,
        credentials=credentials,
        options=options,
        clock=clock,
        observe=observe,
        split=split,
    )


def form_of(settings: Settings, schema: Schema, detail: Detail | None = None) -> Form:
    """The form that conversations come in, in the dialect of the source; `detail` in place of what the settings say."""
    if settings.genesys.dialect == "token":
        return TokenForm()
    return Normalizer(schema.text, detail or Detail(settings.record.detail))


def lane_policy(settings: Settings) -> LanePolicy:
    """How the source is captured."""
    capture, transaction = settings.capture, settings.kafka.transaction
    head = HeadPolicy(head_lag=capture.head_lag, overlap=capture.overlap, catch_up_slice=capture.catch_up_slice)
    budget = settings.limits.requests_per_minute * (1 - settings.limits.headroom)
    shares = guaranteed(settings)
    head_share = 1 - sum(shares.values())
    return LanePolicy(
        capture_start=capture.start,
        ages=capture.rereads,
        watch=watch_policy(settings),
        shares={ReadKind.HEAD: head_share, **shares},
        reads=ReadPolicy(head=head, poll_interval=capture.poll_interval, budget=budget, head_share=head_share),
        bounds=BatchBounds(records=transaction.max_records, size=transaction.max_bytes),
        linger=transaction.max_wait,
        grace=STOP_GRACE,
        expected_organisation=None if settings.genesys.dialect == "token" else settings.genesys.realm_id,
        config_digest=digest_of(settings),
    )


def guaranteed(settings: Settings) -> dict[ReadKind, float]:
    """The parts of the budget that are kept for what comes behind the head."""
    shares = settings.limits.shares
    watch = shares.watch if watch_policy(settings).by_id else 0.0
    behind = {ReadKind.WATCH: watch, ReadKind.REREAD: shares.reread, ReadKind.BACKFILL: shares.backfill}
    return behind | ({ReadKind.DIRECTORY: DIRECTORY_SHARE} if looks_up_names(settings) else {})


def looks_up_names(settings: Settings) -> bool:
    """Gateways of the token dialect tell names themselves, and have no directory."""
    return settings.genesys.directory.enabled and settings.genesys.dialect == "platform"


def directory_of(settings: Settings) -> Directory | None:
    """Where names are looked up; None when records are to carry none."""
    if not looks_up_names(settings):
        return None
    budget = settings.limits.requests_per_minute * (1 - settings.limits.headroom)
    spacing = timedelta(minutes=1) / (budget * DIRECTORY_SHARE)
    return Directory(DirectoryPolicy(ttl=settings.genesys.directory.ttl, spacing=spacing))


def watch_policy(settings: Settings) -> WatchPolicy:
    """How conversations are looked after by id: in the token dialect not at all (decision 15)."""
    if settings.genesys.dialect == "token":
        never = timedelta(0)
        return WatchPolicy(by_id=False, wrap_up=never, message=never, email=never, adopt=never)
    watch = settings.capture.watch
    return WatchPolicy(wrap_up=watch.wrap_up, message=watch.message, email=watch.email, adopt=watch.adopt)


def digest_of(settings: Settings) -> str:
    """Names the settings in force, so that a change of them shows in the audit; secrets are masked before hashing."""
    text = json.dumps(shown(settings), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def the_one(raised: Exception) -> Exception:
    """The error of a group of tasks that holds but one, however deep, so that it can say what to do; else as it is."""
    while isinstance(raised, ExceptionGroup) and len(raised.exceptions) == 1:
        raised = raised.exceptions[0]
    return raised


def learning(secret: Callable[[], str], learn: Callable[[str], None]) -> Callable[[], str]:
    """The same secret, told to `learn` at every use: one that was rotated on disk is kept out of the log as well."""

    def told() -> str:
        value = secret()
        learn(value)
        return value

    return told


def new_id() -> str:
    """A random id for a read or an audit event."""
    return str(uuid.uuid4())


class Listener(Protocol):
    """Who is told what happens, and which secrets must not be shown."""

    def observe(self, event: events.Event) -> None:
        """Take an event."""

    def learn_secret(self, secret: str) -> None:
        """Keep a secret out of what is shown."""


@dataclass(slots=True, kw_only=True)
class Daemon:
    """The program as it runs in production. `run` returns the exit code."""

    settings: Settings

    async def run(self) -> int:
        """Serve the admin pages and work until told to stop. Raises ConfigurationError when it can't begin."""
        settings, clock, run_id = self.settings, clock_of(self.settings), new_id()
        telemetry = self._telemetry(clock)
        observe = telemetry.observe
        stop, code = asyncio.Event(), HARD_STOP
        observe(
            events.ServiceStarted(run_id=run_id, version=version("genesys-producer"), settings=shown_flat(settings))
        )
        try:
            async with AsyncExitStack() as stack:
                await stack.enter_async_context(telemetry.serve())
                closed: AbstractAsyncContextManager[Source] = source_of(
                    settings, clock, observe=observe, learn=telemetry.learn_secret
                )
                source = await stack.enter_async_context(closed)
                courier = await self._courier(stack, clock, telemetry)
                lane = self.lane(source, clock, telemetry, run_id, courier)
                async with asyncio.TaskGroup() as group:
                    heart = group.create_task(telemetry.run())
                    work = group.create_task(lane.run(stop))
                    with stop_on_signals(stop, work.cancel, observe):
                        await asyncio.wait({work})
                    heart.cancel()
                code = HARD_STOP if work.cancelled() else 0
        except Exception as raised:  # noqa: BLE001 - raised again; its exit code goes into the last line
            error = the_one(raised)
            code = error.exit_code if isinstance(error, errors.ProducerError) else errors.ProducerError.exit_code
            raise error from None
        finally:
            observe(events.ServiceStopped(run_id=run_id, exit_code=code))
        return code

    def _telemetry(self, clock: Clock) -> Telemetry:
        settings = self.settings
        return Telemetry(
            options=TelemetryOptions(
                host=settings.admin.host,
                port=settings.admin.port,
                log_level=logging.getLevelNamesMapping()[settings.log.level.upper()],
                log_format=settings.log.format,
            ),
            clock=clock,
            sources=[SOURCE],
            version=version("genesys-producer"),
            config=lambda: shown(settings),
            secrets=settings.secrets(),
        )

    def _naming(self, source: Source, clock: Clock, telemetry: Listener) -> Naming | None:
        """Looks names up where the source can."""
        directory = directory_of(self.settings)
        if directory is None or not isinstance(source, GenesysSource):
            return None
        return Naming(name=SOURCE, source=source, clock=clock, observe=telemetry.observe, directory=directory)

    async def _courier(self, stack: AsyncExitStack, clock: Clock, telemetry: Telemetry) -> Callable[[], Courier] | None:
        """Makes those who deliver to the webhook, over one session; None when there is no webhook."""
        options = webhook_options(self.settings, telemetry.learn_secret)
        if options is None:
            return None
        sender = await stack.enter_async_context(Sender(options))
        patience = Patience(give_up_after=options.give_up_after)
        return lambda: Courier(send=sender.send, patience=patience, clock=clock, observe=telemetry.observe)

    def lane(
        self,
        source: Source,
        clock: Clock,
        telemetry: Listener,
        run_id: str,
        courier: Callable[[], Courier] | None = None,
    ) -> Lane:
        """The lane that the settings name, for the daemon and for what a command puts onto it."""
        settings = self.settings
        options = kafka_options(settings, learn=telemetry.learn_secret)
        watch = watch_policy(settings)

        def plan(state: ConversationState, /, *, restoring: bool) -> Agenda:
            return agenda_of(state, clock.now(), watch, restoring=restoring)

        sink = KafkaSink(options, lane=partition_of(SOURCE.encode(), options.lanes), clock=clock, plan=plan)
        avro = Avro.shipped()
        schema, subject = avro.schemas.latest(Subject.CONVERSATION), subject_of(settings)
        naming = self._naming(source, clock, telemetry)
        later = not_known if looks_up_names(settings) else None  # what a command puts here the daemon sends with names
        compare = Comparison(form_of(settings, schema), naming.name_of if naming else later)

        def tools(restored: Restored) -> AssemblyTools:
            return AssemblyTools(
                pages=PageWorker(
                    source=SOURCE,
                    compare=compare,
                    encode=record_encoder(avro, subject),
                    known=sink.known,
                    limits=restored.max_record_bytes,
                    conversations_topic=options.topics[Topic.CONVERSATIONS],
                    kind=RECORDS[subject],
                ),
                encode_audit=avro.encoder(Subject.AUDIT_EVENT),
                encode_watermark=avro.encoder(Subject.WATERMARK),
                new_id=new_id,
                usage=source.usage,
                may_forget=lambda state, coverage: may_forget(state, coverage, clock.now(), watch),
                run_id=run_id,
                deliver=lambda event: of_audit(event, settings.webhook.events) if settings.webhook.url else None,
            )

        return Lane(
            name=SOURCE,
            source=source,
            sink=sink,
            clock=clock,
            real_clock=WallClock(),
            observe=telemetry.observe,
            policy=lane_policy(settings),
            tools=tools,
            new_id=new_id,
            naming=naming,
            started_details={"version": version("genesys-producer"), "configDigest": digest_of(settings)},
            courier=courier,
        )
