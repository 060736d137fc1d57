"""The requests of the token dialect, as they go out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from producer import errors
from producer.genesys.exchange import Endpoint
from producer.genesys.options import Credentials
from producer.genesys.token_requests import TokenLogin, interactions_request, next_request, window_request
from producer.model.reads import ReadKind
from producer.model.regions import Endpoints
from producer.model.selection import Selection
from producer.model.windows import Direction, Ended, Slice, Window
from tests.support.clock import NOON

WINDOW = Window(NOON, NOON + timedelta(minutes=16))
HOSTS = Endpoints(api="https://gateway.x/base", login="https://login.x")


def body_of(request: Any) -> Any:
    return msgspec.json.decode(request.body)


def test_a_token_is_asked_for_as_json_at_the_api_host_in_the_name_of_the_realm() -> None:
    request = TokenLogin(realm="realm-7")(HOSTS, Credentials(client_id="me", secret=lambda: "s3cret"), "r-1")

    assert (request.endpoint, request.method, request.url) == (
        Endpoint.TOKEN,
        "POST",
        "https://gateway.x/base/oauth/token",
    )
    assert request.headers == {"Content-Type": "application/json"}
    assert body_of(request) == {
        "grant_type": "client_credentials",
        "client_id": "me",
        "client_secret": "s3cret",
        "realm": "realm-7",
        "scope": "analytics:conversation:view",
    }
    assert "s3cret" not in repr(request)


def test_a_secret_that_can_not_be_read_is_a_matter_of_credentials() -> None:
    def gone() -> str:
        raise FileNotFoundError("/run/secrets/s3cret")

    with pytest.raises(errors.CredentialsRefused, match=r"can't be read: FileNotFoundError$"):
        TokenLogin(realm="realm-7")(HOSTS, Credentials(client_id="me", secret=gone), "r-1")


def test_a_window_is_a_filter_a_range_of_time_and_a_size() -> None:
    request = window_request(HOSTS.api, Slice(window=WINDOW), size=2_000, request_id="r-1", read=ReadKind.REREAD)

    assert (request.method, request.url, request.read) == (
        "POST",
        "https://gateway.x/base/api/v2/analytics/conversations/details/query",
        ReadKind.REREAD,
    )
    assert body_of(request) == {
        "filter": {"channelType": ["all"]},
        "timeRange": {"startTime": "2025-03-10T12:00:00.000Z", "endTime": "2025-03-10T12:16:00.000Z"},
        "size": 2000,
    }


@pytest.mark.parametrize(
    ("channels", "words"),
    [
        (("VOICE",), ["voice"]),
        (("SOCIAL_MEDIA", "WEBCHAT", "SMS"), ["social", "webchat", "sms"]),
        (("VOICE", "UNKNOWN"), ["all"]),  # what has no word is selected from what comes
    ],
)
def test_a_selection_of_channels_is_asked_for_by_the_words_of_the_dialect(
    channels: tuple[str, ...], words: list[str]
) -> None:
    part = Slice(window=WINDOW, selection=Selection(channels=channels))
    assert body_of(window_request(HOSTS.api, part, size=5, request_id="r"))["filter"] == {"channelType": words}


@pytest.mark.parametrize(
    "part",
    [
        Slice(window=WINDOW, ended=Ended.OPEN),
        Slice(window=WINDOW, direction=Direction.INBOUND),
        Slice(window=WINDOW, selection=Selection(user_ids=("u-1",))),
        Slice(window=WINDOW, selection=Selection(channels=("VOICE",), queue_ids=("q-1",))),
    ],
)
def test_what_the_dialect_has_no_words_for_is_refused_and_never_left_out(part: Slice) -> None:
    with pytest.raises(errors.WindowRefused, match="can select channels only") as refused:
        window_request(HOSTS.api, part, size=5, request_id="r")
    assert refused.value.code == "not.expressible"


def test_the_next_page_is_the_same_question_with_a_cursor_in_its_address() -> None:
    first = window_request(HOSTS.api, Slice(window=WINDOW), size=5, request_id="r")
    following = next_request(first, "a+b/c=&d")

    assert following.url == f"{first.url}?nextPageToken=a%2Bb%2Fc%3D%26d"
    assert (following.body, following.request_id, following.method) == (first.body, "r", "POST")
    assert next_request(first, "x").url == f"{first.url}?nextPageToken=x"


def test_interactions_are_asked_for_by_their_ids_without_a_range() -> None:
    request = interactions_request(HOSTS.api, ("i-1", "i-2"), size=7, request_id="r")
    assert body_of(request) == {"filter": {"interactionId": ["i-1", "i-2"]}, "size": 7}
