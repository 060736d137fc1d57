"""The parts of a conversation's document: participants, sessions, segments, metrics, as the platform writes them.

One `Leg` is a participant with its session. Legs write straight into the document, so that a document is at any time
what has happened so far.
"""

from __future__ import annotations

from random import Random
from typing import Any

from producer.simulator import identity
from producer.simulator.clock import text
from producer.simulator.dice import chance

PROVIDERS = {
    "voice": "Edge",
    "chat": "Webchat Provider",
    "email": "PureCloud Email",
    "message": "PureCloud Messaging",
    "callback": "PureCloud Callback",
}
_CODECS = ("audio/opus", "audio/PCMA", "audio/PCMU")


class Leg:
    """A participant and its session, with at most one open segment."""

    def __init__(self, dice: Random, purpose: str, media: str, direction: str) -> None:
        self._dice = dice
        self.media = media
        self.participant: dict[str, Any] = {"participantId": identity.uuid(dice), "purpose": purpose}
        self.session: dict[str, Any] = {
            "direction": direction,
            "mediaType": media,
            "provider": PROVIDERS[media],
            "sessionId": identity.uuid(dice),
        }
        self.participant["sessions"] = [self.session]
        self.session["metrics"] = self.metrics = []
        self.session["segments"] = self.segments = []
        self.opened = 0

    metrics: list[dict[str, Any]]
    segments: list[dict[str, Any]]

    @property
    def is_open(self) -> bool:
        """Whether its last segment has no end yet."""
        return bool(self.segments) and "segmentEnd" not in self.segments[-1]

    def open(self, kind: str, at: int, **more: Any) -> None:
        """Begin a segment."""
        self.opened = at
        self.segments.append({"conference": False, "segmentStart": text(at), "segmentType": kind, **more})

    def close(self, at: int, disconnect: str | None = None) -> int:
        """End the open segment; returns how long it was, in milliseconds."""
        if not self.is_open:
            return 0
        segment = self.segments[-1]
        segment["segmentEnd"] = text(at)
        if disconnect:
            segment["disconnectType"] = disconnect
        return at - self.opened

    def measure(self, at: int, **values: int) -> None:
        """Emit metrics."""
        emitted = text(at)
        self.metrics += [{"emitDate": emitted, "name": name, "value": value} for name, value in values.items()]

    def voice_quality(self, at: int, count: int) -> float:
        """Media statistics of the audio streams; returns the lowest MOS."""
        dice, lowest = self._dice, 5.0
        stats = self.session.setdefault("mediaEndpointStats", [])
        for _ in range(count):
            mos = 4.2 + 0.7 * dice.random()
            lowest = min(lowest, mos)
            stat = {
                "codecs": [dice.choice(_CODECS)],
                "eventTime": text(at + dice.randrange(45)),
                "maxLatencyMs": dice.randrange(20, 90),
                "minMos": mos,
                "minRFactor": mos * 19,
                "receivedPackets": dice.randrange(50, 90_000),
            }
            if chance(dice, 0.3):
                stat["discardedPackets"] = dice.randrange(1, 40)
            stats.append(stat)
        return lowest


def address(dice: Random, media: str) -> str:
    """What a customer is reached at."""
    if media == "email":
        return f"customer{dice.randrange(10**6)}@example.invalid"
    if media in ("chat", "message"):
        return identity.uuid(dice)
    return f"tel:+1555{dice.randrange(10**7):07}"


def voice_fields(dice: Random, edge: str, ani: str, dnis: str, remote: str) -> dict[str, Any]:
    """What a voice session carries besides."""
    return {
        "ani": ani,
        "dnis": dnis,
        "edgeId": edge,
        "protocolCallId": f"{dice.getrandbits(128):032x}",
        "remote": remote,
        "remoteNameDisplayable": remote,
        "sessionDnis": dnis,
    }
