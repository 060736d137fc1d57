"""Where deliveries wait when there is no Kafka: a small SQLite file, which a later process takes up."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from producer import errors
from producer.model.delivery import MOST_PENDING, Delivery, delivery_of

FILE = "webhook.sqlite"
MOST_KEPT = 10_000
"""Rows that the file may hold: processes may come and go while the receiver is down."""
_PATIENCE = 0.5  # seconds that another process may hold the file; the caller's event loop stands still meanwhile
_PREPARE = """
    PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS delivery (id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, value BLOB NOT NULL);
"""
_ADD = "INSERT OR REPLACE INTO delivery SELECT ?, ?, ? WHERE (SELECT count(*) FROM delivery) < ?"
_encode = msgspec.json.Encoder().encode


class SqlitePending:
    """`ports.Pending` in a file of `folder`, which several processes may use. Every method raises WebhookNotKept."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        with _failures(self._path):
            folder.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self._path, timeout=_PATIENCE, isolation_level=None)
            self._connection.executescript(_PREPARE)

    def add(self, delivery: Delivery) -> None:
        """Keep it until it is settled; durable when this returns."""
        row = (delivery.id, delivery.created_at, _encode(delivery))
        with _failures(self._path):
            added = self._connection.execute(_ADD, (*row, MOST_KEPT)).rowcount
        if not added:
            raise errors.WebhookNotKept(f"{self._path} holds {MOST_KEPT:,} deliveries already")

    def waiting(self) -> list[Delivery]:
        """What earlier processes left, and others now may have under way; the oldest first, MOST_PENDING at most.

        What can't be read stays where it is, and keeps nothing else from going.
        """
        found: list[Delivery] = []
        with _failures(self._path):
            for (value,) in self._connection.execute("SELECT value FROM delivery ORDER BY created_at"):
                with suppress(ValueError):  # of a newer version, which will deliver it
                    found.append(delivery_of(value))
                if len(found) == MOST_PENDING:
                    break
        return found

    async def settle(self, delivery: Delivery) -> None:
        """It was taken or given up: forget it."""
        with _failures(self._path):
            self._connection.execute("DELETE FROM delivery WHERE id = ?", (delivery.id,))

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


@contextmanager
def _failures(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise errors.WebhookNotKept(f"{path}: {error}") from error
