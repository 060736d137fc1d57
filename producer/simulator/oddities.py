"""The odd values that real payloads have: applied to a told document, the same way in every state of a conversation."""

from __future__ import annotations

from random import Random
from typing import Any

from producer.simulator import identity
from producer.simulator.dice import chance
from producer.simulator.population import Plan
from producer.simulator.sessions import Leg

Document = dict[str, Any]


def _unknown_values(document: Document) -> None:
    document["participants"][0]["purpose"] = "hologram"
    document["participants"][0]["sessions"][0]["usedRouting"] = "Telepathic"


def _unknown_fields(document: Document) -> None:
    document["sentimentJourney"] = {"score": 0.25, "labels": ["calm", "curious"]}
    document["participants"][-1]["sessions"][0]["quantumBridgeId"] = "qb-1"


def _nulls(document: Document) -> None:
    document["participants"][0]["participantName"] = None
    session = document["participants"][0]["sessions"][0]
    session["requestedRoutings"] = None
    session["mediaEndpointStats"] = None
    document["surveys"] = document.get("surveys")


def _without_millis(document: Document) -> None:
    document["conversationStart"] = document["conversationStart"][:19] + "Z"


def _short_millis(document: Document) -> None:
    document["participants"][0]["sessions"][0]["callbackScheduledTime"] = "2020-01-01T00:00:00.00Z"


def _beyond_32_bits(document: Document) -> None:
    session = document["participants"][-1]["sessions"][0]
    emitted = session["segments"][-1]["segmentStart"]
    session["metrics"].append({"emitDate": emitted, "name": "tConnected", "value": 5_097_600_909})


def _changed_type(document: Document) -> None:
    document["participants"][0]["sessions"][0]["journeyActionMapVersion"] = "7"


_ODDITIES = (
    _unknown_values,
    _unknown_fields,
    _nulls,
    _without_millis,
    _short_millis,
    _beyond_32_bits,
    _changed_type,
)


def _malformed_instant(document: Document) -> None:
    document["participants"][0]["sessions"][0]["segments"][0]["segmentStart"] = "2021-04-2T15:30:51.418Z"


def _participants_not_a_list(document: Document) -> None:
    document["participants"] = {"items": document["participants"]}


_POISONS = (_malformed_instant, _participants_not_a_list)


def _crowd(document: Document, dice: Random, at: int) -> None:
    """A conference that never was: hundreds of customers."""
    for _ in range(300 + dice.randrange(500)):
        leg = Leg(dice, "customer", "voice", "inbound")
        leg.open("interact", at, conference=True)
        leg.measure(at, nConnected=1)
        leg.voice_quality(at, 3)
        document["participants"].append(leg.participant)


def distort(document: Document, plan: Plan, seed: int, probability: float) -> None:
    """Make a document as odd as its plan and the dice want it."""
    dice = Random(identity.spread(seed, "oddities", plan.key))
    if chance(dice, probability):
        dice.choice(_ODDITIES)(document)
    if plan.huge:
        _crowd(document, dice, plan.start)
    if plan.poison:
        dice.choice(_POISONS)(document)
