"""Writing values as Avro binary: one small function per schema type, put together once for a whole schema.

fastavro's own writer looks at every field a record could have, of which a conversation has some two thousand; this one
looks at those that are there: every field starts as the bytes of its default, and what is present replaces them. It is
also strict where fastavro is not (it writes 0.5 as the long 0, and a string as a list of letters), and says where a
value does not fit. Tests hold its bytes equal to fastavro's.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any

Write = Callable[[Any], bytes]
"""The bytes of a value. Raises Unfit."""

_HALF = 1 << 14  # two groups of seven bits: variable-length numbers are written by table, two bytes at a time
_LEAST, _MOST = -(1 << 63), (1 << 63) - 1
_SHORT = 256
_INT = range(-(1 << 31), 1 << 31)

_LAST = [bytes([value] if value < 1 << 7 else [value & 127 | 128, value >> 7]) for value in range(_HALF)]
_MORE = [bytes([value & 127 | 128, value >> 7 | 128]) for value in range(_HALF)]
_PRESENT = b"\x02"  # the index of T in [null, T]
_END = _NULL = b"\x00"
_double_bytes = struct.Struct("<d").pack
_utf8 = str.encode


class Unfit(Exception):
    """A value that does not fit its schema. `path` is where, innermost step first."""

    def __init__(self, expected: str, value: object) -> None:
        super().__init__(f"{expected} is due, not {type(value).__name__}")
        self.path: list[str] = []


def writer(avro: Any) -> Write:
    """The function that writes values of a schema, given as parsed JSON without namespaces in its references."""
    return _writer(avro, {})


def _writer(avro: Any, named: dict[str, Write]) -> Write:
    if isinstance(avro, list):
        return _nullable_string if avro[1] == "string" else _nullable(_writer(avro[1], named))
    if isinstance(avro, str):
        return _PRIMITIVES[avro] if avro in _PRIMITIVES else named[avro]
    return _complex(avro, named)


def _complex(avro: Mapping[str, Any], named: dict[str, Write]) -> Write:
    match avro["type"]:
        case "array":
            return _array(_writer(avro["items"], named))
        case "map":
            return _map(_writer(avro["values"], named))
        case "enum":
            return named.setdefault(avro["name"], _enum(avro["symbols"]))
        case "record":
            return named.setdefault(avro["name"], _record(avro, named))
        case underlying:  # a logical type, written as what it is made of
            return _writer(underlying, named)


def _long(value: Any) -> bytes:
    if value.__class__ is not int or not _LEAST <= value <= _MOST:
        raise Unfit("a 64-bit integer", value)
    rest = (value << 1) ^ (value >> 63)
    if rest < _HALF:
        return _LAST[rest]
    written = b""
    while rest >= _HALF:
        written += _MORE[rest & (_HALF - 1)]
        rest >>= 14
    return written + _LAST[rest]


def _int(value: Any) -> bytes:
    if value.__class__ is not int or value not in _INT:
        raise Unfit("a 32-bit integer", value)
    return _long(value)


def _text(prefix: bytes) -> Write:
    """Text behind a prefix: most values are text, so the prefix and short lengths are put together beforehand.

    With a prefix it is nullable text.
    """
    short = [prefix + _LAST[size << 1] for size in range(_SHORT)]

    def write_text(value: Any) -> bytes:
        if value is None and prefix:
            return _NULL
        try:
            text = _utf8(value)
        except (TypeError, UnicodeEncodeError) as error:
            raise Unfit("text", value) from error
        size = len(text)
        return (short[size] if size < _SHORT else prefix + _long(size)) + text

    return write_text


_string = _text(b"")
_nullable_string = _text(_PRESENT)


def _boolean(value: Any) -> bytes:
    if value.__class__ is not bool:
        raise Unfit("a boolean", value)
    return b"\x01" if value else b"\x00"


def _double(value: Any) -> bytes:
    if value.__class__ is not float and value.__class__ is not int:
        raise Unfit("a number", value)
    return _double_bytes(value)


_PRIMITIVES: Mapping[str, Write] = {
    "long": _long,
    "int": _int,
    "string": _string,
    "boolean": _boolean,
    "double": _double,
}


def _nullable(write: Write) -> Write:
    def write_nullable(value: Any) -> bytes:
        return _NULL if value is None else _PRESENT + write(value)

    return write_nullable


def _enum(symbols: list[str]) -> Write:
    bytes_of = {symbol: _long(index) for index, symbol in enumerate(symbols)}

    def write_enum(value: Any) -> bytes:
        if value.__class__ is not str or value not in bytes_of:
            raise Unfit(f"one of {', '.join(symbols)}", value)
        return bytes_of[value]

    return write_enum


def _array(write: Write) -> Write:
    def write_array(value: Any) -> bytes:
        if value.__class__ is not list and value.__class__ is not tuple:
            raise Unfit("a list", value)
        if not value:
            return _END
        parts = [_long(len(value))]
        try:
            for item in value:
                parts.append(write(item))  # noqa: PERF401 its length tells the index of what does not fit
        except Unfit as unfit:
            unfit.path.append(f"[{len(parts) - 1}]")
            raise
        parts.append(_END)
        return b"".join(parts)

    return write_array


def _map(write: Write) -> Write:
    def write_map(value: Any) -> bytes:
        if value.__class__ is not dict and not isinstance(value, Mapping):
            raise Unfit("a map", value)
        if not value:
            return _END
        parts = [_long(len(value))]
        for name, item in value.items():
            try:
                parts += (_string(name), write(item))
            except Unfit as unfit:
                unfit.path.append(f"[{name!r}]")
                raise
        parts.append(_END)
        return b"".join(parts)

    return write_map


def _record(avro: Mapping[str, Any], named: dict[str, Write]) -> Write:
    writes = [(field["name"], field["default"], _writer(field["type"], named)) for field in avro["fields"]]
    defaults = [write(default) for _, default, write in writes]
    fields = {name: (position, write) for position, (name, _, write) in enumerate(writes)}

    def write_record(value: Any) -> bytes:
        if value.__class__ is not dict and not isinstance(value, Mapping):
            raise Unfit(f"an object ({avro['name']})", value)
        parts = defaults.copy()
        name: Any = None
        try:
            for name, item in value.items():
                position, write = fields[name]
                parts[position] = write(item)
        except KeyError:
            unknown = Unfit(f"a field of {avro['name']}", name)
            unknown.path.append(f".{name}")
            raise unknown from None
        except Unfit as unfit:
            unfit.path.append(f".{name}")
            raise
        return b"".join(parts)

    return write_record
