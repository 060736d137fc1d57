"""Keys of names: which ids can have one, and how they are remembered."""

from __future__ import annotations

import pytest

from producer.model.names import NameKey, NameKind, known_now, name_key, not_known

ID = "0a1b2c3d-0000-4000-8000-00000000000f"
QUEUE = NameKey(NameKind.QUEUE, ID)


@pytest.mark.parametrize("identifier", [None, "", "ININ-WRAP-UP-TIMEOUT", f"{ID},{ID}", ID[:-1], f"{ID}\n"])
def test_what_is_no_id_has_no_name(identifier: str | None) -> None:
    assert name_key(NameKind.WRAP_UP, identifier) is None


def test_a_key_is_remembered_as_text_and_found_again() -> None:
    assert name_key(NameKind.QUEUE, ID) == QUEUE
    assert (QUEUE.text, NameKey.of(QUEUE.text)) == (f"queue:{ID}", QUEUE)
    assert NameKey.of(f"wrapup:{ID}") == NameKey(NameKind.WRAP_UP, ID)
    assert NameKey.of("campaign:1") is None


def test_one_name_that_is_known_is_enough_and_all_are_asked_for() -> None:
    asked: list[NameKey] = []

    def name_of(key: NameKey) -> str | None:
        asked.append(key)
        return "Support" if key == QUEUE else None

    assert known_now((QUEUE.text, f"wrapup:{ID}", "campaign:1"), (), name_of)
    assert asked == [QUEUE, NameKey(NameKind.WRAP_UP, ID)]
    assert not known_now((f"wrapup:{ID}",), (), name_of)
    assert not known_now((), (QUEUE.text,), name_of)
    assert not known_now((QUEUE.text,), (), not_known)


def test_a_name_that_would_be_lost_for_another_is_waited_for_and_asked_for() -> None:
    other = NameKey(NameKind.WRAP_UP, ID)
    asked: list[NameKey] = []

    def name_of(key: NameKey) -> str | None:
        asked.append(key)
        return "Support" if key == QUEUE else None

    assert not known_now((QUEUE.text,), (other.text,), name_of)
    assert asked == [QUEUE, other]
    assert known_now((QUEUE.text,), (other.text, "campaign:1"), lambda _: "told")
