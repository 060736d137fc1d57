"""All settings, their defaults and their bounds, group by group; the texts below the fields are their documentation.

What can be said of one value stands here; what relates several of them stands in `relations`. Spans of the source
(intervals, lags, ages) run on product time; spans of the wire (timeouts, the wait of a transaction) are real time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PrivateAttr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from producer.model.batch import Topic
from producer.settings.group import Group
from producer.settings.kafka import Kafka
from producer.settings.secret import Secret, SecretSource
from producer.settings.values import ByteSize, CaptureStart, Instant, Region, Span, Url, parse_list
from producer.settings.webhook import Webhook
from producer.webhook.options import hidden_part
from producer.webhook.signing import spelled

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_MIB = 1 << 20


Kind = Literal["queue", "wrapup", "user", "division"]


class Directory(Group):
    """The names of queues, wrap-up codes, users and divisions, which are looked up beside the reads."""

    enabled: bool = True
    """Whether records carry names; without it they carry ids only, and no name is asked for."""
    kinds: Annotated[tuple[Kind, ...], BeforeValidator(parse_list)] = Field(
        default=("queue", "wrapup", "user", "division"), min_length=1, max_length=4
    )
    """Which names: each takes a permission of its own, and those of users are personal data."""
    ttl: Span = Field(default=24 * _HOUR, ge=_MINUTE, le=30 * _DAY)
    """How long a name is used before it is asked for again."""


class Genesys(Group):
    """The organisation of Genesys Cloud that is read."""

    dialect: Literal["platform", "token"] = "platform"
    """`platform`: the API of Genesys Cloud; or `token`: a gateway that speaks the flat form, at `genesys.api_url`."""
    region: Region | None = None
    """The region by name, AWS id or domain, for example `mypurecloud.ie` or `eu-west-1`; or set both addresses."""
    api_url: Url | None = None
    """The address of the API, in place of the region's."""
    login_url: Url | None = None
    """The address that tokens are had from, in place of the region's."""
    client_id: str = ""
    """The id of the OAuth client (grant: client credentials)."""
    client_secret: Secret = SecretSource()
    """The secret of the OAuth client; from a secret file it is read again at every token request."""
    realm_id: str | None = None
    """The id of the organisation that the token must belong to; without it any is taken. Token dialect: the realm."""
    page_size: int = Field(default=100, ge=1, le=2_000)
    """Conversations asked for in one page; the platform takes 100, a gateway of the token dialect up to 2,000."""
    timeout: Span = Field(default=30 * _SECOND, ge=_SECOND, le=5 * _MINUTE)
    """How long one attempt of a request may take."""
    retries: int = Field(default=3, ge=0, le=10)
    """How often one request is repeated before its window is left for later."""
    token_refresh_margin: Span = Field(default=60 * _SECOND, ge=_SECOND, le=10 * _MINUTE)
    """A token is renewed when less than this remains of its validity."""
    retention_days: int = Field(default=365, ge=1, le=3_650)
    """How long the organisation keeps conversations: 365 days, or 1825 with the premium licence."""
    directory: Directory = Field(default_factory=Directory)


class Watch(Group):
    """How long conversations that have ended are looked after by id."""

    wrap_up: Span = Field(default=4 * _HOUR, ge=timedelta(0), le=30 * _DAY)
    """For the wrap-up of an agent who was asked for one."""
    message: Span = Field(default=72 * _HOUR, ge=timedelta(0), le=365 * _DAY)
    """Message threads, which may reopen."""
    email: Span = Field(default=30 * _DAY, ge=timedelta(0), le=365 * _DAY)
    """E-mail threads, which may reopen."""
    adopt: Span = Field(default=30 * _DAY, ge=timedelta(0), le=365 * _DAY)
    """How far back the first start looks for conversations that are still open; 0s: not at all."""


class Shares(Group):
    """The parts of the budget, from 0 to 1, that reads behind the head are sure of; the head has what is left."""

    watch: float = Field(default=0.1, ge=0, le=0.5)
    """Conversations by id."""
    reread: float = Field(default=0.1, ge=0, le=0.5)
    """Windows that have come to an age at which they are read again, and holes."""
    backfill: float = Field(default=0.05, ge=0, le=0.5)
    """The time before capture began."""


class Capture(Group):
    """Which conversations are captured, and how soon."""

    start: CaptureStart = None
    """Where capture begins: `now` (the moment of the first start) or an ISO 8601 instant; later starts go on."""
    poll_interval: Span = Field(default=15 * _SECOND, ge=_SECOND, le=_HOUR)
    """From one poll of the head to the next; it stretches by itself when a poll costs more than its share."""
    head_lag: Span = Field(default=30 * _SECOND, ge=timedelta(0), le=_HOUR)
    """How long the source is given to show what happened before the head reads it."""
    overlap: Span = Field(default=5 * _MINUTE, ge=timedelta(0), le=_DAY)
    """How much of what it has read the head reads again with each poll."""
    catch_up_slice: Span = Field(default=_HOUR, ge=_MINUTE, le=_DAY)
    """The longest stretch that the head reads at once while it catches up."""
    rereads: Annotated[tuple[Span, ...], BeforeValidator(parse_list)] = Field(
        default=(15 * _MINUTE, 2 * _HOUR, 24 * _HOUR, 8 * _DAY), min_length=1, max_length=8
    )
    """The ages at which every window is read again, rising. They are part of the stored coverage."""
    watch: Watch = Field(default_factory=Watch)
    hit_bound: int = Field(default=10_000, ge=200, le=100_000)
    """A window with more conversations than this is split; the platform ends any one query at 100,000."""


class Limits(Group):
    """What may be asked of Genesys Cloud."""

    requests_per_minute: int = Field(default=300, ge=1, le=100_000)
    """The rate limit of the OAuth client."""
    headroom: float = Field(default=0.1, ge=0, lt=1)
    """The part of the limit that is left to others, from 0 to below 1."""
    concurrency: int = Field(default=8, ge=1, le=64)
    """Requests under way at the same time."""
    shares: Shares = Field(default_factory=Shares)
    max_response_bytes: ByteSize = Field(default=32 * _MIB, ge=_MIB, le=1 << 30)
    """The largest answer that is taken, decompressed."""


class Record(Group):
    """What a conversation on the topic carries."""

    detail: Literal["full", "summary", "flat"] = "full"
    """`full`; `summary`: participants, evaluations, surveys and resolutions left empty; or `flat`: a row without them,
    lists and maps as JSON text, on a topic of its own (`kafka.topics.conversations_flat`)."""


class Admin(Group):
    """The read-only server for health, metrics and status."""

    host: str = "0.0.0.0"  # noqa: S104 - kubelet and Prometheus come from outside; what it serves is read-only and masked
    """The address it listens on; all by default, since probes and scrapes come from outside the pod."""
    port: int = Field(default=9464, ge=0, le=65_535)
    """The port it listens on; 0 takes a free one."""


class State(Group):
    """The memory of what was written. Its home is the state topic; on disk lies a working copy."""

    path: Path | None = None
    """A folder that keeps the working copy over restarts; without it a temporary one, restored from Kafka."""
    format: int = Field(default=1, ge=1, le=1)
    """The format that state is written in. Raise it after an upgrade, once no rollback is wanted."""


class Log(Group):
    """What is logged, and how it looks."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important lines that are shown."""
    format: Literal["auto", "console", "json"] = "auto"
    """`auto` is `console` on a terminal and `json` elsewhere."""


class Dev(Group):
    """For demo and tests: a virtual clock, shared with the simulator. Refused against a real organisation."""

    clock_origin: Instant | None = None
    """The instant that product time showed at `clock_epoch`."""
    clock_epoch: float | None = None
    """Unix seconds at which product time stood at `clock_origin`."""
    clock_speed: float = Field(default=1, gt=0, le=100_000)
    """How much faster than real time product time runs."""
    cache_dir: Path | None = None
    """Where the demo keeps what it has fetched and made (broker jars, formatted data)."""


class Settings(BaseSettings):
    """Everything that can be set. `load` is the entrance; built directly it reads nothing."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, use_attribute_docstrings=True, allow_inf_nan=False
    )

    genesys: Genesys = Field(default_factory=Genesys)
    capture: Capture = Field(default_factory=Capture)
    limits: Limits = Field(default_factory=Limits)
    kafka: Kafka = Field(default_factory=Kafka)
    record: Record = Field(default_factory=Record)
    webhook: Webhook = Field(default_factory=Webhook)
    admin: Admin = Field(default_factory=Admin)
    state: State = Field(default_factory=State)
    log: Log = Field(default_factory=Log)
    dev: Dev = Field(default_factory=Dev)

    _origins: Mapping[str, str] = PrivateAttr(default_factory=dict)

    @property
    def origins(self) -> Mapping[str, str]:
        """By name of a setting: where its value came from. What is not in it is at its default."""
        return self._origins

    def topics(self) -> Mapping[Topic, str]:
        """The name of every topic; rows have a topic of their own in place of the conversations'."""
        topics = self.kafka.topics
        flat = {Topic.CONVERSATIONS: topics.conversations_flat} if self.record.detail == "flat" else {}
        return {**topics.by_purpose(), **flat}

    def secrets(self) -> tuple[str, ...]:
        """What must never be shown, as it is now."""
        ours = (self.genesys.client_secret(), self.kafka.security.password())
        webhook = (hidden_part(self.webhook.url()), *spelled(self.webhook.secrets()))
        return tuple(secret for secret in (*ours, *webhook) if secret)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is given
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is given
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is given
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is given
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Nothing is read behind one's back: `load` hands over the layers."""
        return (init_settings,)
