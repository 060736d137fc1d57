"""Whether a record is what the normaliser made: everything that is told twice is told alike. Pure.

Its content, put together again, makes its `contentHash`; its head follows from its participants; what stands in its
headers is what stands in its value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from producer import errors
from producer.encoding.plain import PlainReader
from producer.kafka.reader import RawRecord
from producer.model.instants import from_millis, iso_millis
from producer.transform import attributes
from producer.transform.content import Content
from producer.transform.names import MANY, ONE, belong
from producer.transform.normalize import DETAIL
from producer.transform.original import Unrestorable
from producer.verify.facts import NEVER, Seen
from producer.verify.shape import Shape

HASH_DIGITS = 32
LEADING = 16
"""Fields of the schema up to `endTime`: all that is needed without contents."""

Problems = Iterator[str]


class Look(NamedTuple):
    """What one record is: its facts, its origin, and what is wrong with it, in words."""

    facts: Seen
    origin: str
    problems: list[str]


class Contents:
    """Checks one record after the other. Without `whole` contents are not looked at, only where a record belongs."""

    def __init__(self, reader: PlainReader, shape: Shape, *, whole: bool) -> None:
        self._reader = reader
        self._whole = whole
        self._shape = shape
        self.made_again = 0
        self.not_to_be_made = 0

    def look(self, raw: RawRecord) -> Look:
        """The facts of a record and what is wrong with its content. Raises Malformed when it can't be read."""
        key = (raw.key or b"").decode(errors="replace")
        if raw.value is None:
            return Look(_tombstone(key, raw), "", [])
        record = self._reader.read(raw.value)
        problems = [*envelope_problems(raw, key, record), *self._content_problems(record)]
        return Look(_facts(key, raw, record, whole=self._whole), record["origin"], problems)

    def _content_problems(self, record: Mapping[str, Any]) -> Problems:
        if not self._whole:
            return
        if is_row(record) or (self._shape.summarised and is_summary(record)):
            self.not_to_be_made += 1
            return
        self.made_again += 1
        try:
            content, same = self._shape.restore.content(record, digest_of(record))
            if not same:
                yield "its content does not make its contentHash"
            taken = self._shape.form.attributes_of(content)
            attributes.put_back(taken)
            told = self._shape.form.normalize(content).record
        except (Unrestorable, errors.Malformed) as error:
            yield str(error)
            return
        differing = [name for name, value in told.items() if name not in DETAIL and not _follows(name, value, record)]
        if not _attributes_follow(record, taken):
            differing.append("attributes")
        if differing:
            yield f"these do not follow from its content: {', '.join(differing)}"


def envelope_problems(raw: RawRecord, key: str, record: Mapping[str, Any]) -> Problems:
    """Where key, headers and value differ in what each of them tells."""
    if record["recordId"] != key:
        yield f"recordId is {record['recordId']}, the key {key}"
    headers = dict(raw.headers)
    told = {
        "ce_id": f"{record['recordId']}:{record['version']}",
        "ce_source": f"/genesys/{record['source']}",
        "ce_subject": record["recordId"],
        "ce_time": _iso(record["normalizedAt"]),
        "request-id": record["requestId"],
    }
    for name, expected in told.items():
        found = headers.get(name, b"").decode(errors="replace")
        if found != expected:
            yield f"the value says {expected}, its header {name} {found or 'nothing'}"
    if record["observedAt"] > record["normalizedAt"]:
        yield f"observedAt {record['observedAt']} is later than normalizedAt {record['normalizedAt']}"
    if len(digest_of(record)) * 2 != HASH_DIGITS or digest_of(record).hex() != record["contentHash"]:
        yield f"contentHash is no hash: {record['contentHash'][:40]!r}"


def is_summary(record: Mapping[str, Any]) -> bool:
    """True when the detail was left out (`record.detail`), so that its content can't be put together again."""
    return is_row(record) or (record["participantCount"] > 0 and not record["participants"])


def is_row(record: Mapping[str, Any]) -> bool:
    """True for a record of scalars (`record.detail: flat`)."""
    return "participants" not in record


def digest_of(record: Mapping[str, Any]) -> bytes:
    """The contentHash as bytes; empty when it is none."""
    try:
        return bytes.fromhex(record["contentHash"])
    except ValueError:
        return b""


def _attributes_follow(record: Mapping[str, Any], taken: list[tuple[Content, Content]]) -> bool:
    """What was not taken of this content is of an earlier revision, of which this record tells nothing."""
    if taken:
        return bool(attributes.merge(taken) == record["attributes"])
    known = (record["attributes"], record["attributesAsOf"])
    return record["revision"] > 1 or known == (None, None)


def _follows(name: str, told: Any, record: Mapping[str, Any]) -> bool:
    """Of a name that content does not tell no more can be said than that it belongs to an id."""
    if not told and (name in ONE or name in MANY):
        return belong(name, record[name], record)
    return _alike(told, record[name])


def _alike(told: Any, found: Any) -> bool:
    return list(told) == found if isinstance(told, tuple) else bool(told == found)


def _iso(millis: int) -> str:
    try:
        return iso_millis(from_millis(millis))
    except OverflowError:
        return f"{millis} ms"


def _tombstone(key: str, raw: RawRecord) -> Seen:
    return Seen(key, raw.partition, raw.offset, raw.timestamp, "", 0, 0, 0, b"", "", 0, NEVER, NEVER)


def _facts(key: str, raw: RawRecord, record: Mapping[str, Any], *, whole: bool) -> Seen:
    """Without contents nobody knows of the attributes: each version then counts as other ones, and as news."""
    attributes_as_of = record["attributesAsOf"] if whole else record["version"]
    return Seen(
        id=key,
        partition=raw.partition,
        offset=raw.offset,
        at=raw.timestamp,
        source=record["source"],
        version=record["version"],
        revision=record["revision"],
        resumed=int(record["resumed"]),
        content=digest_of(record),
        request=record["requestId"],
        as_of=record["asOf"],
        attributes_as_of=NEVER if attributes_as_of is None else attributes_as_of,
        ended=NEVER if record["endTime"] is None else record["endTime"],
        names=_names_in(record) if whole else "0",
    )


def _names_in(record: Mapping[str, Any]) -> str:
    """A bit for each name that a record may have: the same one in all records of one content."""
    told = [record[name] is not None for name in ONE]
    for name, (ids, _) in MANY.items():
        names = _plain(record[name])
        told += [each in names for each in _plain(record[ids])]
    return f"{sum(1 << bit for bit, known in enumerate(told) if known):x}"


def _plain(value: Any) -> Any:
    """A list or a map, which a row holds as JSON text. Raises Malformed when it is none."""
    try:
        found = msgspec.json.decode(value) if isinstance(value, str) else value
    except msgspec.DecodeError as error:
        raise errors.Malformed("undecodable", "$", f"a list or a map of a row is no JSON: {error}") from error
    if not isinstance(found, list | dict):
        raise errors.Malformed("undecodable", "$", f"a list or a map of a row is {str(found)[:40]}")
    return found
