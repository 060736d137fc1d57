"""An organisation whose every text holds markup, as a cassette: what a page is made of that shows it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

SCRIPT = "<script>window.hacked=1</script>"
IMAGE = '"><img src=x onerror="window.hacked=1">'
_DATA = Path(__file__).parents[1] / "data"


def _marked(value: Any, *, instants: bool) -> Any:
    """A conversation with markup in every text, and in the name of a field; instants only when asked for."""
    if isinstance(value, dict):
        return {SCRIPT: IMAGE} | {name: _marked(each, instants=instants) for name, each in value.items()}
    if isinstance(value, list):
        return [_marked(each, instants=instants) for each in value]
    if not isinstance(value, str) or (not instants and re.match(r"\d{4}-\d\d-\d\dT", value)):
        return value
    return SCRIPT + IMAGE


def cassette(folder: Path) -> Path:
    """What is permitted, a window refused in hostile words, then for ever a page with two hostile conversations."""
    folder.mkdir()
    recorded = _DATA / "details-query-2025-inbound-voice-rendered.json"
    (conversation, *_) = json.loads(recorded.read_text())["conversations"]
    poison = _marked(conversation, instants=True) | {"conversationId": SCRIPT}
    drifting = _marked(conversation, instants=False) | {"conversationId": "098704ba-6f49-5ff4-9bee-f84aa1c41718"}
    answers: tuple[dict[str, Any], ...] = (
        {"status": 200, "body": {"totalHits": 0}},
        {"status": 400, "headers": {"ININ-Correlation-Id": IMAGE}, "body": {"code": SCRIPT, "message": IMAGE}},
        {"status": 200, "body": {"conversations": [poison, drifting], "totalHits": 2}},
    )
    for number, answer in enumerate(answers):
        request = {"method": "POST", "path": "/api/v2/analytics/conversations/details/query"}
        (folder / f"{number}.request.json").write_text(json.dumps(request))
        (folder / f"{number}.response.json").write_text(json.dumps(answer))
    return folder
