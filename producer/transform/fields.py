"""What the record's schema knows of the API's objects, and how one object is brought into its form.

The tables come from the Avro schema itself, so that a field stands in one place. An object is converted in place:
instants become epoch milliseconds; what the schema does not know, or what has another type than it says, is moved into
the extras, by JSON path, as JSON text. Only a malformed instant, or something else where an object is due, is an error.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from producer import errors
from producer.model.instants import Millis
from producer.model.outcome import Drift
from producer.transform.content import ROOT, Content, canonical
from producer.transform.instants import to_epoch

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*").fullmatch
_PLAIN: Mapping[str, type] = {"string": str, "boolean": bool}  # every value of such a type fits as it is
_INSTANT = {"type": "long", "logicalType": "timestamp-millis"}
_LARGEST_DOUBLE = int(sys.float_info.max)
_LEAST, _MOST = -(2**63), 2**63 - 1


Place = tuple[Any, str, int | None] | None
"""Where an object stands: the place of the object around it, the member's name, and its index if that is a list.

None is the conversation itself. A plain tuple, as one is made for every object and hardly ever looked at.
"""


def path_of(place: Place, key: str, *, exact: bool = True) -> str:
    """The JSON path of a member. Not `exact`: with * for every index, so that equal drift has equal paths."""
    steps = [_step(key)]
    while place is not None:
        place, name, index = place
        steps.append(_step(name) + ("" if index is None else f"[{index if exact else '*'}]"))
    return ROOT + "".join(reversed(steps))


def _step(name: str) -> str:
    return f".{name}" if _PLAIN_NAME(name) else f"[{canonical(name).decode()}]"


FIELD, TYPE = "field", "type"
"""Kinds of drift: a field that the schema does not know, and one that has another type than it says."""


@dataclass(slots=True)
class Misfits:
    """What of one conversation has no place in the record: `extras` by exact path, `drift` by path without indexes."""

    extras: dict[str, str] = field(default_factory=dict)
    drift: set[Drift] = field(default_factory=set)

    def add(self, place: Place, key: str, value: Any, kind: str) -> None:
        """Keep a value that the schema has no place for."""
        self.extras[path_of(place, key)] = canonical(value).decode()
        self.drift.add(Drift(path_of(place, key, exact=False), kind))


Convert = Callable[[Content, Place, Misfits], None]
_Treat = Callable[[Any, Place, str, Misfits], Any]
_MISFIT: Any = object()


def converter(fields: Mapping[str, Any]) -> Convert:
    """A function that converts objects with these fields, given as name → Avro type, in place."""
    cores = {name: avro[1] if isinstance(avro, list) else avro for name, avro in fields.items()}
    plain = {name: _PLAIN[core] for name, core in cores.items() if isinstance(core, str) and core in _PLAIN}
    longs = frozenset(name for name, core in cores.items() if core == "long")
    instants = frozenset(name for name, core in cores.items() if core == _INSTANT)
    treats = {name: _treatment(core) for name, core in cores.items() if name not in {*plain, *longs, *instants}}

    def convert(content: Content, place: Place, misfits: Misfits) -> None:
        odd: list[str] | None = None
        for key, value in content.items():
            kind = value.__class__
            if kind is plain.get(key) or (kind is int and key in longs and _LEAST <= value <= _MOST):
                continue
            if kind is str and key in instants:
                content[key] = _epoch(value, place, key)
                continue
            treat = treats.get(key)
            treated = treat(value, place, key, misfits) if treat else _MISFIT
            if treated is _MISFIT:
                odd = [*odd, key] if odd else [key]
            elif treated is not value:
                content[key] = treated
        for key in odd or ():
            misfits.add(place, key, content.pop(key), TYPE if key in cores else FIELD)

    return convert


def _treatment(avro: Any) -> _Treat:
    if avro == "double":
        return _double
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


def _double(value: Any, _place: Place, _key: str, _misfits: Misfits) -> Any:
    if value.__class__ is float:
        return value
    if value.__class__ is not int or abs(value) > _LARGEST_DOUBLE:
        return _MISFIT
    double = float(value)  # the number itself, or the one that a double of its digits stands for (5e22)
    return double if int(double) == value or int(Decimal(repr(double))) == value else _MISFIT


def _epoch(text: str, place: Place, key: str) -> Millis:
    try:
        return to_epoch(text)
    except ValueError as error:
        raise errors.Malformed("malformed_instant", path_of(place, key), f"no instant: {text[:40]!r}") from error


def _strings(value: Any, _place: Place, _key: str, _misfits: Misfits) -> Any:
    return value if value.__class__ is list and all(item.__class__ is str for item in value) else _MISFIT


def _longs(value: Any, _place: Place, _key: str, _misfits: Misfits) -> Any:
    fits = value.__class__ is list and all(item.__class__ is int and _LEAST <= item <= _MOST for item in value)
    return value if fits else _MISFIT


def _map(value: Any, place: Place, key: str, misfits: Misfits) -> Any:
    if value.__class__ is not dict:
        return _MISFIT
    inner = (place, key, None)
    for name in [name for name, item in value.items() if item.__class__ is not str]:
        misfits.add(inner, name, value.pop(name), TYPE)
    return value


def _object(convert: Convert) -> _Treat:
    def treat(value: Any, place: Place, key: str, misfits: Misfits) -> Any:
        if value.__class__ is not dict:
            raise _wrong_shape(value, path_of(place, key))
        convert(value, (place, key, None), misfits)
        return value

    return treat


def _objects(convert: Convert) -> _Treat:
    def treat(value: Any, place: Place, key: str, misfits: Misfits) -> Any:
        if value.__class__ is not list:
            raise _wrong_shape(value, path_of(place, key))
        for index, item in enumerate(value):
            if item.__class__ is not dict:
                raise _wrong_shape(item, f"{path_of(place, key)}[{index}]")
            convert(item, (place, key, index), misfits)
        return value

    return treat


def _wrong_shape(value: Any, path: str) -> errors.Malformed:
    return errors.Malformed("wrong_shape", path, f"an object is due, not {type(value).__name__},")
