"""Keys of names: which ids can have one, and how they are remembered."""

from __future__ import annotations

import pytest

from producer.model.names import NameKey, NameKind, Unwritten, name_key, named_by
from tests.support.name_book import Book

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


CODE = NameKey(NameKind.WRAP_UP, ID)
USER = NameKey(NameKind.USER, ID)


def test_one_name_that_is_known_is_enough_and_all_are_asked_for() -> None:
    book = Book({QUEUE.text: "a"})
    assert named_by(book, (QUEUE.text, CODE.text, "campaign:1"), ())
    assert book.asked == [QUEUE, CODE]
    assert not named_by(book, (CODE.text,), ())
    assert not named_by(book, (), (QUEUE.text,))


def test_a_name_that_would_be_lost_for_another_is_waited_for_and_asked_for() -> None:
    book = Book({QUEUE.text: "a"})
    assert not named_by(book, (QUEUE.text,), (CODE.text,))
    assert book.asked == [QUEUE, CODE]
    assert named_by(Book({QUEUE.text: "a", CODE.text: "b"}), (QUEUE.text,), (CODE.text, "campaign:1"))


def test_while_another_name_is_awaited_none_is_sent() -> None:
    assert not named_by(Book({QUEUE.text: "a"}, waits=[USER.text]), (QUEUE.text, USER.text), ())
    assert named_by(Book({QUEUE.text: "a"}, waits=[CODE.text]), (QUEUE.text, USER.text), ())


def test_a_book_in_which_nothing_is_written_names_nothing_and_awaits_nothing() -> None:
    book = Unwritten(kinds=(NameKind.QUEUE,))
    assert (book.name_of(QUEUE), book.awaited(QUEUE), list(book.kinds)) == (None, False, [NameKind.QUEUE])
    assert not named_by(book, (QUEUE.text,), ())
