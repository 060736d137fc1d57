"""The channel of a conversation, from the media of its sessions. The table of the record's contract, as data."""

from __future__ import annotations

from collections.abc import Mapping

UNKNOWN = "UNKNOWN"
CUSTOMER_SIDE = frozenset({"customer", "external"})
"""Purposes of participants on the other side of the organisation."""

ACCOMPANYING = frozenset({"cobrowse", "screenshare", "screenmonitoring", "video"})
"""Media that go along with a conversation and never make its channel."""

BY_MEDIA: Mapping[str, str] = {"voice": "VOICE", "callback": "CALLBACK", "chat": "CHAT", "email": "EMAIL"}
BY_MESSAGE: Mapping[str, str] = {"sms": "SMS", "webmessaging": "WEBCHAT", "open": UNKNOWN, "unknown": UNKNOWN}
OTHER_MESSAGE = "SOCIAL_MEDIA"
"""facebook, twitter, whatsapp, instagram, line, apple, and whatever comes next."""


def channel_of(media_type: str | None, message_type: str | None) -> str:
    """The channel of one session, a symbol of the enum `ChannelType`."""
    if media_type == "message":
        return BY_MESSAGE.get(message_type.lower(), OTHER_MESSAGE) if message_type else UNKNOWN
    return BY_MEDIA.get(media_type or "", UNKNOWN)
