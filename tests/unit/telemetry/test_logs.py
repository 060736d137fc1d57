from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest

from producer import events
from producer.telemetry.lines.form import Line
from producer.telemetry.logs import LONGEST_TEXT, MOST_REMEMBERED, Logs, Repetitions
from producer.telemetry.redaction import Redactor
from tests.support.happenings import NOON, SECOND, one_of_each, read

WARNING = Line(level=logging.WARNING, message="it rains", what_to_do="take an umbrella")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Seconds:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def logs_on(stream: io.StringIO, **options: Any) -> Logs:
    return Logs(stream, redactor=Redactor(["canary"]), now=lambda: NOON, **options)


def lines_in(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_where_there_is_no_terminal_a_line_is_json_in_a_fixed_order() -> None:
    stream = io.StringIO()
    logs_on(stream).write("weather_changed", WARNING, source="default")
    assert stream.getvalue() == (
        '{"timestamp": "2025-03-10T12:00:00.000Z", "level": "warning", "action": "weather_changed", '
        '"source": "default", "message": "it rains", "what_to_do": "take an umbrella"}\n'
    )


def test_on_a_terminal_a_line_is_for_people() -> None:
    stream = Terminal()
    logs_on(stream, style="auto").write("weather_changed", WARNING)
    assert "\x1b[" in stream.getvalue()
    assert "it rains" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_the_form_can_be_chosen() -> None:
    file, terminal = io.StringIO(), Terminal()
    logs_on(file, style="console").write("weather_changed", WARNING)
    logs_on(terminal, style="json").write("weather_changed", WARNING)
    assert file.getvalue() == (
        "2025-03-10T12:00:00.000Z [warning  ] it rains                       "
        "action=weather_changed what_to_do='take an umbrella'\n"
    )
    assert lines_in(terminal)[0]["message"] == "it rains"


def test_text_from_outside_cannot_forge_lines_or_move_the_cursor_of_a_terminal() -> None:
    stream = io.StringIO()
    logs_on(stream, style="console").write(
        "x", Line(level=logging.INFO, message="a\n[error] b\x1b[2J", fields={"f": "\r"})
    )
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()
    assert "\r" not in stream.getvalue()


def test_lines_below_the_level_are_not_written() -> None:
    stream = io.StringIO()
    logs = logs_on(stream, level=logging.WARNING)
    for event in one_of_each("x"):
        logs.observe(event)
    assert {line["level"] for line in lines_in(stream)} == {"warning", "error"}


def test_frequent_events_are_quiet_at_the_usual_level() -> None:
    stream = io.StringIO()
    logs = logs_on(stream)
    for event in one_of_each("x"):
        logs.observe(event)
    quiet = {"read_started", "page_fetched", "page_compared", "request_finished", "batch_committed"}
    silent = {"limiter_measured", "coverage_measured"}
    assert {line["action"] for line in lines_in(stream)} & (quiet | silent) == set()


def test_every_line_of_a_read_has_its_request_id_and_window() -> None:
    stream = io.StringIO()
    logs = logs_on(stream, level=logging.DEBUG)
    for event in sorted(one_of_each("r-9"), key=lambda event: not isinstance(event, events.ReadStarted)):
        logs.observe(event)
    of_the_read = [line for line in lines_in(stream) if line.get("request_id") == "r-9"]
    assert {line["window"] for line in of_the_read} == {"2025-03-10T11:45:00.000Z/2025-03-10T12:00:00.000Z"}
    assert {line["action"] for line in of_the_read} == {
        "request_finished",
        "request_retried",
        "rate_limit_hit",
        "read_started",
        "page_fetched",
        "window_split",
        "read_completed",
        "read_failed",
        "page_compared",
        "schema_drifted",
        "conversation_dead_lettered",
        "conversation_malformed",
    }


def test_the_windows_it_remembers_are_bounded() -> None:
    stream = io.StringIO()
    logs = logs_on(stream)
    for number in range(MOST_REMEMBERED + 1):
        logs.observe(events.ReadStarted(read=read(f"r-{number}")))
    for number in (0, 1):
        logs.observe(events.RateLimitHit(source=f"s{number}", wait=SECOND, learned=1, request_id=f"r-{number}"))
    assert ["window" in line for line in lines_in(stream)] == [False, True]


def test_a_repeated_warning_is_held_back_and_counted() -> None:
    stream, seconds = io.StringIO(), Seconds()
    logs = logs_on(stream, repetitions=Repetitions(seconds))
    for at in (0, 1, 59, 60, 61, 200):
        seconds.at = at
        logs.write("weather_changed", WARNING)
    assert [line.get("repeated") for line in lines_in(stream)] == [None, 2, 1]


def test_a_storm_of_dead_letters_for_one_cause_is_one_line() -> None:
    stream = io.StringIO()
    logs = logs_on(stream)
    for number in range(1000):
        logs.observe(
            events.ConversationDeadLettered(
                read=read(),
                conversation_id=f"c-{number}",
                reason="wrong_shape",
                path=f"$.participants[{number}]",
                message="m",
            )
        )
    assert [line["conversation_id"] for line in lines_in(stream)] == ["c-0"]


def test_information_and_other_warnings_are_not_held_back() -> None:
    stream = io.StringIO()
    logs = logs_on(stream)
    for _ in range(2):
        logs.write("x", Line(level=logging.INFO, message="same"))
    for source in ("emea", "us"):
        logs.write("x", WARNING, source=source)
    assert len(lines_in(stream)) == 4


def test_the_memory_of_repetitions_is_bounded() -> None:
    repetitions = Repetitions(Seconds())
    for number in range(MOST_REMEMBERED + 1):
        assert repetitions.admit((str(number),)) == 0
    assert (repetitions.admit(("0",)), repetitions.admit(("2",))) == (0, None)


def test_no_secret_comes_through_any_event_in_any_form() -> None:
    for style in ("json", "console"):
        stream = io.StringIO()
        logs = logs_on(stream, style=style, level=logging.DEBUG)
        for event in one_of_each("the canary sings"):
            logs.observe(event)
        assert "the *** sings" in stream.getvalue()
        assert "canary" not in stream.getvalue()


def test_a_text_is_of_bounded_length() -> None:
    stream = io.StringIO()
    logs_on(stream).write("x", Line(level=logging.INFO, message="m" * 1_000_000))
    message = lines_in(stream)[0]["message"]
    assert (len(message), message[-10:]) == (LONGEST_TEXT, "m" * 2 + " … (cut)")


def test_warnings_of_libraries_go_the_same_way_while_entered() -> None:
    stream = io.StringIO()
    logs = logs_on(stream)
    library = logging.getLogger("aiokafka.conn")
    with logs.library_logs():
        library.warning("no connection to %s with canary", "kafka:9092")
        library.warning("no connection to %s with canary", "kafka:9093")
        library.info("chatter")
    library.warning("afterwards")
    assert lines_in(stream) == [
        {
            "timestamp": "2025-03-10T12:00:00.000Z",
            "level": "warning",
            "action": "library_log",
            "message": "no connection to kafka:9092 with ***",
            "logger": "aiokafka.conn",
        }
    ]


def test_the_trace_of_a_library_comes_along() -> None:
    stream = io.StringIO()
    logs = logs_on(stream)
    with logs.library_logs():
        try:
            int("canary")
        except ValueError:
            logging.getLogger("asyncio").exception("task failed")
    line = lines_in(stream)[0]
    assert (line["level"], line["message"]) == ("error", "task failed")
    assert line["exception"].endswith("ValueError: invalid literal for int() with base 10: '***'")


def test_a_log_that_cannot_be_written_does_not_break_the_library() -> None:
    stream = io.StringIO()
    logs = logs_on(stream)
    stream.close()
    with logs.library_logs():
        logging.getLogger("asyncio").warning("lost")
    with pytest.raises(ValueError, match="closed file"):
        logs.write("x", WARNING)
