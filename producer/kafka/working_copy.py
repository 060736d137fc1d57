"""The state of a lane where it can be asked at once: a local SQLite file, always behind the topic and never ahead.

The truth is the state topic. The copy remembers which topic it copied and how far, in the same local transaction as the
states themselves, so a copy that survived a restart only needs what came after. The only door of sqlite3.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from producer.errors import SinkRefused, SinkUnavailable
from producer.kafka.state import StateKey, decode_checkpoint, decode_conversation, decode_delivery
from producer.model.batch import Mark, Watched
from producer.model.checkpoint import Checkpoint
from producer.model.conversation import NO_AGENDA, Agenda, ConversationState
from producer.model.delivery import Delivery, UnreadableDelivery
from producer.model.instants import Millis

_LAYOUT = 4  # of the tables below; a file of another layout is made anew
_IDS_AT_ONCE = 500
_RECENT = 16_384  # states of a source held ready, about 1 KB each: a poll's overlap reads the same ones again
_PRIVATE = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"  # nothing is undone: a copy that failed is dropped
_DURABLE = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
_CACHE = "PRAGMA cache_size = -16384;"  # KiB: what a lane keeps in memory, however much it tracks
_TABLES = """
    CREATE TABLE conversation (
        source TEXT, id TEXT, value BLOB NOT NULL, due INTEGER, forget_day INTEGER, open INTEGER NOT NULL,
        nameless INTEGER NOT NULL,
        PRIMARY KEY (source, id)
    ) WITHOUT ROWID;
    CREATE INDEX due ON conversation (source, due) WHERE due IS NOT NULL;
    CREATE INDEX forgettable ON conversation (source, forget_day, id) WHERE forget_day IS NOT NULL;
    CREATE INDEX open ON conversation (source) WHERE open = 1;
    CREATE INDEX nameless ON conversation (source, id) WHERE nameless = 1;
    CREATE TABLE delivery (source TEXT, id TEXT, value BLOB NOT NULL, PRIMARY KEY (source, id)) WITHOUT ROWID;
    CREATE TABLE checkpoint (source TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE position (topic_id BLOB NOT NULL, next_offset INTEGER NOT NULL, at INTEGER NOT NULL);
"""
_KNOWN = "SELECT id, value FROM conversation WHERE source = ? AND id IN ({})"

_DUE = "SELECT id FROM conversation WHERE source = ? AND due <= ? ORDER BY due LIMIT ?"
_FORGETTABLE = """
    SELECT forget_day, id FROM conversation WHERE source = ? AND forget_day < ? AND (forget_day, id) > (?, ?)
    ORDER BY forget_day, id LIMIT ?
"""
_NAMELESS = "SELECT value FROM conversation WHERE source = ? AND nameless = 1 AND id > ? ORDER BY id LIMIT ?"
_WATCHED = """
    SELECT (SELECT count(*) FROM conversation WHERE source = ?1 AND due IS NOT NULL),
           (SELECT count(*) FROM conversation WHERE source = ?1 AND open = 1),
           (SELECT min(due) FROM conversation WHERE source = ?1 AND due IS NOT NULL)
"""

Change = tuple[StateKey, bytes | None]
"""A key of the state topic and its new stored form; None forgets it."""


class Plan(Protocol):
    """Makes the agenda of a conversation's state; `restoring` when it is not known when it was last asked for."""

    def __call__(self, state: ConversationState, /, *, restoring: bool) -> Agenda:
        """What the future holds for it."""


def no_plan(_state: ConversationState, *, restoring: bool) -> Agenda:  # noqa: ARG001 - the form of a Plan
    """Nothing is ever asked for, nothing forgotten."""
    return NO_AGENDA


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far the copy goes: everything of the topic below `next_offset`, as it was at `at` (real time)."""

    topic_id: bytes
    next_offset: int
    at: Millis


class WorkingCopy:
    """One lane's copy. Every method raises SinkUnavailable when SQLite fails; the copy is then gone and made anew."""

    def __init__(self, path: Path | None, plan: Plan = no_plan) -> None:
        """Use the file at `path` if it is sound, else begin anew; None: a temporary file that nobody else sees."""
        self._path = path
        self._plan = plan
        self._connection: sqlite3.Connection | None = None
        self._recent: dict[str, dict[str, ConversationState]] = {}  # by source, then id, in the order they were read in
        with self._failures():
            self._connection = self._opened()

    @property
    def closed(self) -> bool:
        """True after `close`, and after a failure of SQLite."""
        return self._connection is None

    def position(self) -> Position | None:
        """How far it goes; None when it is empty."""
        rows = self._rows("SELECT topic_id, next_offset, at FROM position")
        return next((Position(topic_id=row[0], next_offset=row[1], at=Millis(row[2])) for row in rows), None)

    def known(self, source: str, ids: Iterable[str]) -> dict[str, ConversationState]:
        """The states of these conversations; ids that are not known are left out."""
        wanted = list(ids)
        recent = self._recent.setdefault(source, {})
        found = {each: recent[each] for each in wanted if each in recent}
        remaining = iter([each for each in wanted if each not in found])
        while chunk := list(islice(remaining, _IDS_AT_ONCE)):
            rows = self._rows(_KNOWN.format(",".join("?" * len(chunk))), (source, *chunk))
            read = {conversation_id: decode_conversation(value) for conversation_id, value in rows}
            found |= read
            recent.update(read)
        for oldest in list(islice(recent, max(0, len(recent) - _RECENT))):
            del recent[oldest]
        return found

    def checkpoints(self) -> Mapping[str, Checkpoint]:
        """The checkpoints by source."""
        rows = self._rows("SELECT source, value FROM checkpoint")
        return {source: decode_checkpoint(value) for source, value in rows}

    def deliveries(self) -> tuple[tuple[Delivery, ...], tuple[UnreadableDelivery, ...]]:
        """What the webhook has not taken yet, of all sources, the oldest first; and what can't be read of it."""
        readable: list[Delivery] = []
        unreadable: list[UnreadableDelivery] = []
        for source, delivery_id, value in self._rows("SELECT source, id, value FROM delivery"):
            try:
                readable.append(decode_delivery(value))
            except SinkRefused as exc:  # a message to people must not hold up what is captured
                unreadable.append(UnreadableDelivery(source=source, id=delivery_id, why=str(exc)))
        return tuple(sorted(readable, key=lambda each: each.created_at)), tuple(unreadable)

    def conversations(self) -> int:
        """How many conversations are tracked."""
        return int(self._rows("SELECT count(*) FROM conversation")[0][0])

    def due(self, source: str, now: Millis, most: int) -> list[str]:
        """Ids of conversations that are to be asked for, the oldest due first."""
        return [row[0] for row in self._rows(_DUE, (source, now, most))]

    def asked(self, source: str, ids: Iterable[str]) -> None:
        """These were asked for: they are due again when their agendas say. Only here: the topic knows nothing of it."""
        agendas = [
            (self._plan(state, restoring=False).due, source, each) for each, state in self.known(source, ids).items()
        ]
        with self._failures(), self._transaction() as connection:
            connection.executemany("UPDATE conversation SET due = ? WHERE source = ? AND id = ?", agendas)

    def forgettable(self, source: str, before: int, after: Mark | None, most: int) -> list[Mark]:
        """Conversations of which nothing is expected from day `before` on, in order, behind a mark."""
        day, identifier = after or (-1, "")
        return [Mark(*row) for row in self._rows(_FORGETTABLE, (source, before, day, identifier, most))]

    def nameless(self, source: str, after: str, most: int) -> list[ConversationState]:
        """Conversations whose last record lacks a name, by id, behind one. A look over all: none is held ready."""
        return [decode_conversation(row[0]) for row in self._rows(_NAMELESS, (source, after, most))]

    def watched(self, source: str) -> Watched:
        """How many are watched and open, and since when the oldest is due."""
        ((watched, still_open, since),) = self._rows(_WATCHED, (source,))
        return Watched(watched=watched, open=still_open, due_since=since)

    def apply(self, changes: Iterable[Change], position: Position, *, restoring: bool = False) -> None:
        """Take over what is committed in the topic, in its order, together with how far that is."""
        latest = dict(changes)
        kept = [(key, value) for key, value in latest.items() if value is not None]
        states = sorted(  # in the tree's order
            (key.source, key.id, value, *self._columns(value, restoring=restoring))
            for key, value in kept
            if key.id is not None and not key.delivery
        )
        checkpoints = [(key.source, value) for key, value in kept if key.id is None]
        deliveries = [(key.source, key.id, value) for key, value in kept if key.delivery]
        forgotten = [key for key, value in latest.items() if value is None]
        for key in latest:
            if not key.delivery:
                self._recent.get(key.source, {}).pop(key.id or "", None)
        with self._failures(), self._transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO conversation VALUES (?, ?, ?, ?, ?, ?, ?)", states)
            connection.executemany("INSERT OR REPLACE INTO checkpoint VALUES (?, ?)", checkpoints)
            connection.executemany("INSERT OR REPLACE INTO delivery VALUES (?, ?, ?)", deliveries)
            for key in forgotten:
                _forget(connection, key)
            _move(connection, position)

    def _columns(self, value: bytes, *, restoring: bool) -> tuple[object, ...]:
        state = decode_conversation(value)
        return (*self._plan(state, restoring=restoring), bool(state.names_missing))

    def clear(self, position: Position) -> None:
        """Begin anew with another topic, or with one whose tail is no longer enough."""
        with self._failures(), self._transaction() as connection:
            self._recent.clear()
            connection.execute("DELETE FROM conversation")
            connection.execute("DELETE FROM checkpoint")
            connection.execute("DELETE FROM delivery")
            _move(connection, position)

    def close(self) -> None:
        """Let go of the file; a temporary one disappears."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            self._recent.clear()

    def _opened(self) -> sqlite3.Connection:
        if self._path is None:
            return _prepared("", _PRIVATE)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return _prepared(str(self._path), _DURABLE)
        except sqlite3.OperationalError:
            raise  # locked by another process, no room, no permission: making it anew would not help
        except sqlite3.DatabaseError:
            self._remove()
            return _prepared(str(self._path), _DURABLE)

    def _remove(self) -> None:
        if self._path is not None:
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    def _rows(self, sql: str, parameters: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        with self._failures():
            return self._open().execute(sql, parameters).fetchall()

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise SinkUnavailable("the working copy of the state is closed; open the lane first")
        return self._connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self._open()
        connection.execute("BEGIN")
        yield connection
        connection.execute("COMMIT")

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """A copy that failed once is not trusted again: close it, so that the next one is made from the topic."""
        try:
            yield
        except (sqlite3.Error, OSError) as exc:
            self.close()
            if isinstance(exc, sqlite3.DatabaseError) and not isinstance(exc, sqlite3.OperationalError):
                self._remove()
            raise SinkUnavailable(f"the working copy of the state ({self._path or 'temporary'}) failed: {exc}") from exc


def _prepared(file: str, pragmas: str) -> sqlite3.Connection:
    """A connection to a sound file with our tables; "" is SQLite's name for a temporary file of the connection."""
    connection = sqlite3.connect(file, timeout=1, isolation_level=None)
    try:
        connection.executescript(pragmas + _CACHE)
        ((layout,),) = connection.execute("PRAGMA user_version")
        if layout == 0:
            connection.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {_LAYOUT}; COMMIT;")
        elif layout != _LAYOUT or connection.execute("PRAGMA quick_check(1)").fetchall() != [("ok",)]:
            raise sqlite3.DatabaseError(f"{file} is of another layout or damaged")  # noqa: TRY301 - closed below
    except BaseException:
        connection.close()
        raise
    return connection


def _forget(connection: sqlite3.Connection, key: StateKey) -> None:
    if key.id is None:
        connection.execute("DELETE FROM checkpoint WHERE source = ?", (key.source,))
        return
    table = "delivery" if key.delivery else "conversation"
    connection.execute(f"DELETE FROM {table} WHERE source = ? AND id = ?", (key.source, key.id))  # noqa: S608 - our own two names


def _move(connection: sqlite3.Connection, position: Position) -> None:
    connection.execute("DELETE FROM position")
    connection.execute("INSERT INTO position VALUES (?, ?, ?)", (position.topic_id, position.next_offset, position.at))
