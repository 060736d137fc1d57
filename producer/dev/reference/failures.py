"""`errors.md`: the exit codes, and every error with what it means and what to do."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from producer import errors
from producer.app import HARD_STOP
from producer.dev.reference import markdown
from producer.dev.reference.markdown import code, sentence, span
from producer.planning.pace import wait_after

INTRODUCTION = """\
The name of an error is what log lines carry as `error`, `/readyz` and metrics as a reason, and what a command prints in
front of its message."""
WAITED_OUT = """\
## Errors that the daemon waits out

These never end the daemon: it is not ready, says why, and tries again. The wait doubles with every failure in a row,
from the first span to the second (for Kafka real time, for Genesys Cloud product time). A command that is done with one
step ends with the exit code."""
OTHERS = """\
## Other errors

They end a command, or the daemon before it began."""
_KINDS_OF_ERRORS = (errors.SourceError, errors.SinkError)
_NO_WAIT = {
    errors.WindowRefused: "none: the window becomes a hole",
    errors.Malformed: "none: the conversation becomes a dead letter",
}
_MANY = 99
"""Failures in a row after which every wait is at its longest."""
EXIT_CODES = (
    ("0", "all is well; the daemon: it was told to stop, and everything in flight is committed"),
    ("1", "the command worked and found a problem: not ready, nothing known, the judge objects"),
    (errors.UsageError.exit_code, "the command line can't be understood"),
    (errors.PrerequisiteMissing.exit_code, "something that the command needs is not there or does not answer"),
    (errors.ProducerError.exit_code, "any other error, and what nobody foresaw"),
    (errors.SinkUnavailable.exit_code, "temporary: the same command may work later"),
    (errors.ConfigurationError.exit_code, "the settings can't be used; nothing was started"),
    (HARD_STOP, "interrupted; the daemon: a second signal came, and what was in flight was dropped"),
)


def document() -> str:
    """The whole document."""
    known = list(_errors())
    waited = [kind for kind in known if issubclass(kind, (*_KINDS_OF_ERRORS, errors.Malformed))]
    return markdown.document(
        "Errors and exit codes",
        "`producer/errors.py` and `producer/planning/pace.py`",
        INTRODUCTION,
        WAITED_OUT,
        markdown.table(
            ("error", "meaning", "what to do", "waits", "exit code"),
            ((*_told(kind), _waits(kind), code(kind.exit_code)) for kind in waited),
        ),
        OTHERS,
        markdown.table(
            ("error", "meaning", "what to do", "exit code"),
            ((*_told(kind), code(kind.exit_code)) for kind in known if kind not in waited),
        ),
        "## Exit codes",
        markdown.table(("code", "meaning"), ((code(number), meaning) for number, meaning in EXIT_CODES)),
    )


def _errors() -> Iterator[type[errors.ProducerError]]:
    """In the order of the file, without those that only say what others are kinds of."""
    for kind in vars(errors).values():
        if inspect.isclass(kind) and issubclass(kind, errors.ProducerError) and kind not in _KINDS_OF_ERRORS:
            yield kind


def _waits(kind: type[errors.ProducerError]) -> str:
    if kind in _NO_WAIT:
        return _NO_WAIT[kind]
    return " to ".join(span(wait_after(kind("any"), failures)) for failures in (1, _MANY))


def _told(kind: type[errors.ProducerError]) -> tuple[str, str, str]:
    meaning = (kind.__doc__ or "").partition("\n\n")[0]
    return code(kind.__name__), sentence(meaning), kind.what_to_do
