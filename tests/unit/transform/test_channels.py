from __future__ import annotations

import pytest

from producer.transform.channels import channel_of


@pytest.mark.parametrize(
    ("media", "message", "channel"),
    [
        ("voice", None, "VOICE"),
        ("callback", None, "CALLBACK"),
        ("chat", None, "CHAT"),
        ("email", None, "EMAIL"),
        ("message", "sms", "SMS"),
        ("message", "webmessaging", "WEBCHAT"),
        ("message", "open", "UNKNOWN"),
        ("message", "unknown", "UNKNOWN"),
        ("message", None, "UNKNOWN"),
        ("message", "facebook", "SOCIAL_MEDIA"),
        ("message", "WHATSAPP", "SOCIAL_MEDIA"),
        ("message", "something-new", "SOCIAL_MEDIA"),
        ("internalmessage", None, "UNKNOWN"),
        ("hologram", None, "UNKNOWN"),
        (None, None, "UNKNOWN"),
    ],
)
def test_the_channel_of_a_session(media: str | None, message: str | None, channel: str) -> None:
    assert channel_of(media, message) == channel
