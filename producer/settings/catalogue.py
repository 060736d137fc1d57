"""Every setting by name, and how it is called in the environment and among the secret files: one table for all."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from producer.settings.group import Group
from producer.settings.model import Settings
from producer.settings.secret import SecretSource

PREFIX = "PRODUCER_"
SECRETS_DIR = "PRODUCER_SECRETS_DIR"
"""The one variable with our prefix that is no setting: the folder of the secret files."""

UNPREFIXED: Mapping[str, str] = {
    "GENESYS_CLIENT_ID": "genesys.client_id",
    "GENESYS_CLIENT_SECRET": "genesys.client_secret",
    "GENESYS_REALM_ID": "genesys.realm_id",
    "GENESYSCLOUD_OAUTHCLIENT_ID": "genesys.client_id",
    "GENESYSCLOUD_OAUTHCLIENT_SECRET": "genesys.client_secret",
    "GENESYSCLOUD_REGION": "genesys.region",
}
"""Variables that other tools of Genesys Cloud use, by name; the upper beat the lower ones, prefixed ones beat all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting: its dotted name, and the field that says its type, default, bounds and documentation."""

    name: str
    field: FieldInfo

    @property
    def variable(self) -> str:
        """Its environment variable, `PRODUCER_GENESYS__CLIENT_ID`."""
        return PREFIX + self.file.upper()

    @property
    def file(self) -> str:
        """Its name among the secret files, `genesys__client_id`."""
        return self.name.replace(".", "__")

    @property
    def is_secret(self) -> bool:
        """Whether its value must never be shown."""
        return self.field.annotation is SecretSource


def _settings_of(model: type[BaseModel], prefix: str) -> Iterator[Setting]:
    for key, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Group):
            yield from _settings_of(field.annotation, f"{prefix}{key}.")
        else:
            yield Setting(name=prefix + key, field=field)


SETTINGS: Mapping[str, Setting] = {setting.name: setting for setting in _settings_of(Settings, "")}
"""All settings by dotted name, in the order of the documentation."""

BY_VARIABLE: Mapping[str, Setting] = {setting.variable: setting for setting in SETTINGS.values()}
BY_FILE: Mapping[str, Setting] = {setting.file: setting for setting in SETTINGS.values()}
GROUPS: frozenset[str] = frozenset(
    name[:end] for name in SETTINGS for end, character in enumerate(name) if character == "."
)
"""The names that have settings below them."""


def nearest(name: str, known: Iterator[str] | Mapping[str, object]) -> str | None:
    """The known name that somebody who wrote `name` most likely meant, None if none is like it."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.8)
    return found[0] if found else None


def no_such(kind: str, meant: str | None) -> str:
    """The text of a problem with an unknown name."""
    return f"no such {kind}" + (f"; did you mean {meant}?" if meant else "; see `genesys-producer config schema`")
