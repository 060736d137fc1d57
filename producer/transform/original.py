"""From the fields of a record back to the content that the API gave: the inverse of `normalize`. Pure.

A record loses nothing, so what it says can be put together again and its fingerprint taken anew: a record that was
altered does not make its own `contentHash`. Only how an instant was written is lost (`12:00:00Z` and `12:00:00.000Z`
are one number), so the ways in which the API is known to write instants are tried.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from itertools import combinations, islice, product
from typing import Any

from producer.model.instants import from_millis
from producer.transform import attributes
from producer.transform.content import Content
from producer.transform.fields import members
from producer.transform.fingerprint import fingerprint
from producer.transform.normalize import DETAIL, KEPT, RENAMED

MOST_TRIES = 500
"""Ways of writing a record's instants that are tried; an untouched record takes one, hardly ever more."""

_DIGITS = 3
_INSTANT = {"type": "long", "logicalType": "timestamp-millis"}
_STEP = re.compile(r'\.([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]')

Forms = tuple[str, ...]
_Rebuild = Callable[[Any, "_Instants"], Any]


class Unrestorable(Exception):
    """A record that nobody normalised so: its extras lead nowhere, or an instant is none."""


@dataclass(slots=True)
class _Instants:
    """Where instants stand that may have been written in several ways: the object, the member, and the ways."""

    places: list[tuple[Content, str, Forms]] = field(default_factory=list)


class Restorer:
    """Puts content together again. `schema` is the text of the Avro schema `Conversation`.

    Records are as Avro gives them back, with every field present and instants as epoch milliseconds.
    """

    def __init__(self, schema: str) -> None:
        known = members(json.loads(schema))
        names = {name: RENAMED.get(name, name) for name in (*RENAMED, *KEPT, *DETAIL, "divisionIds")}
        self._fields = {field_name: (name, _rebuild(_core(known[field_name]))) for name, field_name in names.items()}

    def content(self, record: Mapping[str, Any], digest: bytes) -> tuple[Content, bool]:
        """The content of a record, and whether it makes `digest`. Raises Unrestorable."""
        instants = _Instants()
        try:
            content = self._put_together(record, instants)
        except OverflowError as error:
            raise Unrestorable(f"an instant lies outside the calendar: {error}") from error
        taken = attributes.take(content)
        found = any(fingerprint(content) == digest for _ in _ways(instants))
        attributes.put_back(taken)
        return content, found

    def _put_together(self, record: Mapping[str, Any], instants: _Instants) -> Content:
        content: Content = {}
        for field_name, (name, rebuild) in self._fields.items():
            value = record.get(field_name)  # an older schema may lack it
            if value is not None and value != []:
                _set(content, name, rebuild(value, instants), instants)
        for path, text in record["extras"].items():
            put(content, path, text)
        return content


def _ways(instants: _Instants) -> Iterator[None]:
    """Write the instants in one way after the other: the usual one, one rule for all, then single ones otherwise.

    At the end they stand in the usual way again.
    """
    yield
    places = instants.places
    if not places:
        return
    for rule in (-1, 1):  # trimmed of zeros; without a fraction where it is zero
        for content, name, forms in places:
            content[name] = forms[-1] if rule < 0 or len(forms) > _DIGITS else forms[0]
        yield
        _usual(places)
    for deviating in islice(_deviations(places), MOST_TRIES):
        for (content, name, _), form in deviating:
            content[name] = form
        yield
        _usual(place for place, _ in deviating)


def _deviations(
    places: list[tuple[Content, str, Forms]],
) -> Iterator[tuple[tuple[tuple[Content, str, Forms], str], ...]]:
    """One instant, then two, that are written in another way than the usual one."""
    single = [(place, form) for place in places for form in place[2][1:]]
    for each in single:
        yield (each,)
    by_name: dict[str, list[tuple[Content, str, Forms]]] = {}
    for place in places:
        by_name.setdefault(place[1], []).append(place)
    for same in by_name.values():  # a field that is always written so
        yield tuple((place, place[2][-1]) for place in same)
    for one, other in combinations(places, 2):
        for first, second in product(one[2][1:], other[2][1:]):
            yield ((one, first), (other, second))


def _usual(places: Iterable[tuple[Content, str, Forms]]) -> None:
    for content, name, forms in places:
        content[name] = forms[0]


def forms_of(millis: int) -> Forms:
    """The ways in which the API may have written an instant, the usual one first, the shortest last."""
    second, fraction = divmod(millis, 1_000)
    text = _whole_second(second)
    digits = f"{fraction:03}"
    if fraction % 10:
        return (f"{text}.{digits}Z",)
    least = max(len(digits.rstrip("0")), 1)
    shorter = [f"{text}.{digits[:size]}Z" for size in range(_DIGITS, least - 1, -1)]
    return tuple(shorter) if fraction else (*shorter, f"{text}Z")


@lru_cache(maxsize=8_192)
def _whole_second(second: int) -> str:
    """`2025-03-10T10:00:00`; the instants of a conversation lie close together."""
    return from_millis(second * 1_000).replace(tzinfo=None).isoformat(timespec="seconds")


def steps_of(path: str) -> list[str | int]:
    """The steps of a path of the extras, such as `$.participants[0]["odd name"]`. Raises Unrestorable."""
    rest = path.removeprefix("$")
    steps: list[str | int] = []
    while rest:
        found = _STEP.match(rest)
        if found is None:
            raise Unrestorable(f"no path of the extras: {path}")
        name, index, quoted = found.groups()
        steps.append(name if name is not None else int(index) if index is not None else json.loads(quoted))
        rest = rest[found.end() :]
    return steps


def put(content: Content, path: str, text: str) -> None:
    """Put what the schema had no place for where it stood. Raises Unrestorable."""
    place: Any = content
    *way, last = steps_of(path)
    try:
        for step in way:
            place = place[step]
        if place.__class__ is not dict or last in place:
            raise Unrestorable(f"the extras hold what has its place in the record: {path}")
        place[last] = json.loads(text)
    except (LookupError, TypeError, ValueError) as error:
        raise Unrestorable(f"the extras lead nowhere: {path}") from error


def _set(content: Content, name: str, value: Any, instants: _Instants) -> None:
    """Set a member; an instant comes as its forms, and is noted when it has several."""
    if value.__class__ is not tuple:
        content[name] = value
        return
    content[name] = value[0]
    if len(value) > 1:
        instants.places.append((content, name, value))


def _core(avro: Any) -> Any:
    return avro[1] if isinstance(avro, list) else avro


def _rebuild(core: Any) -> _Rebuild:
    if core == _INSTANT:
        return lambda value, _: forms_of(value)
    if core == "double":
        return lambda value, _: _number(value)
    if isinstance(core, str) or core["type"] == "map":
        return _same
    if core["type"] == "record":
        return _object(core)
    items = core["items"]
    if isinstance(items, dict):
        rebuild = _object(items)
        return lambda values, instants: [rebuild(each, instants) for each in values]
    return _same


def _object(avro: Mapping[str, Any]) -> _Rebuild:
    fields = {name: _rebuild(_core(kind)) for name, kind in members(avro).items()}

    def rebuild(value: Mapping[str, Any], instants: _Instants) -> Content:
        content: Content = {}
        for name, item in value.items():
            if item is not None and item != []:
                _set(content, name, fields[name](item, instants), instants)
        return content

    return rebuild


def _same(value: Any, _instants: _Instants) -> Any:
    return value


def _number(value: float) -> float:
    """A double as its content had it: a whole number is an integer there."""
    return int(Decimal(repr(value))) if value.is_integer() else value
