"""One real Apache Kafka for the whole test session, and topic names of a test's own. A pytest plugin."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from producer.dev.broker import Broker
from producer.errors import PrerequisiteMissing


@pytest.hookimpl(tryfirst=True)  # before pytest looks at -m
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "broker" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.kafka)


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    """The shared broker. A test that stops or breaks a broker starts one of its own (two seconds)."""
    try:
        shared = Broker.started()
    except PrerequisiteMissing as missing:
        pytest.skip(f"{missing}. {missing.what_to_do}; then: make test ARGS='-m kafka'")
    with shared:
        yield shared


@pytest.fixture
def topic_prefix() -> str:
    """What the test's topics begin with; no other test, and no other run, has the same."""
    return f"test-{secrets.token_hex(4)}"
