"""Writes the log: JSON lines for machines, a readable form on a terminal, nothing of it configured globally.

The way of a line: level filter, repetition limit, time stamp, secrets out, one line of bounded size to one stream.
Lines of libraries (aiokafka, aiohttp, asyncio) take the same way while `library_logs` is entered.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, TextIO

import structlog

from producer import events
from producer.clock import real_now
from producer.model.instants import iso_millis
from producer.telemetry import lines
from producer.telemetry.lines.form import Line, subject_of
from producer.telemetry.redaction import Redactor

Format = Literal["auto", "json", "console"]
LONGEST_TEXT = 4000
QUIET_SECONDS = 60.0
MOST_REMEMBERED = 256
_CUT = " … (cut)"


@dataclass(slots=True)
class Repetitions:
    """Lets a line of level warning or above through at once, then its repetitions once a minute with their number."""

    monotonic: Callable[[], float] = time.monotonic
    _seen: OrderedDict[tuple[str, ...], tuple[float, int]] = field(default_factory=OrderedDict)

    def admit(self, key: tuple[str, ...]) -> int | None:
        """How many lines like this one were held back since the last that was let through; None: hold it back."""
        now = self.monotonic()
        since, held = self._seen.get(key, (None, 0))
        if since is not None and now - since < QUIET_SECONDS:
            self._seen[key] = (since, held + 1)
            return None
        self._seen[key] = (now, 0)
        self._seen.move_to_end(key)
        if len(self._seen) > MOST_REMEMBERED:
            self._seen.popitem(last=False)
        return held


class Logs:
    """The log of one process. `observe` is an Observer."""

    def __init__(
        self,
        stream: TextIO,
        *,
        level: int = logging.INFO,
        style: Format = "auto",
        redactor: Redactor,
        now: Callable[[], datetime] = real_now,
        repetitions: Repetitions | None = None,
    ) -> None:
        self._level = level
        self._now = now
        self._repetitions = repetitions or Repetitions()
        self._windows: OrderedDict[str, str] = OrderedDict()
        console = style == "console" or (style == "auto" and stream.isatty())
        self._logger: Any = structlog.wrap_logger(
            structlog.WriteLogger(stream),
            processors=[_redacted(redactor), *(_console(stream) if console else _json())],
            wrapper_class=structlog.BoundLogger,
            context_class=dict,
        )

    def observe(self, event: events.Event) -> None:
        """Write the line of an event, if it has one and it is not a mere repetition."""
        if isinstance(event, events.ReadStarted):
            self._remember(event)
        line = lines.line_of(event, self._level)
        if line is not None:
            self.write(lines.action_of(type(event)), self._placed(line), source=event.source)

    def write(self, action: str, line: Line, *, source: str = "") -> None:
        """Write one line."""
        if line.level < self._level:
            return
        held = 0
        if line.level >= logging.WARNING:
            admitted = self._repetitions.admit((action, source, line.same_as or line.message))
            if admitted is None:
                return
            held = admitted
        head = {
            "timestamp": iso_millis(self._now()),
            "level": logging.getLevelName(line.level).lower(),
            "action": action,
            "source": source,
            "message": line.message,
            "what_to_do": line.what_to_do if line.level >= logging.WARNING else "",
        }
        said = {name: value for name, value in head.items() if value}
        repeated = {"repeated": held} if held else {}
        self._logger.msg(
            None, **said, **{name: line.fields[name] for name in line.fields if name not in said}, **repeated
        )

    def _remember(self, event: events.ReadStarted) -> None:
        """The transport knows the request id of what it does, not the window: it is added here."""
        self._windows[event.read.request_id] = subject_of(event.read)
        if len(self._windows) > MOST_REMEMBERED:
            self._windows.popitem(last=False)

    def _placed(self, line: Line) -> Line:
        window = self._windows.get(line.fields.get("request_id", ""))
        if window is None or "window" in line.fields:
            return line
        return replace(line, fields={"request_id": line.fields["request_id"], "window": window, **line.fields})

    @contextlib.contextmanager
    def library_logs(self) -> Iterator[None]:
        """While entered, what libraries log at warning or above goes this way too, and no other."""
        root = logging.getLogger()
        adopted = _LibraryHandler(self)
        root.addHandler(adopted)
        try:
            yield
        finally:
            root.removeHandler(adopted)


class _LibraryHandler(logging.Handler):
    """Hands records of the standard library's logging on; a repetition is recognised by its template."""

    def __init__(self, logs: Logs) -> None:
        super().__init__(level=logging.WARNING)
        self._logs = logs

    def emit(self, record: logging.LogRecord) -> None:
        trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
        line = Line(
            level=record.levelno,
            message=record.getMessage(),
            fields={"logger": record.name} | ({"exception": trace} if trace else {}),
            same_as=f"{record.name} {record.msg}",
        )
        with contextlib.suppress(Exception):  # a log line that can't be written must not break who logged it
            self._logs.write("library_log", line)


Fields = MutableMapping[str, Any]


def _redacted(redactor: Redactor) -> Callable[[Any, str, Fields], Fields]:
    def processor(_logger: Any, _method: str, fields: Fields) -> Fields:
        return {name: _bounded(redactor.value(value)) for name, value in fields.items()}

    return processor


def _bounded(value: Any) -> Any:
    """A text of bounded length; all else as it is."""
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return value[: LONGEST_TEXT - len(_CUT)] + _CUT
    return value


def _json() -> tuple[Any, ...]:
    return (structlog.processors.JSONRenderer(ensure_ascii=False),)


def _console(stream: TextIO) -> tuple[Any, ...]:
    return (_printable, structlog.dev.ConsoleRenderer(colors=stream.isatty(), event_key="message", sort_keys=False))


def _printable(_logger: Any, _method: str, fields: Fields) -> Fields:
    """Text from outside can't move the cursor or forge a line of a terminal."""
    return {name: _visible(value) if isinstance(value, str) else value for name, value in fields.items()}


def _visible(text: str) -> str:
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
