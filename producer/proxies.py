"""Which proxy a request goes through, as the environment says (HTTPS_PROXY, HTTP_PROXY, NO_PROXY).

Read here and not left to aiohttp's trust_env, which also takes credentials from a netrc file. The credentials of a
proxy travel in a header only: an address that holds them would be quoted by foreign errors.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from yarl import URL

from producer import errors

_SCHEMES = ("http", "https")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy: its address without credentials, and the value of Proxy-Authorization (None: it asks for none)."""

    url: URL
    authorization: str | None = field(default=None, repr=False)


def proxies_of_environment() -> dict[str, Proxy]:
    """The proxies of the environment by the scheme they serve. Raises ConfigurationError when one can't be used."""
    named = getproxies_environment()
    return {scheme: _proxy(f"{scheme.upper()}_PROXY", named[scheme]) for scheme in _SCHEMES if scheme in named}


def proxy_for(address: str, proxies: Mapping[str, Proxy]) -> Proxy | None:
    """The one of these proxies that serves an address; None where NO_PROXY names its host."""
    parts = urlsplit(address)
    if not parts.hostname or proxy_bypass(parts.hostname):
        return None
    return proxies.get(parts.scheme)


def _proxy(variable: str, value: str) -> Proxy:
    """Read one value. The error never quotes it: it may hold a password."""
    try:
        url = _url(value)
        credentials = b64encode(f"{url.user or ''}:{url.password or ''}".encode()).decode("ascii")
    except ValueError:
        message = f"the environment variable {variable} is no address of a proxy, such as http://proxy.example:3128"
        raise errors.ConfigurationError(message) from None
    named = url.user is not None or url.password is not None
    return Proxy(url=url.with_user(None), authorization=f"Basic {credentials}" if named else None)


def _url(value: str) -> URL:
    """The address with its credentials; as elsewhere the scheme may be left out. Raises ValueError."""
    url = URL(value if "://" in value else f"http://{value}")
    if url.scheme not in _SCHEMES or not url.host or ":" in (url.user or ""):
        raise ValueError
    return url
