from __future__ import annotations

import base64

import pytest

from producer.telemetry.redaction import MOST_SECRETS, Redactor
from tests.support.happenings import hole

SECRET = "s3cr/et +ü'x"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"secret {SECRET}.", "secret ***."),
        ("client_secret=s3cr%2Fet%20%2B%C3%BC%27x", "client_secret=***"),
        ("client_secret=s3cr%2Fet+%2B%C3%BC%27x", "client_secret=***"),
        (repr({"secret": SECRET}), "{'secret': \"***\"}"),
        ("Authorization: Bearer abcDEF-123_456.xyz~0987654321", "Authorization: Bearer ***"),
        (f"authorization: basic {base64.b64encode(b'some-client:other-secret').decode()}", "authorization: basic ***"),
        ("Basic authentication is required", "Basic authentication is required"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_a_secret_is_masked_in_every_spelling(text: str, expected: str) -> None:
    assert Redactor([SECRET]).text(text) == expected


def test_values_are_masked_however_deep_and_keep_their_shape() -> None:
    value = {SECRET: [("a", SECRET), 1, None, hole(SECRET)]}
    assert Redactor([SECRET]).value(value) == {"***": [("a", "***"), 1, None, hole("***")]}


def test_a_secret_inside_another_does_not_leave_its_rest() -> None:
    assert Redactor(["abc", "abcdef"]).text("abcdef abc") == "*** ***"


def test_blank_secrets_mask_nothing() -> None:
    assert Redactor(["", "  "]).text("a  b") == "a  b"


def test_a_rotated_secret_is_learned_and_the_old_one_still_kept_out() -> None:
    redactor = Redactor(["old-secret"])
    redactor.learn("new-secret")
    assert redactor.text("old-secret new-secret") == "*** ***"


def test_it_remembers_a_bounded_number_and_forgets_the_oldest() -> None:
    redactor = Redactor(f"secret-{number:03d}" for number in range(MOST_SECRETS + 1))
    assert redactor.text("secret-000 secret-001") == "secret-000 ***"
    assert repr(redactor) == "Redactor(64 secrets)"
