"""Constructs everything: the only file that knows all parts. Settings come in, a running daemon comes out."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from typing import Protocol

from producer import errors, events
from producer.assembly.batch import AssemblyTools
from producer.assembly.pages import PageWorker
from producer.clock import WallClock
from producer.encoding.avro import Avro
from producer.encoding.schemas import Schema, Subject
from producer.flow.naming import Naming
from producer.genesys.options import ClientOptions, Credentials
from producer.genesys.source import GenesysSource
from producer.genesys.token_source import TokenSource
from producer.kafka.partitioner import partition_of
from producer.kafka.sink import KafkaSink
from producer.lifecycle import stop_on_signals
from producer.model.batch import Restored, Topic
from producer.model.conversation import Agenda, ConversationState
from producer.model.names import Unwritten
from producer.model.regions import endpoints
from producer.options import (
    DIRECTORY_SHARE,
    RECORDS,
    SOURCE,
    client_options,
    clock_of,
    digest_of,
    kafka_options,
    kinds_of,
    lane_policy,
    learning,
    subject_of,
    watch_policy,
    webhook_options,
)
from producer.pipeline import Lane
from producer.planning.names import Directory, DirectoryPolicy
from producer.planning.watch import agenda_of, may_forget
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
from producer.webhook.payload import of_audit

HARD_STOP = 130


def record_encoder(avro: Avro, subject: Subject) -> Encode:
    """Writes the records that are compared; as rows where those are asked for."""
    encode = avro.encoder(subject)
    return encode if subject is Subject.CONVERSATION else lambda record: encode(row_of(record))


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


def directory_of(settings: Settings) -> Directory | None:
    """Where names are looked up; None when records are to carry none."""
    kinds = kinds_of(settings)
    if not kinds:
        return None
    budget = settings.limits.requests_per_minute * (1 - settings.limits.headroom)
    spacing = timedelta(minutes=1) / (budget * DIRECTORY_SHARE)
    return Directory(DirectoryPolicy(kinds=kinds, ttl=settings.genesys.directory.ttl, spacing=spacing))


def the_one(raised: Exception) -> Exception:
    """The error of a group of tasks that holds but one, however deep, so that it can say what to do; else as it is."""
    while isinstance(raised, ExceptionGroup) and len(raised.exceptions) == 1:
        raised = raised.exceptions[0]
    return raised


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
        # what a command puts onto the lane lacks its names: the daemon sends it again with them
        compare = Comparison(form_of(settings, schema), naming or Unwritten(kinds=kinds_of(settings)))

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
