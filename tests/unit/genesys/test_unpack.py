"""Bodies, packed and not, whole and not, within bounds and not."""

from __future__ import annotations

import gzip
import zlib

import pytest

from producer.genesys.exchange import Failure, NoAnswer
from producer.genesys.unpack import unpack

BODY = b"conversation " * 1000
PACKED = gzip.compress(BODY)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (BODY, ""),
        (BODY, "identity"),
        (PACKED, "gzip"),
        (PACKED, " GZIP "),
        (gzip.compress(BODY[:6000]) + gzip.compress(BODY[6000:]), "gzip"),
    ],
    ids=["plain", "identity", "gzip", "any case", "two members"],
)
def test_a_body_comes_whole(body: bytes, encoding: str) -> None:
    assert unpack(body, encoding, len(BODY)) == BODY


@pytest.mark.parametrize(
    ("body", "encoding", "failure"),
    [
        (BODY, "", Failure.TOO_LARGE),
        (PACKED, "gzip", Failure.TOO_LARGE),
        (gzip.compress(BODY[:9000]) * 2, "gzip", Failure.TOO_LARGE),
        (PACKED[:-9], "gzip", Failure.BODY),
        (b"", "gzip", Failure.BODY),
        (b"<html>", "gzip", Failure.BODY),
        (PACKED[:-8] + b"00000000", "gzip", Failure.BODY),
        (zlib.compress(BODY), "deflate", Failure.BODY),
        (gzip.compress(b"") * 17, "gzip", Failure.BODY),
    ],
    ids=["plain", "bomb", "bomb of two", "cut", "empty", "html", "checksum", "not asked for", "many members"],
)
def test_what_is_no_body_is_no_answer(body: bytes, encoding: str, failure: Failure) -> None:
    with pytest.raises(NoAnswer) as broken:
        unpack(body, encoding, 12_000 if failure is Failure.TOO_LARGE else 100_000)
    assert broken.value.failure is failure
