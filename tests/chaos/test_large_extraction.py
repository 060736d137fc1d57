"""Row 6: a million results in flat memory, as `make soak` has it."""

from __future__ import annotations

import logging

import pytest

from tests.support.large_extraction import measured


@pytest.mark.soak
def test_row_6_a_million_records_need_no_more_memory_than_a_hundred_thousand() -> None:
    found = measured(days=100, a_day=10_000, seconds=1_800)
    logging.getLogger(__name__).info("%s", found)
    assert (found.records, found.distinct, found.pages) == (1_000_000, 1_000_000, 10_100)
    assert found.most_mib - found.early_mib < 12.0, found
