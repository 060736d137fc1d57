"""Row 6: a hundred thousand results in flat memory. A million are extracted in the soak (tests/chaos)."""

from __future__ import annotations

import logging

import pytest

from tests.support.large_extraction import measured

FLAT = 12.0
"""MiB that memory may grow by between a tenth of the extraction and its end."""
MOST = 160.0
"""MiB of the whole program, its interpreter and libraries with it."""


@pytest.mark.timeout(150)
def test_row_6_a_hundred_thousand_records_need_no_more_memory_than_ten_thousand() -> None:
    found = measured(days=10, a_day=10_000, seconds=120)
    logging.getLogger(__name__).info("%s", found)
    assert (found.records, found.distinct, found.pages) == (100_000, 100_000, 1_000 + 10)
    assert found.most_mib - found.early_mib < FLAT, found
    assert found.most_mib < MOST, found
