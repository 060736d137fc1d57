"""Keys of names: which ids can have one, and how they are remembered."""

from __future__ import annotations

import pytest

from producer.model.names import NameKey, NameKind, Unwritten, name_key

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


def test_a_book_in_which_nothing_is_written_names_nothing() -> None:
    book = Unwritten(kinds=(NameKind.QUEUE,))
    assert (book.name_of(QUEUE.text), list(book.kinds)) == (None, [NameKind.QUEUE])
    assert not book.ripe((QUEUE.text,), ())
