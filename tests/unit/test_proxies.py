"""Which proxy an address goes through; that it is used is tested where requests are sent."""

from __future__ import annotations

import pytest
from yarl import URL

from producer.proxies import Proxy, proxies_of_environment, proxy_for


def test_each_scheme_has_its_proxy_and_hosts_may_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.delenv("https_proxy", raising=False)
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    monkeypatch.setenv("no_proxy", "inside.example")
    proxies = proxies_of_environment()
    addresses = ("http://inside.example/", "https://outside.example/", "http://outside.example/")
    assert [proxy_for(each, proxies) for each in addresses] == [None, None, Proxy(url=URL("http://proxy.example:3128"))]


def test_a_proxy_may_be_named_without_a_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "proxy.example:3128")
    assert proxies_of_environment() == {"https": Proxy(url=URL("http://proxy.example:3128"))}
