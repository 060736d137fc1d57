"""`settings.md`: every setting with its variable, default, bounds and meaning."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, PlainSerializer

from producer.dev.reference import markdown
from producer.dev.reference.markdown import code, codes, sentence
from producer.settings import SecretSource, Settings, shown_flat
from producer.settings.catalogue import SECRETS_DIR, SETTINGS, UNPREFIXED, Setting
from producer.settings.values import check_region, check_server, check_url, size_text, start_text

HEADER = ("setting", "variable", "default", "takes", "meaning")
INTRODUCTION = f"""\
Values come from the environment, from secret files (one file a setting in the folder `{SECRETS_DIR}`, named as the
variable without `PRODUCER_` and in lower case), from a YAML file (`--config`), and from the defaults; the first of
these to name a setting wins. An empty value is the same as none. An unknown name is refused, with the name that was
likely meant. `genesys-producer config show` prints what is in force and where each value came from.

A span is a whole number with `ms`, `s`, `m`, `h` or `d`; a size is a number of bytes, or of `KiB`, `MiB` or `GiB`; an
instant is ISO 8601 with its offset; a list is divided by commas (YAML: also a list). A **secret** is masked wherever
settings are shown, and is read again at every use when it comes from a secret file."""
OTHER_TOOLS = """\
## Variables of other tools

These are understood as well, so that one environment serves several tools; a variable with our prefix beats them."""

_KINDS = {
    Path: "path",
    SecretSource: "**secret**",
    bool: "`true` or `false`",
    datetime: "instant",
    float: "number",
    int: "whole number",
    str: "text",
    timedelta: "span",
}
_CHECKED = {
    check_region: "region",
    check_server: "host:port",
    check_url: "address",
    size_text: "size",
    start_text: "`now` or instant",
}
_ENDS = ("ge", "gt", "le", "lt", "min_length", "max_length")


def document() -> str:
    """The whole document."""
    groups: dict[str, list[Setting]] = {}
    for setting in SETTINGS.values():
        groups.setdefault(setting.name.rpartition(".")[0], []).append(setting)
    sections = (_section(group, settings) for group, settings in groups.items())
    others = markdown.table(("variable", "setting"), ((code(name), code(to)) for name, to in UNPREFIXED.items()))
    made_from = "the fields of `producer/settings/`"
    return markdown.document("Settings", made_from, INTRODUCTION, *sections, OTHER_TOOLS, others)


def _section(group: str, settings: list[Setting]) -> str:
    defaults = shown_flat(Settings())
    rows = (
        (
            code(setting.name),
            code(setting.variable),
            code(defaults.get(setting.name, "")),
            takes(setting),
            sentence(setting.field.description),
        )
        for setting in settings
    )
    return f"## {group}\n\n{_documentation(group)}\n\n{markdown.table(HEADER, rows)}"


def _documentation(group: str) -> str:
    """The docstring of a group's class."""
    model: type[BaseModel] = Settings
    for key in group.split("."):
        annotation = model.model_fields[key].annotation
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            raise TypeError(f"{group} is no group of settings")
        model = annotation
    return sentence(model.__doc__)


def takes(setting: Setting) -> str:
    """What may be written: the kind of value and its bounds."""
    field = setting.field
    kind, metadata = _kind(field.annotation, field.metadata)
    return ", ".join([kind, *_bounds(metadata)])


def _kind(annotation: Any, metadata: list[Any]) -> tuple[str, list[Any]]:
    """The kind of value in words, and the metadata that may bound it, its own and that of what it is made of."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return _either(arguments), metadata
    if origin in (Union, UnionType):
        (inner,) = [each for each in arguments if each is not type(None)]
        return _kind(inner, metadata)
    if origin is tuple:
        kind, _ = _kind(arguments[0], [])
        return f"list of {kind}", metadata
    if hasattr(annotation, "__metadata__"):
        return _kind(annotation.__origin__, [*annotation.__metadata__, *metadata])
    functions = (each.func for each in metadata if isinstance(each, AfterValidator | PlainSerializer))
    checked = next((_CHECKED[function] for function in functions if function in _CHECKED), None)
    return checked or _KINDS[annotation], metadata


def _either(values: tuple[object, ...]) -> str:
    *first, last = values
    return f"{codes(first)} or {code(last)}"


def _bounds(metadata: list[Any]) -> Iterator[str]:
    """`1s to 5m`, in the form in which values are written. Raises ValueError for bounds that it has no words for."""
    limits = {name: limit for each in metadata for name in _ENDS if (limit := getattr(each, name, None)) is not None}
    serializers: Iterator[Any] = (each.func for each in metadata if isinstance(each, PlainSerializer))
    written = next(serializers, "{:,}".format)
    match {name: written(limit) for name, limit in limits.items()}:
        case {"ge": least, "le": most} | {"min_length": least, "max_length": most}:
            yield f"{least} to {most}"
        case {"ge": least, "lt": end}:
            yield f"{least} to below {end}"
        case {"gt": end, "le": most}:
            yield f"above {end}, up to {most}"
        case {"max_length": most}:
            yield f"up to {most}"
        case others:
            if others:
                raise ValueError(f"no words for the bounds {others}")
