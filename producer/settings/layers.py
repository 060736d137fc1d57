"""Where settings come from: environment, secret files, a YAML file. Each becomes a layer; upper layers beat lower ones.

All values are text, whatever the place, so that a setting means the same wherever it is written (`client_secret: 0123`
keeps its zero, `region: no` is no boolean). An empty value is the same as none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

from producer.settings.catalogue import (
    BY_FILE,
    BY_VARIABLE,
    GROUPS,
    PREFIX,
    SECRETS_DIR,
    SETTINGS,
    UNPREFIXED,
    nearest,
    no_such,
)
from producer.settings.model import Settings
from producer.settings.problems import Problem
from producer.settings.secret import SecretSource, read_bounded, read_secret_file

LARGEST_CONFIG = 1 << 20
"""Bytes that the YAML file may hold."""

_NULL = "tag:yaml.org,2002:null"
_KUBERNETES_NAME = re.compile(
    rf"{PREFIX}([A-Z0-9_]+_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP)_(PROTO|PORT|ADDR))"
)
_KUBERNETES_VALUE = ("tcp://", "udp://", "sctp://")


@dataclass(slots=True)
class Layer:
    """What one place says: by name of a setting its value and where exactly it stood, and what is wrong there."""

    given: dict[str, tuple[Any, str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def without(self, names: set[str]) -> Layer:
        """The layer as if these settings had not been given."""
        return Layer(given={name: value for name, value in self.given.items() if name not in names})


class LayerSource(PydanticBaseSettingsSource):
    """A layer in the form that pydantic-settings merges."""

    def __init__(self, layer: Layer) -> None:
        super().__init__(Settings)
        self._layer = layer

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - given signature
        """What the layer says of one group; pydantic-settings asks for the whole at once."""
        return self().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        """The values of the layer, nested by group."""
        nested: dict[str, Any] = {}
        for name, (value, _) in self._layer.given.items():
            *groups, key = name.split(".")
            place = nested
            for group in groups:
                place = place.setdefault(group, {})
            place[key] = value
        return nested


# --- the environment ------------------------------------------------------------------------------------------------


def environment_layer(environ: Mapping[str, str]) -> Layer:
    """What the environment says. Variables of ours that are not known are problems, those of Kubernetes are not."""
    layer = Layer()
    for variable, name in reversed(list(UNPREFIXED.items())):
        if value := environ.get(variable):
            layer.given[name] = (value, variable)
    for variable, value in environ.items():
        if variable in BY_VARIABLE:
            if value:
                layer.given[BY_VARIABLE[variable].name] = (value, variable)
        elif variable.startswith(PREFIX) and variable != SECRETS_DIR and not _is_of_kubernetes(variable, value):
            meant = nearest(variable.upper(), {**BY_VARIABLE, SECRETS_DIR: None})
            layer.problems.append(Problem(names=(variable,), text=no_such("variable", meant)))
    return layer


def _is_of_kubernetes(variable: str, value: str) -> bool:
    """Whether the kubelet put it there: for a service called `producer`, all its variables begin like ours."""
    return bool(_KUBERNETES_NAME.fullmatch(variable)) or value.startswith(_KUBERNETES_VALUE)


# --- secret files ---------------------------------------------------------------------------------------------------


def secret_files_layer(directory: Path) -> Layer:
    """What the files of a folder say, each named for its setting (`genesys__client_secret`).

    Other files may lie beside them (certificates); only a name that looks like a setting's and is none is a problem.
    """
    layer = Layer()
    try:
        files = sorted(directory.iterdir())
    except OSError as exc:
        layer.problems.append(
            Problem(names=(SECRETS_DIR,), text=f"the folder {directory} can't be read ({exc.strerror})")
        )
        return layer
    for file in files:
        if setting := BY_FILE.get(file.name):
            try:
                text = read_secret_file(file)
            except (OSError, ValueError) as exc:
                reason = exc.strerror if isinstance(exc, OSError) else str(exc)
                layer.problems.append(
                    Problem(names=(setting.name,), text=f"the file can't be used ({reason})", origin=str(file))
                )
                continue
            layer.given[setting.name] = (SecretSource(text, file=file) if setting.is_secret else text, str(file))
        elif not file.name.startswith(".") and ("__" in file.name or nearest(file.name, BY_FILE)):
            layer.problems.append(Problem(names=(str(file),), text=no_such("setting", nearest(file.name, BY_FILE))))
    return layer


# --- the YAML file --------------------------------------------------------------------------------------------------


def yaml_layer(file: Path) -> Layer:
    """What a YAML file says. Its syntax errors are told by line only: the text around them may be a secret."""
    layer = Layer()
    try:
        root = yaml.compose(read_bounded(file, LARGEST_CONFIG), Loader=yaml.SafeLoader)
    except OSError as exc:
        layer.problems.append(Problem(names=("--config",), text=f"{file} can't be read ({exc.strerror})"))
    except ValueError as exc:
        layer.problems.append(Problem(names=("--config",), text=f"{file} {exc}"))
    except (yaml.YAMLError, RecursionError) as exc:
        mark = getattr(exc, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        layer.problems.append(Problem(names=("--config",), text=f"{file} is not valid YAML{where}"))
    else:
        if isinstance(root, yaml.MappingNode):
            _read_group(root, "", file, layer)
        elif root is not None and root.tag != _NULL:
            layer.problems.append(Problem(names=("--config",), text=f"{file} must hold groups of settings"))
    return layer


def _read_group(group: yaml.MappingNode, prefix: str, file: Path, layer: Layer) -> None:
    seen: set[str] = set()
    for key_node, node in group.value:
        name = f"{prefix}{key_node.value if isinstance(key_node, yaml.ScalarNode) else '?'}"
        origin = f"{file}:{key_node.start_mark.line + 1}"
        problem = _problem_with(name, node, already=name in seen)
        seen.add(name)
        if problem:
            layer.problems.append(Problem(names=(name,), text=problem, origin=origin))
        elif isinstance(node, yaml.MappingNode):
            _read_group(node, f"{name}.", file, layer)
        elif (value := _value_of(node)) is not None:
            layer.given[name] = (value, origin)


def _problem_with(name: str, node: yaml.Node, *, already: bool) -> str | None:
    is_group = isinstance(node, yaml.MappingNode)
    is_null = node.tag == _NULL
    if already:
        return "stands twice in the same group: keep one of them"
    if name in GROUPS:
        return None if is_group or is_null else "is a group: its settings stand below it, further to the right"
    if name not in SETTINGS:
        return no_such("setting", next(_alike(name), None))
    if is_group or (isinstance(node, yaml.SequenceNode) and not _is_flat(node)):
        return "must be a single value, or a list of them"
    return None


def _alike(name: str) -> Iterator[str]:
    """Names that may have been meant: written nearly so, or the same in another group."""
    if close := nearest(name, {**SETTINGS, **dict.fromkeys(GROUPS)}):
        yield close
    key = name.rpartition(".")[2]
    yield from (known for known in SETTINGS if known.rpartition(".")[2] == key)


def _is_flat(node: yaml.SequenceNode) -> bool:
    return all(isinstance(item, yaml.ScalarNode) for item in node.value)


def _value_of(node: yaml.Node) -> str | list[str] | None:
    """The text of a node, or the texts of a list; None for what is empty."""
    if isinstance(node, yaml.SequenceNode):
        return [item.value for item in node.value]
    return None if node.tag == _NULL else node.value or None
