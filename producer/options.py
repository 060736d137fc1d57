"""What the settings mean to each part: one function for what each is told. Pure but for what it reads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from importlib.metadata import version

from producer.assembly import envelope
from producer.assembly.batch import BatchBounds
from producer.clock import VirtualClock, WallClock
from producer.encoding.avro import Avro
from producer.encoding.schemas import Subject
from producer.flow.reader import ReadPolicy
from producer.genesys.limiter import LimiterPolicy
from producer.genesys.options import ClientOptions
from producer.kafka.options import DEFAULT_PARTITIONS, KafkaOptions, Records, SecurityOptions
from producer.model.names import NameKind
from producer.model.reads import ReadKind
from producer.pipeline import LanePolicy
from producer.planning.head import HeadPolicy
from producer.planning.watch import WatchPolicy
from producer.ports import Clock
from producer.settings import Settings, shown
from producer.webhook.options import WebhookOptions, hidden_part
from producer.webhook.signing import spelled

RECORDS: Mapping[Subject, str] = {
    Subject.CONVERSATION: envelope.CONVERSATION,
    Subject.CONVERSATION_FLAT: envelope.CONVERSATION_FLAT,
}
"""The kinds of record that conversations may go out as, and what headers call them."""
SOURCE = "default"
"""The name of the one source, as long as the settings name none."""
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
    return behind | ({ReadKind.DIRECTORY: DIRECTORY_SHARE} if kinds_of(settings) else {})


def kinds_of(settings: Settings) -> tuple[NameKind, ...]:
    """The kinds of names that are looked up: none by gateways of the token dialect, which tell names themselves."""
    directory = settings.genesys.directory
    if not directory.enabled or settings.genesys.dialect == "token":
        return ()
    return tuple(kind for kind in NameKind if kind.value in directory.kinds)


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


def learning(secret: Callable[[], str], learn: Callable[[str], None]) -> Callable[[], str]:
    """The same secret, told to `learn` at every use: one that was rotated on disk is kept out of the log as well."""

    def told() -> str:
        value = secret()
        learn(value)
        return value

    return told
