"""What the record's schema knows of the API's objects, and how one object is brought into its form.

The tables come from the Avro schema itself, so that a field stands in one place. An object is converted in place:
instants become epoch milliseconds; what the schema does not know, or what has another type than it says, is moved into
the extras, by JSON path, as JSON text. Only a malformed instant, or something else where an object is due, is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from producer import errors
from producer.transform.content import ROOT, Content, canonical
from producer.transform.instants import to_epoch

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*").fullmatch
_LONG = range(-(2**63), 2**63)


class Place(NamedTuple):
    """Where an object stands: the object around it, the member's name, and its position if that is a list."""

    parent: Place | None
    name: str
    position: int | None

    def path(self, key: str, *, exact: bool = True) -> str:
        """The JSON path of a member. Not `exact`: with * for every index, so that equal drift has equal paths."""
        steps = [_step(key)]
        place: Place | None = self
        while place is not None and place.parent is not None:
            index = "" if place.position is None else f"[{place.position if exact else '*'}]"
            steps.append(_step(place.name) + index)
            place = place.parent
        return ROOT + "".join(reversed(steps))


TOP = Place(None, ROOT, None)
"""The conversation itself."""


def _step(name: str) -> str:
    return f".{name}" if _PLAIN_NAME(name) else f"[{canonical(name).decode()}]"


@dataclass(slots=True)
class Misfits:
    """What of one conversation has no place in the record: `extras` by exact path, `drift` by path without indexes."""

    extras: dict[str, str] = field(default_factory=dict)
    drift: set[str] = field(default_factory=set)

    def add(self, place: Place, key: str, value: Any) -> None:
        """Keep a value that the schema has no place for."""
        self.extras[place.path(key)] = canonical(value).decode()
        self.drift.add(place.path(key, exact=False))


Convert = Callable[[Content, Place, Misfits], None]
_Treat = Callable[[Any, Place, str, Misfits], Any]
_MISFIT: Any = object()


def converter(fields: Mapping[str, Any]) -> Convert:
    """A function that converts objects with these fields, given as name → Avro type, in place."""
    plain = {name: kind for name, avro in fields.items() if (kind := _plain(_core(avro)))}
    treats = {name: _treatment(_core(avro)) for name, avro in fields.items() if name not in plain}

    def convert(content: Content, place: Place, misfits: Misfits) -> None:
        odd: list[str] | None = None
        for key, value in content.items():
            if value.__class__ is plain.get(key):
                continue
            treat = treats.get(key)
            treated = treat(value, place, key, misfits) if treat else _MISFIT
            if treated is _MISFIT:
                odd = [*odd, key] if odd else [key]
            elif treated is not value:
                content[key] = treated
        for key in odd or ():
            misfits.add(place, key, content.pop(key))

    return convert


def _core(avro: Any) -> Any:
    """The type that a value has when it is there: T of [null, T]."""
    return avro[1] if isinstance(avro, list) else avro


def _plain(avro: Any) -> type | None:
    """The Python type whose every value fits, None when there is more to it."""
    return {"string": str, "boolean": bool}.get(avro) if isinstance(avro, str) else None


def _treatment(avro: Any) -> _Treat:
    if isinstance(avro, str):
        return {"long": _long, "double": _double}[avro]
    if avro.get("logicalType") == "timestamp-millis":
        return _instant
    if avro["type"] == "record":
        return _object(converter(members(avro)))
    if avro["type"] == "map":
        return _map
    items = avro["items"]
    if isinstance(items, dict):
        return _objects(converter(members(items)))
    return {"string": _strings, "long": _longs}[items]


def members(avro: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an Avro record, name → type."""
    return {each["name"]: each["type"] for each in avro["fields"]}


def _long(value: Any, _place: Place, _key: str, _misfits: Misfits) -> Any:
    return value if value.__class__ is int and value in _LONG else _MISFIT


def _double(value: Any, _place: Place, _key: str, _misfits: Misfits) -> Any:
    return float(value) if value.__class__ is float or (value.__class__ is int and value in _LONG) else _MISFIT


def _instant(value: Any, place: Place, key: str, _misfits: Misfits) -> Any:
    if value.__class__ is not str:
        return _MISFIT
    try:
        return to_epoch(value)
    except ValueError as error:
        raise errors.Malformed("malformed_instant", place.path(key), f"no instant: {value[:40]!r}") from error


def _strings(value: Any, _place: Place, _key: str, _misfits: Misfits) -> Any:
    return value if value.__class__ is list and all(item.__class__ is str for item in value) else _MISFIT


def _longs(value: Any, _place: Place, _key: str, _misfits: Misfits) -> Any:
    fits = value.__class__ is list and all(item.__class__ is int and item in _LONG for item in value)
    return value if fits else _MISFIT


def _map(value: Any, place: Place, key: str, misfits: Misfits) -> Any:
    if value.__class__ is not dict:
        return _MISFIT
    inner = Place(place, key, None)
    for name in [name for name, item in value.items() if item.__class__ is not str]:
        misfits.add(inner, name, value.pop(name))
    return value


def _object(convert: Convert) -> _Treat:
    def treat(value: Any, place: Place, key: str, misfits: Misfits) -> Any:
        if value.__class__ is not dict:
            raise _wrong_shape(value, place.path(key))
        convert(value, Place(place, key, None), misfits)
        return value

    return treat


def _objects(convert: Convert) -> _Treat:
    def treat(value: Any, place: Place, key: str, misfits: Misfits) -> Any:
        if value.__class__ is not list:
            raise _wrong_shape(value, place.path(key))
        for index, item in enumerate(value):
            if item.__class__ is not dict:
                raise _wrong_shape(item, f"{place.path(key)}[{index}]")
            convert(item, Place(place, key, index), misfits)
        return value

    return treat


def _wrong_shape(value: Any, path: str) -> errors.Malformed:
    return errors.Malformed("wrong_shape", path, f"an object is due, not {type(value).__name__},")
