"""What a terminal is told while it takes long."""

from __future__ import annotations

import io

from producer.verify.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_is_told_and_left_clean() -> None:
    stream = Terminal()
    progress = Progress(stream)
    progress.begin("reading it", 200)
    progress.end()
    told = stream.getvalue()
    progress.end()

    assert told == "\r\x1b[Kreading it: 0 of 200 (0%, 0/s)\r\x1b[K"
    assert stream.getvalue() == told


def test_anything_else_is_told_nothing() -> None:
    stream = io.StringIO()
    progress = Progress(stream)
    progress.begin("reading it", 200)
    progress.advance(100)
    progress.end()
    assert stream.getvalue() == ""


def test_what_a_line_says() -> None:
    progress = Progress(io.StringIO())
    progress.begin("reading it", 2_000)
    began = progress._began
    progress.advance(500)
    assert progress.line(began) == "reading it: 500 of 2,000 (25%, 0/s)"
    assert progress.line(began + 5) == "reading it: 500 of 2,000 (25%, 100/s, 15 s left)"
    progress.begin("comparing")
    progress.advance(30)
    assert progress.line(progress._began + 3) == "comparing: 30 (10/s)"


def test_a_terminal_is_not_told_of_every_step() -> None:
    stream = Terminal()
    progress = Progress(stream)
    progress.begin("reading it", 1_000)
    for _ in range(1_000):
        progress.advance()
    assert stream.getvalue().count("\r") < 10
    progress._told = 0.0
    progress.advance()
    assert "1,001 of 1,000" in stream.getvalue()
