from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from producer import errors
from producer.commands.status import fetch, lines_of


def test_every_value_has_a_line_with_its_name_and_nested_ones_are_indented() -> None:
    status = {"ready": True, "reasons": [], "sources": [{"source": "default", "head": None}], "build": {"version": "1"}}

    assert [" ".join(line.split(" ")).rstrip() for line in lines_of(status)] == [
        "ready                True",
        "reasons              -",
        "sources",
        "  1",
        "    source               default",
        "    head                 -",
        "build",
        "  version              1",
    ]


def test_only_http_is_asked() -> None:
    with pytest.raises(errors.UsageError, match="http or https"):
        fetch("ftp://127.0.0.1")


class Admin(BaseHTTPRequestHandler):
    """An admin server that says only that it is ready."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"ready": true}')


def test_no_proxy_stands_between_a_command_and_the_admin_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with HTTPServer(("127.0.0.1", 0), Admin) as server:
        serving = threading.Thread(target=server.handle_request, daemon=True)
        serving.start()
        assert fetch(f"http://127.0.0.1:{server.server_port}") == {"ready": True}
        serving.join()
