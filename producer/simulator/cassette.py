"""Recorded answers, served in place of the organisation, so that a report of a bug can be played back offline.

A cassette is a folder of pairs `NAME.request.json` `{method, path, body?}` and `NAME.response.json`
`{status, headers?, body}`; `path` carries the query string, `body` is JSON, or text as it was received. Pairs are
played in the order of their names: a request gets the first unplayed answer recorded for it, and the last one again
after that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An answer as it was recorded."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Cassette:
    """The answers of a folder. Raises ValueError or OSError when it can't be read."""

    def __init__(self, folder: Path) -> None:
        self._with_body: dict[tuple[str, str, bytes], list[Recorded]] = defaultdict(list)
        self._any_body: dict[tuple[str, str], list[Recorded]] = defaultdict(list)
        requests = sorted(folder.glob("*.request.json"))
        if not requests:
            raise ValueError(
                f"no recorded answers in {folder}: it should hold pairs of NAME.request.json and NAME.response.json"
            )
        for path in requests:
            answer = path.with_name(path.name.removesuffix(".request.json") + ".response.json")
            self._take(orjson.loads(path.read_bytes()), _recorded(orjson.loads(answer.read_bytes())))

    def _take(self, request: Mapping[str, Any], answer: Recorded) -> None:
        method, path = request["method"].upper(), request["path"]
        if "body" in request:
            self._with_body[method, path, _canonical(request["body"])].append(answer)
        else:
            self._any_body[method, path].append(answer)

    def holds(self, method: str, path: str, body: bytes) -> bool:
        """Whether there is an answer to this request."""
        return bool(self._answers(method, path, body))

    def play(self, method: str, path: str, body: bytes) -> Recorded | None:
        """The answer to this request; None if none was recorded."""
        answers = self._answers(method, path, body)
        if not answers:
            return None
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def _answers(self, method: str, path: str, body: bytes) -> list[Recorded]:
        return self._with_body.get((method, path, _sent(body))) or self._any_body.get((method, path)) or []


def _recorded(answer: Mapping[str, Any]) -> Recorded:
    body = answer.get("body", "")
    raw = body.encode() if isinstance(body, str) else orjson.dumps(body)
    return Recorded(status=answer["status"], headers=answer.get("headers") or {}, body=raw)


def _canonical(body: Any) -> bytes:
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


def _sent(body: bytes) -> bytes:
    try:
        return _canonical(orjson.loads(body))
    except orjson.JSONDecodeError:
        return _canonical(body.decode(errors="replace"))
