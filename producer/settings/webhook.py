"""The settings of the webhook. Its address is a secret too: receivers put tokens into path and query."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, InstanceOf, PlainSerializer, WithJsonSchema

from producer.settings.group import Group
from producer.settings.secret import MASK, SecretSource, as_source
from producer.settings.values import Span, parse_list
from producer.webhook.options import check_receiver, shown_part
from producer.webhook.signing import secrets_of

_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)


def _receiver(value: object) -> object:
    source = as_source(value)
    if isinstance(source, SecretSource) and source:
        if MASK in source():
            raise ValueError("is a mask and not an address: `config show` hides what follows the host")
        check_receiver(source())
    return source


def _shown(source: SecretSource) -> str | None:
    return f"{shown_part(source())}/{MASK}" if source else None


def _signing(value: object) -> object:
    source = as_source(",".join(map(str, value)) if isinstance(value, list | tuple) else value)
    if isinstance(source, SecretSource) and source:
        secrets_of(source())
    return source


def _masked(source: SecretSource) -> str | None:
    return MASK if source else None


_SCHEMA: Any = WithJsonSchema({"type": "string", "writeOnly": True})
_SECRETS_SCHEMA: Any = WithJsonSchema(
    {"type": ["string", "array"], "items": {"type": "string"}, "maxItems": 2, "writeOnly": True}
)

Receiver = Annotated[InstanceOf[SecretSource], BeforeValidator(_receiver), PlainSerializer(_shown), _SCHEMA]
"""An address whose path and query are nobody's business."""

SigningSecrets = Annotated[
    InstanceOf[SecretSource], BeforeValidator(_signing), PlainSerializer(_masked), _SECRETS_SCHEMA
]
"""One or two secrets of Standard Webhooks."""


class Webhook(Group):
    """An HTTP receiver that is told what happened. It holds up no read, and no record waits for it."""

    url: Receiver = SecretSource()
    """Where deliveries are sent, with POST; without it nobody is told anything. Only its scheme and host are shown."""
    secrets: SigningSecrets = SecretSource()
    """What deliveries are signed with: `whsec_` and base64. Two, divided by a comma or a line, in a rotation."""
    events: Annotated[tuple[Literal["query", "failure", "hole"], ...], BeforeValidator(parse_list)] = Field(
        default=("query", "failure", "hole"), min_length=1, max_length=3
    )
    """What is told: `query` (an extraction on demand has ended), `failure` (a read has failed), `hole` (one opened)."""
    allow_http: bool = False
    """Whether the address may begin with http://, and deliveries be read on the way."""
    timeout: Span = Field(default=10 * _SECOND, ge=_SECOND, le=_MINUTE)
    """How long one attempt may take."""
    give_up_after: Span = Field(default=_DAY, ge=_MINUTE, le=7 * _DAY)
    """How long a delivery is repeated, from what it tells of; then it is given up, and the log says so."""
