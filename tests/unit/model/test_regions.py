"""Where organisations live."""

from __future__ import annotations

import pytest

from producer import errors
from producer.model.regions import DOMAINS, PLACES, Endpoints, endpoints


@pytest.mark.parametrize(
    "region", ["frankfurt", "Frankfurt", "eu-central-1", "mypurecloud.de", "https://api.mypurecloud.de/"]
)
def test_a_region_goes_by_place_by_id_and_by_domain(region: str) -> None:
    assert endpoints(region) == Endpoints(api="https://api.mypurecloud.de", login="https://login.mypurecloud.de")


def test_every_place_has_a_domain() -> None:
    assert set(PLACES.values()) == set(DOMAINS)


def test_a_domain_that_is_in_no_table_is_taken_as_it_is() -> None:
    assert endpoints("xyz9.pure.cloud") == Endpoints(
        api="https://api.xyz9.pure.cloud", login="https://login.xyz9.pure.cloud"
    )


def test_explicit_addresses_win_each_over_its_half() -> None:
    assert endpoints("sao_paulo", api_url="http://127.0.0.1:8080/") == Endpoints(
        api="http://127.0.0.1:8080", login="https://login.sae1.pure.cloud"
    )
    assert endpoints(api_url="https://api.example.org") == Endpoints(
        api="https://api.example.org", login="https://login.example.org"
    )
    assert endpoints(api_url="http://127.0.0.1:1", login_url="http://127.0.0.1:2") == Endpoints(
        api="http://127.0.0.1:1", login="http://127.0.0.1:2"
    )


@pytest.mark.parametrize(
    ("region", "api_url", "message"),
    [
        (None, None, "genesys.region must be set"),
        ("atlantis", None, "genesys.region must be a domain or one of"),
        ("a b.c", None, "genesys.region must be a domain or one of"),
        (None, "ftp://x", "genesys.api_url must be an http or https address"),
        (None, "https://x/?a=b", "genesys.api_url must be an http or https address"),
        (None, "https://me:secret@x", "genesys.api_url must not hold credentials"),
    ],
)
def test_what_is_no_address_is_refused(region: str | None, api_url: str | None, message: str) -> None:
    with pytest.raises(errors.ConfigurationError, match=message):
        endpoints(region, api_url=api_url)
