from __future__ import annotations

import base64

import pytest

from producer.webhook.signing import key_of, secrets_of, signed, spelled
from tests.support.receiver import OTHER_SECRET, SECRET


def whsec(size: int) -> str:
    return f"whsec_{base64.b64encode(b'k' * size).decode()}"


def test_the_example_of_the_specification() -> None:
    """Standard Webhooks, "Verifying webhook authenticity": the vector that its libraries share."""
    headers = signed(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        b'{"test": 2432232314}',
        seconds=1_614_265_330,
        secrets=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )

    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_two_secrets_make_two_signatures_divided_by_a_blank() -> None:
    one, two, both = (
        signed("d-1", b"{}", seconds=1, secrets=secrets)["webhook-signature"]
        for secrets in ([SECRET], [OTHER_SECRET], [SECRET, OTHER_SECRET])
    )

    assert both == f"{one} {two}"
    assert one != two


@pytest.mark.parametrize(
    "text", [f"{SECRET},{OTHER_SECRET}", f"{SECRET}\n{OTHER_SECRET}\n", f" {SECRET} , {OTHER_SECRET}"]
)
def test_secrets_are_divided_by_commas_lines_and_blanks(text: str) -> None:
    assert secrets_of(text) == (SECRET, OTHER_SECRET)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "must be one secret, or two while they are changed, not 0"),
        (f"{SECRET},{OTHER_SECRET},{SECRET}", "must be one secret, or two while they are changed, not 3"),
        ("c2VjcmV0", "must begin with whsec_"),
        (f"{SECRET},plain", "must begin with whsec_"),
        ("whsec_n*t-base64", "must be base64 behind whsec_"),
        (whsec(23), "must hold 24 to 64 bytes in base64 behind whsec_, not 23"),
        (whsec(65), "must hold 24 to 64 bytes in base64 behind whsec_, not 65"),
    ],
)
def test_what_is_no_secret_is_refused_without_being_quoted(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=r"^must ") as refused:
        secrets_of(text)

    assert str(refused.value) == problem


def test_keys_of_every_allowed_size_are_taken() -> None:
    assert [len(key_of(whsec(size))) for size in (24, 32, 64)] == [24, 32, 64]


def test_every_spelling_is_known_that_must_not_be_shown() -> None:
    assert spelled(f"{SECRET},bad") == (SECRET, "bad", SECRET.removeprefix("whsec_"), "bad")
