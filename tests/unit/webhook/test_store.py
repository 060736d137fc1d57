from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from producer import errors
from producer.webhook import store
from producer.webhook.store import FILE, SqlitePending
from tests.support.webhook import delivery


async def test_what_is_kept_waits_for_whoever_comes_next_until_it_is_settled(tmp_path: Path) -> None:
    first = SqlitePending(tmp_path / "state")
    first.add(delivery("younger", "10:01"))
    first.add(delivery("older", "10:00"))
    first.close()
    second = SqlitePending(tmp_path / "state")

    assert second.waiting() == [delivery("older", "10:00"), delivery("younger", "10:01")]
    await second.settle(delivery("older"))
    assert second.waiting() == [delivery("younger", "10:01")]
    second.close()


def test_what_can_not_be_read_keeps_nothing_else_from_going(tmp_path: Path) -> None:
    kept = SqlitePending(tmp_path)
    for name, value in (("newer", b'{"shape": "unknown"}'), ("broken", b'{"id": "\xff"}')):
        kept._connection.execute("INSERT INTO delivery VALUES (?, 0, ?)", (name, value))
    kept.add(delivery())

    assert kept.waiting() == [delivery()]
    kept.close()


def test_a_delivery_is_kept_once(tmp_path: Path) -> None:
    kept = SqlitePending(tmp_path)
    kept.add(delivery())
    kept.add(delivery())

    assert kept.waiting() == [delivery()]
    kept.close()


def test_so_many_are_handed_out_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST_PENDING", 2)
    kept = SqlitePending(tmp_path)
    for name in ("one", "two", "three"):
        kept.add(delivery(name))

    assert len(kept.waiting()) == 2
    kept.close()


def test_the_file_takes_so_many_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST_KEPT", 2)
    kept = SqlitePending(tmp_path)
    kept.add(delivery("one"))
    kept.add(delivery("two"))

    with pytest.raises(errors.WebhookNotKept, match="holds 2 deliveries already"):
        kept.add(delivery("three"))
    assert len(kept.waiting()) == 2
    kept.close()


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(errors.WebhookNotKept, match="file"):
        SqlitePending(tmp_path / "file")


def test_a_file_that_is_damaged_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all" * 100)

    with pytest.raises(errors.WebhookNotKept, match="file is not a database"):
        SqlitePending(tmp_path)


def test_a_file_that_another_process_holds_is_told_soon(tmp_path: Path) -> None:
    kept = SqlitePending(tmp_path)
    holding = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    holding.execute("BEGIN EXCLUSIVE")

    with pytest.raises(errors.WebhookNotKept, match="locked"):
        kept.add(delivery())
    holding.close()
    kept.close()
