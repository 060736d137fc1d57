"""The one entrance to settings: reads the layers, merges them, refuses everything that is wrong in one error."""

from __future__ import annotations

import os
from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from producer.clock import VirtualClock, WallClock
from producer.settings.catalogue import SECRETS_DIR
from producer.settings.layers import Layer, LayerSource, environment_layer, secret_files_layer, yaml_layer
from producer.settings.model import Settings
from producer.settings.problems import Problem, SettingsRefused, problems_of
from producer.settings.relations import Need, problems_between

GIVEN = "given by the caller"
"""Where a setting came from that a program set."""


def load(
    config_file: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    secrets_dir: Path | None = None,
    *,
    needs: tuple[Need, ...] = ("genesys", "kafka"),
    now: datetime | None = None,
) -> Settings:
    """The settings from the environment, the secret files, the YAML file and the defaults, the first to say it wins.

    `secrets_dir` is $PRODUCER_SECRETS_DIR unless given. `needs` names what the command talks to: without `genesys` no
    credentials are asked for, without `kafka` no brokers. `now` is product time unless given.
    Raises SettingsRefused (a ConfigurationError) with all problems at once.
    """
    directory = secrets_dir or (Path(environ[SECRETS_DIR]) if environ.get(SECRETS_DIR) else None)
    layers = [
        environment_layer(environ),
        *([secret_files_layer(directory)] if directory else []),
        *([yaml_layer(config_file)] if config_file else []),
    ]
    return _settled(layers, needs=needs, now=now)


def checked(
    given: Mapping[str, object], *, needs: tuple[Need, ...] = ("genesys", "kafka"), now: datetime | None = None
) -> Settings:
    """Settings that a program sets, by name (`genesys.client_id`), all others at their defaults; as `load` else.

    Raises SettingsRefused with all problems at once.
    """
    layer = Layer(given={name: (value, GIVEN) for name, value in given.items()})
    return _settled([layer], needs=needs, now=now)


def _settled(layers: Sequence[Layer], *, needs: tuple[Need, ...], now: datetime | None) -> Settings:
    """The settings that layers make, if nothing is wrong with them. Raises SettingsRefused."""
    given: Mapping[str, tuple[object, str]] = ChainMap(*(layer.given for layer in layers))
    problems = [problem for layer in layers for problem in layer.problems]

    settings, refused = _settle(layers, given)
    problems += refused
    doubtful = {name for problem in problems for name in problem.names}
    problems += [
        replace(problem, origin=given.get(problem.names[0], (None, None))[1])
        for problem in problems_between(settings, needs=needs, now=now or _product_now(settings))
        if doubtful.isdisjoint(problem.names)
    ]
    if problems:
        raise SettingsRefused(problems)
    settings._origins = {name: origin for name, (_, origin) in given.items()}  # noqa: SLF001 - set here and never again
    return settings


def _settle(layers: Sequence[Layer], given: Mapping[str, tuple[object, str]]) -> tuple[Settings, list[Problem]]:
    """The settings, refused values taken as not given, so that the rest can be judged in the same run."""
    try:
        return _merged(layers), []
    except ValidationError as exc:
        problems = problems_of(exc, given)
    names = {name for problem in problems for name in problem.names}
    return _merged([layer.without(names) for layer in layers]), problems


def _merged(layers: Sequence[Layer]) -> Settings:
    return Settings(_build_sources=(tuple(LayerSource(layer) for layer in layers), {}))


def _product_now(settings: Settings) -> datetime | None:
    """Product time; None when the virtual clock has left the calendar."""
    dev = settings.dev
    if dev.clock_origin is None or dev.clock_epoch is None:
        return WallClock().now()
    try:
        return VirtualClock(origin=dev.clock_origin, epoch=dev.clock_epoch, speed=dev.clock_speed).now()
    except OverflowError:
        return None
