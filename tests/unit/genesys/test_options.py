"""Options that make no sense are refused when they are made."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from producer import errors
from producer.genesys.options import ClientOptions, Credentials


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"page_size": 0}, "page_size must be at least 1"),
        ({"concurrency": 0}, "concurrency must be at least 1"),
        ({"retries": -1}, "retries must not be negative"),
        ({"timeout": timedelta(0)}, "timeout must be positive"),
        ({"hit_bound": 100_001}, "hit_bound must be at most 100000"),
    ],
)
def test_what_makes_no_sense_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(errors.ConfigurationError, match=message):
        ClientOptions(**values)


def test_credentials_show_no_secret() -> None:
    assert repr(Credentials(client_id="me", secret=lambda: "s3cret")) == "Credentials(client_id='me')"
