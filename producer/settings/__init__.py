"""Settings: where they come from, what they mean, and what is refused, with every problem told at once.

    settings = load(config_file=Path("producer.yaml"))

`load` is the entrance; `model` holds all settings with their documentation.
"""

from producer.settings.loading import checked, load
from producer.settings.model import Settings
from producer.settings.problems import Problem, SettingsRefused
from producer.settings.schema import json_schema
from producer.settings.secret import SecretSource
from producer.settings.shown import as_yaml, shown, shown_flat

__all__ = [
    "Problem",
    "SecretSource",
    "Settings",
    "SettingsRefused",
    "as_yaml",
    "checked",
    "json_schema",
    "load",
    "shown",
    "shown_flat",
]
