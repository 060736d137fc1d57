"""Problems of the settings, sorted to what they keep from working: a secret, the virtual clock, or anything else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from producer.doctor.results import Prerequisite, Result, failed, ok
from producer.settings import Problem, Settings
from producer.settings.catalogue import SECRETS_DIR, SETTINGS

SECRET_NAMES = tuple(name for name, setting in SETTINGS.items() if setting.is_secret)
_TRY = "correct the settings that are named; `genesys-producer config show` prints where each comes from"
_SECRETS_CURE = f"mount the secret files in {SECRETS_DIR} so that this user may read them, one for each setting"
_CLOCK_CURE = "remove the settings below dev.clock: they are for the simulator"


def settings_refused(problems: Sequence[Problem]) -> list[Result]:
    """Which of the three areas is as it should be, and what is wrong with the others, all of it."""
    secrets = [each for each in problems if _names_a_secret(each)]
    clock = [each for each in problems if each.names[0].startswith("dev.clock")]
    others = [each for each in problems if each not in secrets and each not in clock]
    return [
        _of(Prerequisite.SETTINGS, others, _TRY),
        _of(Prerequisite.SECRETS, secrets, _SECRETS_CURE),
        _of(Prerequisite.VIRTUAL_CLOCK, clock, _CLOCK_CURE),
    ]


def settings_taken(settings: Settings) -> list[Result]:
    """Where the settings come from, and the secrets; never what these are."""
    origins = settings.origins
    secrets = [f"{name} from {origins[name]}" for name in SECRET_NAMES if name in origins]
    virtual = settings.dev.clock_origin is not None
    return [
        ok(Prerequisite.SETTINGS, f"{len(origins)} given, the others at their defaults"),
        ok(Prerequisite.SECRETS, "\n".join(secrets)),
        ok(Prerequisite.VIRTUAL_CLOCK, "in use, against this machine itself" if virtual else "not in use"),
    ]


def settings_unusable(reason: str) -> Result:
    """What is refused only where a setting is used."""
    return failed(Prerequisite.SETTINGS, reason, _TRY)


def _names_a_secret(problem: Problem) -> bool:
    return problem.names[0] in (*SECRET_NAMES, SECRETS_DIR)


def _of(prerequisite: Prerequisite, problems: Iterable[Problem], cure: str) -> Result:
    lines = "\n".join(map(str, problems))
    return failed(prerequisite, lines, cure) if lines else ok(prerequisite, "no problem")
