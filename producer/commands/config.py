"""`genesys-producer config check|show|schema`: try the settings, see what is in force, get the schema of the file."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from producer.settings import Settings, SettingsRefused, as_yaml, json_schema, load, shown

OK = 0


def add_config_option(parser: argparse.ArgumentParser) -> None:
    """Add `--config FILE`, as every command that reads settings has it."""
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings as YAML; the environment beats it")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the three actions."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser("check", help="say all that is wrong with the settings, or ok")
    show = actions.add_parser("show", help="print the settings in force and where each came from; secrets are masked")
    for action in (check, show):
        add_config_option(action)
        action.add_argument("--output", choices=("text", "json"), default="text", help="json for programs")
    actions.add_parser("schema", help="print the JSON Schema of the settings file")


def run(arguments: argparse.Namespace) -> int:
    """Do one of the actions and return the exit code.

    `check` prints the problems itself, they are its answer; `show` raises SettingsRefused, but not for what is missing.
    """
    match arguments.action:
        case "check":
            return _check(arguments.config, as_json=arguments.output == "json")
        case "show":
            print(_shown(load(arguments.config, needs=()), as_json=arguments.output == "json"), end="")
        case _:
            print(json.dumps(json_schema(), indent=2))
    return OK


def _check(config: Path | None, *, as_json: bool) -> int:
    try:
        load(config)
    except SettingsRefused as exc:
        problems = [
            {"name": problem.names[0], "origin": problem.origin, "text": problem.text} for problem in exc.problems
        ]
        print(json.dumps({"ok": False, "problems": problems}) if as_json else exc)
        return exc.exit_code
    print(json.dumps({"ok": True, "problems": []}) if as_json else "ok")
    return OK


def _shown(settings: Settings, *, as_json: bool) -> str:
    if as_json:
        return json.dumps({"settings": shown(settings), "origins": dict(settings.origins)}) + "\n"
    return as_yaml(settings)
