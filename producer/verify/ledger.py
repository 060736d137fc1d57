"""The facts of the topics on disk, put in order by what they are about: memory stays flat on topics of any size.

Facts are appended as they are read and sorted once, by SQLite's external merge sort; nothing is looked up while topics
are read, since that would be a seek for every record. The second door of sqlite3: the file is private to this process,
is never kept, and knows nothing of the working copy's promises.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby, islice
from operator import itemgetter
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

from producer.errors import PrerequisiteMissing
from producer.verify.facts import Present, Remembered, Seen, Told

CACHE = 32 << 10
"""KiB of memory for pages, and as much again while it sorts."""

_PRAGMAS = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = FILE; PRAGMA cache_size = -{};"
_COUNTED = 10_000  # reads of which the records are counted in memory before the counts are written down
_IDS_AT_ONCE = 500

T = TypeVar("T", Seen, Remembered, Told, Present)


class Last(NamedTuple):
    """The last content of a conversation; without content it is a dead letter or redacted."""

    id: str
    content: bytes
    as_of: int


class Ledger:
    """Appended to first, then read in order; enter it and leave it. Raises PrerequisiteMissing where the disk fails."""

    def __init__(self, cache: int = CACHE) -> None:
        with _failures():
            self._connection = sqlite3.connect("", isolation_level=None)  # a temporary file that nobody else sees
            tables = (_table(each) for each in (Seen, Remembered, Told, Present))
            self._connection.executescript("".join([_PRAGMAS.format(cache), *tables, _LAST]))
        self._counts: Counter[tuple[str, str]] = Counter()
        self._span: dict[tuple[str, str], tuple[int, int]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def add(self, rows: Sequence[Seen] | Sequence[Remembered] | Sequence[Told]) -> None:
        """Append facts of one kind."""
        if rows:
            self._insert(type(rows[0]).__name__, rows)

    def count(self, request: str, origin: str, at: int) -> None:
        """One more record of a read."""
        key = (request, origin)
        self._counts[key] += 1
        low, high = self._span.get(key, (at, at))
        self._span[key] = (min(low, at), max(high, at))
        if len(self._counts) >= _COUNTED:
            self._write_counts()

    def note_last(self, rows: Iterable[Last]) -> None:
        """Keep last contents for `last`; in the order of their ids that costs least."""
        self._insert("Last", rows)

    def last(self, ids: Sequence[str]) -> dict[str, Last]:
        """The last contents of these conversations that were noted; others are left out."""
        found: dict[str, Last] = {}
        remaining = iter(ids)
        while chunk := list(islice(remaining, _IDS_AT_ONCE)):
            marks = ",".join("?" * len(chunk))
            sql = f"SELECT * FROM Last WHERE id IN ({marks})"  # noqa: S608 - nothing but question marks is put in
            with _failures():
                rows = self._connection.execute(sql, chunk).fetchall()
            found |= {row[0]: Last(*row) for row in rows}
        return found

    def trails(self) -> Iterator[tuple[str, list[Seen], list[Remembered]]]:
        """Every conversation with its records and its states, each in the order of the topic."""
        yield from _side_by_side(
            self._sorted(Seen, "id, partition, offset"), self._sorted(Remembered, "id, source, partition, offset")
        )

    def reads(self) -> Iterator[tuple[str, list[Told], list[Present]]]:
        """Every request id with its audit events in order, and what of it is on the conversations topic."""
        self._write_counts()
        present = (
            "SELECT request, origin, sum(records), min(oldest), max(newest) FROM Present"
            " GROUP BY request, origin ORDER BY request, origin"
        )
        yield from _side_by_side(self._sorted(Told, "request, partition, offset"), self._rows(Present, present))

    def first_audit(self) -> dict[int, int]:
        """When the first event of each partition was appended."""
        sql = 'SELECT "partition", min(at) FROM Told GROUP BY "partition"'
        with _failures():
            return dict(self._connection.execute(sql).fetchall())

    def bytes_used(self) -> int:
        """How large it is on disk, without what sorting takes for a while (as much again)."""
        with _failures():
            ((pages,),) = self._connection.execute("PRAGMA page_count")
            ((size,),) = self._connection.execute("PRAGMA page_size")
        return int(pages * size)

    def _sorted(self, kind: type[T], order: str) -> Iterator[T]:
        columns = order.replace("partition", '"partition"').replace("offset", '"offset"')
        return self._rows(kind, f"SELECT * FROM {kind.__name__} ORDER BY {columns}")  # noqa: S608 - both are ours

    def _rows(self, kind: type[T], sql: str) -> Iterator[T]:
        with _failures():
            for row in self._connection.execute(sql):
                yield kind._make(row)

    def _insert(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        with _failures():
            found = iter(rows)
            first = next(found, None)
            if first is None:
                return
            marks = ",".join("?" * len(first))
            sql = f"INSERT INTO {table} VALUES ({marks})"  # noqa: S608 - the names are ours
            self._connection.execute("BEGIN")
            self._connection.execute(sql, first)
            self._connection.executemany(sql, found)
            self._connection.execute("COMMIT")

    def _write_counts(self) -> None:
        rows = [(*key, count, *self._span[key]) for key, count in self._counts.items()]
        self._insert("Present", rows)
        self._counts.clear()
        self._span.clear()


_LAST = "CREATE TABLE Last (id TEXT PRIMARY KEY, content BLOB, as_of INTEGER) WITHOUT ROWID;"


def _table(kind: type[Any]) -> str:
    """A table with the fields of a named tuple as its columns; what it holds is dynamically typed."""
    return f"CREATE TABLE {kind.__name__} ({', '.join(chr(34) + name + chr(34) for name in kind._fields)});"


_key = itemgetter(0)
A = TypeVar("A", bound=tuple[Any, ...])
B = TypeVar("B", bound=tuple[Any, ...])


def _side_by_side(one: Iterable[A], other: Iterable[B]) -> Iterator[tuple[str, list[A], list[B]]]:
    """Two sorted streams as one, joined by what stands first in each row; one side may have nothing of a key."""
    left, right = groupby(one, _key), groupby(other, _key)
    ours, theirs = next(left, None), next(right, None)
    while ours is not None or theirs is not None:
        key = min(each[0] for each in (ours, theirs) if each is not None)
        mine: list[A] = []
        yours: list[B] = []
        if ours is not None and ours[0] == key:
            mine = list(ours[1])
            ours = next(left, None)
        if theirs is not None and theirs[0] == key:
            yours = list(theirs[1])
            theirs = next(right, None)
        yield key, mine, yours


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise PrerequisiteMissing(
            f"the temporary file of verify failed: {error}; it needs some 500 bytes a record, in SQLITE_TMPDIR, TMPDIR"
            " or /var/tmp"
        ) from error
