"""Where an organisation lives: the API host and the login host of a region, a domain, or explicit addresses.

The table gives names only: regions are added every year, so any domain is taken as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from producer import errors

DOMAINS: Mapping[str, str] = {
    "us-east-1": "mypurecloud.com",
    "us-east-2": "use2.us-gov-pure.cloud",
    "us-west-2": "usw2.pure.cloud",
    "ca-central-1": "cac1.pure.cloud",
    "sa-east-1": "sae1.pure.cloud",
    "mx-central-1": "mxc1.pure.cloud",
    "eu-west-1": "mypurecloud.ie",
    "eu-west-2": "euw2.pure.cloud",
    "eu-central-1": "mypurecloud.de",
    "eu-central-2": "euc2.pure.cloud",
    "me-central-1": "mec1.pure.cloud",
    "eusc-de-east-1": "edee1.eusc-pure.cloud",
    "ap-southeast-2": "mypurecloud.com.au",
    "ap-southeast-1": "apse1.pure.cloud",
    "ap-northeast-1": "mypurecloud.jp",
    "ap-northeast-2": "apne2.pure.cloud",
    "ap-northeast-3": "apne3.pure.cloud",
    "ap-south-1": "aps1.pure.cloud",
}
"""The vendor's domain of each region id."""

PLACES: Mapping[str, str] = {
    "virginia": "us-east-1",
    "fedramp": "us-east-2",
    "oregon": "us-west-2",
    "canada": "ca-central-1",
    "sao paulo": "sa-east-1",
    "mexico": "mx-central-1",
    "ireland": "eu-west-1",
    "london": "eu-west-2",
    "frankfurt": "eu-central-1",
    "zurich": "eu-central-2",
    "uae": "me-central-1",
    "eu sovereign": "eusc-de-east-1",
    "sydney": "ap-southeast-2",
    "singapore": "ap-southeast-1",
    "tokyo": "ap-northeast-1",
    "seoul": "ap-northeast-2",
    "osaka": "ap-northeast-3",
    "mumbai": "ap-south-1",
}
"""The region id by the name of the place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Two base addresses without a trailing slash: `api` takes queries, `login` gives tokens."""

    api: str
    login: str


def endpoints(region: str | None = None, *, api_url: str | None = None, login_url: str | None = None) -> Endpoints:
    """The addresses of a region (place, id or domain); explicit addresses win, each over its own half.

    Raises ConfigurationError when an address is missing or is not an http(s) address.
    """
    try:
        domain = domain_of(region) if region else None
    except ValueError as error:
        raise errors.ConfigurationError(f"genesys.region {error}") from None
    api = api_url or (domain and f"https://api.{domain}")
    if not api:
        raise errors.ConfigurationError("genesys.region must be set, or genesys.api_url and genesys.login_url")
    login = login_url or (f"https://login.{domain}" if domain else _login_beside(api))
    return Endpoints(api=_base(api, "genesys.api_url"), login=_base(login, "genesys.login_url"))


def domain_of(region: str) -> str:
    """The vendor's domain of a region (place, id or domain). Raises ValueError when it is none of these."""
    word = region.strip().lower()
    known = DOMAINS.get(PLACES.get(word.replace("_", " "), word))
    if known:
        return known
    domain = word.removeprefix("https://").rstrip("/").removeprefix("api.").removeprefix("login.")
    if "." not in domain or not all(part.replace("-", "").isalnum() for part in domain.split(".")):
        raise ValueError(f"must be a domain or one of: {', '.join(sorted({*PLACES, *DOMAINS}))}; not {region!r}")
    return domain


def _login_beside(api: str) -> str:
    """The login host beside an API host, as the vendor's SDK derives it; a host of another form serves both."""
    return api.replace("//api.", "//login.", 1)


def _base(address: str, setting: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise errors.ConfigurationError(f"{setting} must be an http or https address without a query")
    if parts.username or parts.password:
        raise errors.ConfigurationError(f"{setting} must not hold credentials")
    return address.rstrip("/")
