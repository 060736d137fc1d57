"""How the webhook is reached, and what it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from producer.webhook.payload import Firing

_SCHEMES = ("http", "https")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookOptions:
    """`url` and `secrets` are asked at every attempt: what is rotated on disk is taken up. Both may hold secrets.

    `timeout` is real time and of one attempt, `give_up_after` product time from what is told.
    """

    url: Callable[[], str]
    secrets: Callable[[], str]
    fires: tuple[Firing, ...]
    allow_http: bool
    timeout: timedelta
    give_up_after: timedelta
    user_agent: str


def check_receiver(url: str, *, allow_http: bool = True) -> str:
    """An address as it is. Raises ValueError when nothing can or may be sent to it; the text never repeats it."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _SCHEMES and parts.hostname and parts.port != 0
    except ValueError:
        parts, usable = None, False
    if not parts or not usable or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise ValueError("must be an address with scheme and host, for example https://hooks.example/genesys")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user or a password: deliveries are signed, see webhook.secrets")
    if parts.fragment:
        raise ValueError("must end with its path or query, without #")
    if parts.scheme == "http" and not allow_http:
        raise ValueError("must begin with https://, unless webhook.allow_http is true")
    return url


def hidden_part(url: str) -> str:
    """What must never be shown of an address: all of it, unless it has neither path nor query; then nothing."""
    parts = urlsplit(url)
    return url if parts.path.strip("/") or parts.query else ""


def shown_part(url: str) -> str:
    """Scheme and host of an address: what follows may be a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
