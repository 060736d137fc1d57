"""A child process that never outlives its parent, however that one ends.

A watchdog shell holds the reading end of a pipe whose writing end only the parent has. When the parent is gone, even
by SIGKILL, the pipe ends and the watchdog kills the child. (The kernel's own parent-death signal is tied to the
*thread* that started the child, so it would kill a broker that was started from a short-lived one.)
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

# A line on the pipe means: the child is gone and its number may belong to another process.
_WATCH = 'read -r _ || kill -9 "$1"'


class Child:
    """A running program, its output appended to a file. Blocking calls, each bounded; use from one thread at a time."""

    def __init__(self, command: Sequence[str | Path], *, log: Path, environ: Mapping[str, str] | None = None) -> None:
        """Start `command`; `environ` replaces the environment (secrets go there, never into the arguments)."""
        with log.open("ab") as output:
            # In a session of its own, so that Ctrl-C reaches the parent only, which stops it in order.
            self._process = subprocess.Popen(  # noqa: S603 - the command is ours
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environ,
                start_new_session=True,
            )
        try:
            self._watchdog = subprocess.Popen(  # noqa: S603 - the same
                ["/bin/sh", "-c", _WATCH, "watchdog", str(self.pid)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """Return how it ended (negative: by that signal), None while it runs."""
        return self._process.poll()

    def stop(self, *, grace: float) -> int:
        """Ask it to end (SIGTERM), kill it after `grace` seconds, and return its exit code."""
        if self.exit_code() is None:
            self._process.terminate()
            self.resume()  # a paused program would not hear it
        try:
            code = self._process.wait(grace)
        except subprocess.TimeoutExpired:
            return self.kill()
        self._dismiss_watchdog()
        return code

    def kill(self) -> int:
        """End it at once (SIGKILL) and return its exit code."""
        self._process.kill()
        code = self._process.wait()
        self._dismiss_watchdog()
        return code

    def pause(self) -> None:
        """Freeze it (SIGSTOP): it keeps its connections and answers nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on (SIGCONT)."""
        self._process.send_signal(signal.SIGCONT)

    def _dismiss_watchdog(self) -> None:
        if self._watchdog.returncode is None:
            self._watchdog.communicate(b"\n")
