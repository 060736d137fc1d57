from __future__ import annotations

import json

from producer.commands.state import as_json
from producer.model.conversation import ConversationState
from tests.support.lane import checkpoint


def test_hashes_are_shown_as_digits_and_fields_by_name() -> None:
    shown = json.loads(as_json(ConversationState(id="a", fingerprint=b"\x01" * 16, revision=2, version=7)))

    assert (shown["id"], shown["fingerprint"], shown["revision"], shown["version"]) == ("a", "01" * 16, 2, 7)


def test_the_checkpoint_says_where_the_source_stands() -> None:
    shown = json.loads(as_json(checkpoint()))

    assert shown["source"] == "default"
    assert shown["coverage"]["watermarks"] == ["2025-03-10T10:00:00Z"]
