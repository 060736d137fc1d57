"""What the simulator knows: the states it showed, the answers it gave, what it counted. Plain HTTP, loopback."""

from __future__ import annotations

import http.client
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import orjson

from producer.dev.judge.content import Digest, Sight
from producer.dev.judge.evidence import Answer, State, TrueConversation, TrueState
from producer.errors import ProducerError

TIMEOUT_SECONDS = 60.0
_AT_ONCE = 1_000
_SPAN = 7 * 86_400_000
"""Milliseconds of truth in one answer; the simulator gives 31 days at most."""


class TruthMissing(ProducerError):
    """The simulator can't tell what the judge has to know."""

    what_to_do = "judge a run that is long enough to complete a read, and not too long for the simulator's answer log"
    exit_code = 69


class Simulator:
    """The admin endpoints of a running simulator."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port

    def stats(self) -> dict[str, Any]:
        """Return its counters."""
        (line,) = self._lines("GET", "/stats")
        counters: dict[str, Any] = line
        return counters

    def answers(self) -> Iterator[Answer]:
        """Yield every answer since its start, oldest first. Raises TruthMissing when some are no longer there."""
        expected = 1
        for line in self._lines("GET", "/answers?after=0"):
            if line["seq"] != expected:
                raise TruthMissing(
                    f"answers {expected} to {line['seq'] - 1} are gone: the run was too long for its log"
                )
            expected += 1
            served = tuple((identifier, number) for identifier, number in line["served"])
            yield Answer(at=line["at"], request_id=line["requestId"], served=served)

    def appeared(self, since: int, until: int, open_at: int | None = None) -> Iterator[TrueConversation]:
        """Yield the conversations that became visible in [since, until), milliseconds of its clock.

        With `open_at` only those that looked open at that instant.
        """
        more = "" if open_at is None else f"&openAt={open_at}"
        for begin in range(since, until, _SPAN):
            lines = self._lines("GET", f"/truth?since={begin}&until={min(begin + _SPAN, until)}{more}")
            yield from map(_conversation, lines)

    def truth(self, ids: Iterable[str]) -> Iterator[TrueConversation]:
        """Yield the conversations with these ids; one that never was is left out."""
        remaining = iter(ids)
        while chunk := list(islice(remaining, _AT_ONCE)):
            yield from map(_conversation, self._lines("POST", "/truth", orjson.dumps({"ids": chunk})))

    def contents(self, states: Sequence[State], sight: Sight) -> Iterator[tuple[State, Digest]]:
        """Yield each state's digest, as that sight has it. Raises TruthMissing for a state that never was."""
        remaining = iter(states)
        while chunk := list(islice(remaining, _AT_ONCE)):
            question = orjson.dumps({"states": chunk, "dialect": sight.dialect})
            for line in self._lines("POST", "/truth/contents", question):
                if line["content"] is None:
                    raise TruthMissing(f"state {line['n']} of {line['id']} was served and is not in the truth")
                yield (line["id"], line["n"]), sight.of_answer(line["content"])

    def _lines(self, method: str, path: str, body: bytes | None = None) -> Iterator[Any]:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            response = connection.getresponse()
            if response.status != http.HTTPStatus.OK:
                raise TruthMissing(f"{method} {path}: {response.status} {response.read(500).decode(errors='replace')}")
            for line in response:
                yield orjson.loads(line)
        except (OSError, http.client.HTTPException, orjson.JSONDecodeError) as failed:
            raise TruthMissing(f"{method} {path}: the simulator does not answer: {failed!r}") from failed
        finally:
            connection.close()


def _conversation(line: Any) -> TrueConversation:
    medium = line["profile"].partition("-")[0]
    late = (one["n"] for one in line["states"] if one["cause"] == "wrapup" and one["at"] > (one["end"] or one["at"]))
    return TrueConversation(
        id=line["id"],
        poison=line["poison"],
        start=line["start"],
        states=tuple(TrueState(visible_at=one["visibleAt"], end=one["end"]) for one in line["states"]),
        thread=medium if medium in {"email", "message"} else "",
        wrap_up=next(late, None),
    )
