"""The words of the token dialect for channels, and what each of them is in a record."""

from __future__ import annotations

from collections.abc import Mapping

TOKEN_CHANNELS: Mapping[str, str] = {
    "voice": "VOICE",
    "chat": "CHAT",
    "email": "EMAIL",
    "sms": "SMS",
    "callback": "CALLBACK",
    "social": "SOCIAL_MEDIA",
    "webchat": "WEBCHAT",
}
"""By the dialect's word, a symbol of the enum `ChannelType`; any other word is UNKNOWN there."""

TOKEN_WORDS: Mapping[str, str] = {symbol: word for word, symbol in TOKEN_CHANNELS.items()}
"""The other way round: what is asked for when a query selects a channel."""

ALL_CHANNELS = "all"
"""The dialect's word for no selection."""
