"""What is wrong with a configuration: all of it at once, each problem with the setting's name and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import ValidationError

from producer import errors
from producer.settings.catalogue import SECRETS_DIR, SETTINGS
from producer.settings.values import size_text, span_text

_LONGEST_ECHO = 40

BY_TYPE: Mapping[str, str] = {
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "must be a whole number of ordinary size",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be below {lt}",
    "literal_error": "must be {expected}",
    "bool_parsing": "must be true or false",
    "too_short": "must name at least {min_length}",
    "too_long": "must name at most {max_length}",
}
"""What the validator's types of error are called for people. A value is shown with these only: they are of settings
with a few possible values, where nobody keeps a password."""

_NOT_THE_VALUE = "default_factory_not_called"  # follows from another error of the same group


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong. `names` are the settings it is about, the first being where it is reported."""

    names: tuple[str, ...]
    text: str
    origin: str | None = None

    def __str__(self) -> str:
        where = f" ({self.origin})" if self.origin and self.origin != self.names[0] else ""
        return f"{self.names[0]}{where}: {self.text}"


class SettingsRefused(errors.ConfigurationError):
    """The configuration can't be used; nothing was started."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=str))
        super().__init__("the configuration can't be used:\n" + "\n".join(f"  {problem}" for problem in self.problems))


def problems_of(error: ValidationError, given: Mapping[str, tuple[object, str]]) -> list[Problem]:
    """The errors of the validator as problems; `given` has value and origin of each setting by name."""
    return [_problem_of(each, given) for each in error.errors() if each["type"] != _NOT_THE_VALUE]


def _problem_of(error: Mapping[str, Any], given: Mapping[str, tuple[object, str]]) -> Problem:
    name = ".".join(part for part in error["loc"] if isinstance(part, str))
    value, origin = given.get(name, (None, None))
    context = error.get("ctx", {})
    if error["type"] == "value_error":
        return Problem(names=(name,), text=str(context["error"]), origin=origin)
    if error["type"] not in BY_TYPE:
        return Problem(names=(name,), text="must be a single value", origin=origin)
    text = BY_TYPE[error["type"]].format_map({kind: _readable(name, kind, bound) for kind, bound in context.items()})
    return Problem(names=(name,), text=text + _echo(value), origin=origin)


def _echo(value: object) -> str:
    return f", not {value!r}" if isinstance(value, str) and len(value) <= _LONGEST_ECHO else ""


def _readable(name: str, kind: str, bound: object) -> object:
    """A bound in the form that the setting is written in."""
    declared = next((getattr(rule, kind) for rule in SETTINGS[name].field.metadata if hasattr(rule, kind)), bound)
    if isinstance(declared, timedelta):
        return span_text(declared)
    if name.endswith("_bytes") and isinstance(declared, int):
        return size_text(declared)
    return f"{declared:g}" if isinstance(declared, float) else declared


def missing(name: str) -> str:
    """The text for a setting that has no default and was not given."""
    setting = SETTINGS[name]
    group, _, key = name.rpartition(".")
    elsewhere = f"a file {setting.file} in {SECRETS_DIR}" if setting.is_secret else f"{key} below {group} in --config"
    return f"is missing: set {setting.variable}, or {elsewhere}"
