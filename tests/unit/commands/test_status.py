from __future__ import annotations

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
