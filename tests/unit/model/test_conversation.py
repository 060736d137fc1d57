from __future__ import annotations

import msgspec
import pytest

from producer.model.conversation import ConversationState, Hints
from producer.model.instants import Millis

KNOWN = Hints(ended=True, participants=3, sessions=4, segments=9, metrics=20, latest=Millis(1_000))


@pytest.mark.parametrize(
    "changes", [{"ended": False}, {"segments": 8}, {"latest": 999}, {"segments": 8, "metrics": 19}]
)
def test_content_regressed_when_lower_in_one_hint_and_higher_in_none(changes: dict[str, int]) -> None:
    assert msgspec.structs.replace(KNOWN, **changes).regressed_from(KNOWN)


@pytest.mark.parametrize("changes", [{}, {"segments": 10}, {"segments": 8, "metrics": 21}])
def test_content_that_is_the_same_or_higher_in_any_hint_is_no_regression(changes: dict[str, int]) -> None:
    assert not msgspec.structs.replace(KNOWN, **changes).regressed_from(KNOWN)


def test_a_stored_state_that_lacks_younger_fields_is_read_with_their_defaults() -> None:
    old = msgspec.msgpack.encode(["id-1", b"f" * 16, 1, b"r" * 16, 2, 77])
    assert msgspec.msgpack.decode(old, type=ConversationState) == ConversationState(
        id="id-1", fingerprint=b"f" * 16, fingerprint_version=1, raw_hash=b"r" * 16, revision=2, version=77
    )
