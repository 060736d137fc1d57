"""How many pages a second the simulator serves on one core while its organisation evolves. Prints figures.

    python -m tests.benchmarks.simulator [--seconds 10] [--speed 60] [--rate 150000]
        [--window-minutes 20] [--age-minutes 0] [--stay] [--truth-days 3]

The simulator runs as a process of its own on one core; the client, raw sockets that only count bytes, on another. The
client walks through the pages of a window that moves along with the organisation's present, again and again; with
`--stay` the window is the same all the time, while what is in it changes. In the end it reads the truth of so many days
and the log of answers, as the judge does.
"""

from __future__ import annotations

import argparse
import base64
import os
import platform
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

import orjson

ROOT = Path(__file__).parents[2]
PROGRAM = """
import argparse, os, sys
os.sched_setaffinity(0, {0}) if len(os.sched_getaffinity(0)) > 1 else None
from producer.simulator.command import configure, run
parser = argparse.ArgumentParser()
configure(parser)
sys.exit(run(parser.parse_args()))
"""
ORIGIN = datetime(2026, 3, 10, 10, tzinfo=UTC)
LANES = 4


@dataclass
class Measured:
    """What came back."""

    pages: int = 0
    octets: int = 0
    slowest: float = 0.0
    statuses: set[int] = field(default_factory=set)


class Connection:
    """One keep-alive connection that reads answers into the same memory again and again."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._memory = memoryview(bytearray(1 << 24))

    def ask(self, method: str, path: str, body: bytes, **headers: str) -> tuple[int, memoryview]:
        head = [f"{method} {path} HTTP/1.1", "Host: simulator", f"Content-Length: {len(body)}"]
        head += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self._socket.sendall("\r\n".join([*head, "", ""]).encode() + body)
        filled = begin = 0
        while not begin:
            filled += self._socket.recv_into(self._memory[filled:])
            begin = bytes(self._memory[: min(filled, 4096)]).find(b"\r\n\r\n")
            begin = begin + 4 if begin > 0 else 0
        answered = bytes(self._memory[:begin]).decode().lower().split("\r\n")
        end = begin + next(int(line.split(":")[1]) for line in answered if line.startswith("content-length"))
        while filled < end:
            filled += self._socket.recv_into(self._memory[filled:end])
        return int(answered[0].split()[1]), self._memory[begin:end]


def login(connection: Connection) -> str:
    basic = base64.b64encode(b"simulator:simulator-secret").decode()
    headers = {"Authorization": f"Basic {basic}", "Content_Type": "application/x-www-form-urlencoded"}
    _, body = connection.ask("POST", "/oauth/token", b"grant_type=client_credentials", **headers)
    return str(orjson.loads(body)["access_token"])


class Walk:
    """The pages of the latest window, over and over; shared by all lanes."""

    def __init__(self, window: timedelta, age: timedelta, speed: float, began: float, *, stays: bool) -> None:
        self._window, self._age, self._speed, self._began = window, age, speed, began
        self._stays = stays
        self._next = 1
        self._interval = ""

    def request(self) -> bytes:
        if self._next == 1 and not (self._stays and self._interval):
            end = ORIGIN + timedelta(seconds=(time.time() - self._began) * self._speed) - self._age
            self._interval = f"{(end - self._window).isoformat()}/{end.isoformat()}"
        paging = {"pageSize": 100, "pageNumber": self._next}
        self._next += 1
        return orjson.dumps({"interval": self._interval, "paging": paging})

    def ended(self) -> None:
        self._next = 1


def lane(port: int, token: str, walk: Walk, until: float) -> Measured:
    measured, connection = Measured(), Connection(port)
    path = "/api/v2/analytics/conversations/details/query"
    while (asked := time.monotonic()) < until:
        status, body = connection.ask("POST", path, walk.request(), Authorization=f"Bearer {token}")
        measured.slowest = max(measured.slowest, time.monotonic() - asked)
        measured.statuses.add(status)
        if bytes(body[:11]) == b'{"totalHits':
            walk.ended()
            continue
        measured.pages += 1
        measured.octets += len(body)
    return measured


def measure(port: int, token: str, walk: Walk, seconds: float) -> Measured:
    until, total = time.monotonic() + seconds, Measured()
    with ThreadPoolExecutor(LANES) as pool:
        for one in pool.map(lambda _: lane(port, token, walk, until), range(LANES)):
            total.pages += one.pages
            total.octets += one.octets
            total.slowest = max(total.slowest, one.slowest)
            total.statuses |= one.statuses
    return total


def cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(process: int) -> float:
    line = next(line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def read_back(port: int, days: float, began: float, speed: float) -> None:
    """Read what the judge reads, and print how much there is and how long it takes."""
    now = ORIGIN + timedelta(seconds=(time.time() - began) * speed)
    since = int((now - timedelta(days=days)).timestamp() * 1000)
    for path in (f"/truth?since={since}", "/answers"):
        asked, lines, octets = time.monotonic(), 0, 0
        with urlopen(f"http://127.0.0.1:{port}{path}") as answer:
            for line in answer:
                lines += 1
                octets += len(line)
        spent = time.monotonic() - asked
        print(f"{path:>28}: {lines:,} lines, {octets / 1e6:.0f} MB in {spent:.1f} s")


def run(arguments: argparse.Namespace, port: int, process: int, began: float) -> None:
    token = login(Connection(port))
    window, age = timedelta(minutes=arguments.window_minutes), timedelta(minutes=arguments.age_minutes)
    walk = Walk(window, age, arguments.speed, began, stays=arguments.stay)
    for name, seconds in (("warming up", arguments.seconds / 2), ("measured", arguments.seconds)):
        used, started = cpu_seconds(process), time.monotonic()
        measured = measure(port, token, walk, seconds)
        spent = time.monotonic() - started
        print(
            f"{name:>11}: {measured.pages / spent:7.1f} pages/s  {measured.octets / spent / 1e6:7.1f} MB/s  "
            f"{measured.octets / max(1, measured.pages) / 1e3:6.0f} kB a page  "
            f"{(busy := cpu_seconds(process) - used) / spent:4.2f} cores  {measured.pages / busy:6.0f} pages/CPU-s  "
            f"slowest {measured.slowest:5.3f} s  "
            f"RSS {resident(process):5.0f} MB  statuses {sorted(measured.statuses)}"
        )
    read_back(port, arguments.truth_days, began, arguments.speed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--speed", type=float, default=60)
    parser.add_argument("--rate", type=int, default=150_000)
    parser.add_argument("--window-minutes", type=float, default=20)
    parser.add_argument("--age-minutes", type=float, default=0, help="how long ago the window ended")
    parser.add_argument("--stay", action="store_true", help="ask for the same window all the time")
    parser.add_argument("--truth-days", type=float, default=3, help="days of the truth that are read in the end")
    arguments = parser.parse_args()
    began = time.time()
    options = ["--port", "0", "--output", "json", "--limit", "1000000000", "--origin", ORIGIN.isoformat()]
    options += ["--epoch", str(began), "--speed", str(arguments.speed), "--rate", str(arguments.rate)]
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, {vars(arguments)}")
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *options, "--die-with-parent"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdout is None:
            raise RuntimeError("the simulator has no output")
        port = int(orjson.loads(process.stdout.readline())["url"].rpartition(":")[2])
        try:
            run(arguments, port, process.pid, began)
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
