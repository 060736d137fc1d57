from __future__ import annotations

import pytest

from producer.webhook.options import check_receiver, hidden_part, shown_part
from tests.support.webhook import options

ADDRESS = "must be an address with scheme and host, for example https://hooks.example/genesys"


@pytest.mark.parametrize(
    "url",
    ["https://hooks.example", "https://hooks.example:8443/a/b?token=c", "http://127.0.0.1:8080/", "https://[::1]/x"],
)
def test_addresses_that_deliveries_go_to(url: str) -> None:
    assert check_receiver(url) == url


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("hooks.example", ADDRESS),
        ("ftp://hooks.example", ADDRESS),
        ("https://", ADDRESS),
        ("https://hooks.example:0/", ADDRESS),
        ("https://hooks.example:99999/", ADDRESS),
        ("https://hooks. example/", ADDRESS),
        ("https://hooks.example/\\x", ADDRESS),
        ("https://hooks.example/ü", ADDRESS),
        ("https://hooks.example/\n", ADDRESS),
        (
            "https://me:secret@hooks.example/",
            "must not hold a user or a password: deliveries are signed, see webhook.secrets",
        ),
        ("https://hooks.example/#part", "must end with its path or query, without #"),
    ],
)
def test_addresses_that_are_refused_without_being_repeated(url: str, problem: str) -> None:
    with pytest.raises(ValueError, match=r"^must ") as refused:
        check_receiver(url)

    assert str(refused.value) == problem


def test_plain_http_where_it_is_not_allowed() -> None:
    with pytest.raises(ValueError, match=r"^must begin with https://, unless webhook\.allow_http is true$"):
        check_receiver("http://127.0.0.1/", allow_http=False)


def test_only_scheme_and_host_are_shown() -> None:
    assert shown_part("https://hooks.example:8443/t0ken?key=t0ken") == "https://hooks.example:8443"


@pytest.mark.parametrize(
    ("url", "hidden"),
    [
        ("https://hooks.example/t0ken", "https://hooks.example/t0ken"),
        ("https://hooks.example/?key=t0ken", "https://hooks.example/?key=t0ken"),
        ("https://hooks.example/", ""),
        ("https://hooks.example", ""),
        ("", ""),
    ],
)
def test_an_address_without_path_and_query_hides_nothing(url: str, hidden: str) -> None:
    assert hidden_part(url) == hidden


def test_a_repr_shows_neither_address_nor_secret() -> None:
    text = repr(options("https://hooks.example/t0ken"))

    assert "t0ken" not in text
    assert "whsec_" not in text
