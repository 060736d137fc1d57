"""The small API that the client's tests ask."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.genesys_api import GenesysApi, genesys_api


@pytest.fixture
async def api() -> AsyncIterator[GenesysApi]:
    async with genesys_api() as running:
        yield running
