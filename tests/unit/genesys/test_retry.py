"""The table of what to do about failures: printed, it is the documentation."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from producer import errors
from producer.genesys.complaint import Complaint, asked_to_wait, complaint_of
from producer.genesys.exchange import Answer
from producer.genesys.retry import Backoff, NotFound, ServerError, disposition_of, error_of
from tests.support.clock import NOON

SAMPLES = json.loads((Path(__file__).parents[2] / "data" / "errors.json").read_text(encoding="utf-8"))

EXPECTED = {
    "429_normalised_since_2021-11-10": ("wait", errors.RateLimited),
    "429_old_form_before_2021": ("wait", errors.RateLimited),
    "401_bad_credentials_api": ("refresh the token", errors.CredentialsRefused),
    "401_credentials_expired": ("refresh the token", errors.CredentialsRefused),
    "401_no_token": ("refresh the token", errors.CredentialsRefused),
    "403_missing_any_permissions": ("wait for a person", errors.PermissionMissing),
    "400_pagination_cap": ("split", errors.WindowRefused),
    "400_interval_31_days": ("split", errors.WindowRefused),
    "400_interval_7_days": ("split", errors.WindowRefused),
    "400_invalid_value": ("refuse", errors.WindowRefused),
    "400_bad_request_uuid": ("refuse", errors.WindowRefused),
    "400_with_params": ("refuse", errors.WindowRefused),
    "404_oauth_token_with_json_or_wrong_host": ("wait for a person", NotFound),
    "500": ("retry", ServerError),
    "503": ("retry", ServerError),
    "504": ("retry or shrink", ServerError),
    "oauth_400_unknown_client": ("refuse", errors.WindowRefused),
    "oauth_401_wrong_secret": ("refresh the token", errors.CredentialsRefused),
}


def answer_of(name: str) -> Answer:
    found = SAMPLES[name]
    headers = {key.lower(): value for key, value in found.get("headers", {}).items()}
    return Answer(status=found["status"], headers=headers, body=msgspec.json.encode(found["body"]))


def test_every_sample_has_its_line() -> None:
    assert set(EXPECTED) == {name for name in SAMPLES if not name.startswith("_")}


@pytest.mark.parametrize("name", EXPECTED)
def test_what_real_errors_lead_to(name: str) -> None:
    complaint = complaint_of(answer_of(name))
    assert (disposition_of(complaint).value, type(error_of(complaint))) == EXPECTED[name]


@pytest.mark.parametrize(
    ("status", "disposition"),
    [
        (204, "wait for a person"),
        (301, "wait for a person"),
        (407, "wait for a person"),
        (408, "retry"),
        (409, "retry"),
        (410, "refuse"),
        (413, "refuse"),
        (415, "refuse"),
        (502, "retry or shrink"),
        (599, "retry"),
    ],
)
def test_what_a_bare_status_leads_to(status: int, disposition: str) -> None:
    assert disposition_of(Complaint(status=status)).value == disposition


def test_an_error_says_what_the_server_said_and_carries_its_correlation_id() -> None:
    error = error_of(complaint_of(answer_of("401_credentials_expired")))
    assert str(error) == (
        "a new token is refused as well: 401 credentials.expired"
        " The supplied credentials are expired and cannot be used."
    )
    assert (error.code, error.correlation_id) == ("credentials.expired", "a1b2c3d4-0000-4000-8000-000000000001")


def test_an_address_that_is_not_allowed_is_not_a_wrong_secret() -> None:
    error = error_of(Complaint(status=401, code="ip.not.authorized", message="no"))
    assert type(error) is errors.AddressNotAllowed


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "502 no body"),
        (b"<html>", "502 a body that is no error of the API (text/html, 6 bytes)"),
        (b"[1]", "502 a body that is no error of the API (text/html, 3 bytes)"),
        (b'{"code": 7, "message": null}', "502"),
    ],
)
def test_a_body_that_is_no_error_of_the_api_is_described_and_never_quoted(body: bytes, message: str) -> None:
    assert str(complaint_of(Answer(status=502, headers={"content-type": "text/html; a=b"}, body=body))) == message


@pytest.mark.parametrize(
    ("status", "retry_after", "message", "seconds"),
    [
        (429, "42", "", 42),
        (429, " 0 ", "", 0),
        (429, "Mon, 10 Mar 2025 12:01:00 GMT", "", 60),
        (429, "Mon, 10 Mar 2025 12:01:00 -0000", "", 60),
        (429, "Mon, 10 Mar 2025 11:00:00 GMT", "", 0),
        (429, "soon", "Retry the request in [7] seconds", 7),
        (429, "", "exceeded the maximum [300] requests within [60] seconds", 60),
        (429, "99999999999", "", 3600),
        (429, "-5", "", None),
        (429, "", "slow down", None),
        (503, "5", "", 5),
        (503, "", "in [5] seconds", None),
    ],
)
def test_how_long_the_server_asks_us_to_wait(status: int, retry_after: str, message: str, seconds: int | None) -> None:
    answer = Answer(status=status, headers={"retry-after": retry_after}, body=b"")
    wait = asked_to_wait(answer, Complaint(status=status, message=message), NOON)
    assert wait == (None if seconds is None else timedelta(seconds=seconds))


def test_the_backoff_doubles_to_its_longest_under_full_jitter() -> None:
    whole = Backoff(jitter=lambda: 1.0)
    assert [whole.wait(attempt).total_seconds() for attempt in (1, 2, 3, 6, 99)] == [1, 2, 4, 30, 30]
    assert Backoff(jitter=lambda: 0.25).wait(3) == timedelta(seconds=1)
    assert timedelta(0) <= Backoff().wait(1) < timedelta(seconds=1)
