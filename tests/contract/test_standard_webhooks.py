"""Signatures against the reference library of Standard Webhooks."""

from __future__ import annotations

import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from producer.webhook.signing import signed
from tests.support.receiver import OTHER_SECRET, SECRET

BODY = '{"event":"conversation_extraction_complete","text":"ключ"}'.encode()
THIRD = "whsec_cmVjZWl2ZXIvc2VjcmV0L251bWJlci90aHJlZQ=="


def headers(*secrets: str, age: int = 0) -> dict[str, str]:
    return dict(signed("d-1", BODY, seconds=int(time.time()) - age, secrets=secrets))


@pytest.mark.parametrize("secrets", [[SECRET], [SECRET, OTHER_SECRET], [OTHER_SECRET, SECRET]])
def test_what_is_signed_is_taken(secrets: list[str]) -> None:
    taken = Webhook(SECRET).verify(BODY, headers(*secrets))

    assert taken == {"event": "conversation_extraction_complete", "text": "ключ"}


@pytest.mark.parametrize("altered", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_what_was_altered_on_the_way_is_refused(altered: str) -> None:
    found = headers(SECRET)
    other = {"webhook-id": "d-2", "webhook-timestamp": str(int(time.time()) - 9), "webhook-signature": "v1,AAAA"}
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY, found | {altered: other[altered]})
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY + b" ", found)


def test_another_secret_and_an_old_signature_are_refused() -> None:
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Webhook(THIRD).verify(BODY, headers(SECRET, OTHER_SECRET))
    with pytest.raises(WebhookVerificationError, match="too old"):
        Webhook(SECRET).verify(BODY, headers(SECRET, age=400))
