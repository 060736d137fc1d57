"""The flat form of a conversation: what a gateway of the token dialect makes of the platform's document. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from producer.simulator import identity
from producer.simulator.clock import text
from producer.simulator.dice import chance
from producer.simulator.directory import Directory
from producer.simulator.population import Plan

CHANNELS = ("voice", "chat", "email", "sms", "callback", "social", "webchat")
"""The words that a query may select by; a conversation may show another one."""
_BY_MESSAGE = {"sms": "sms", "webmessaging": "webchat", "open": "open"}
_LANGUAGES = ("en-US", "es-ES", "de-DE", "ja-JP")
_WITHOUT_INTERACTION = 0.1

Document = dict[str, Any]


class Flattener:
    """Makes flat conversations of one organisation, the same ones whoever asks."""

    def __init__(self, directory: Directory, seed: int, oddity_probability: float) -> None:
        self._queues = {one.id: one.name for one in directory.queues}
        self._codes = {one.id: one.name for one in directory.wrapup_codes}
        self._seed = seed
        self._oddities = oddity_probability

    def flatten(self, document: Mapping[str, Any], plan: Plan) -> Document:
        """The flat form of a told document that nothing odd was done to."""
        dice = Random(identity.spread(self._seed, "flat", plan.key))
        flat: Document = {
            "id": document["conversationId"],
            "channelType": channel_of(document),
            "startTimestamp": document["conversationStart"],
            "participantCount": len(document["participants"]),
            "attributes": {"language": dice.choice(_LANGUAGES)},
        }
        if not chance(dice, _WITHOUT_INTERACTION):
            flat["interactionId"] = document["conversationId"]
        if "conversationEnd" in document:
            flat["endTimestamp"] = document["conversationEnd"]
        for segment in _segments(document):
            if "queueId" in segment:
                flat["queueName"] = self._queues[segment["queueId"]]
            if "wrapUpCode" in segment:
                flat["wrapUpCode"] = self._codes.get(segment["wrapUpCode"], segment["wrapUpCode"])
                flat["attributes"]["note"] = segment.get("wrapUpNote", "")
        if "externalTag" in document:
            flat["attributes"]["externalTag"] = document["externalTag"]
        self._distort(flat, plan, dice)
        return flat

    def _distort(self, flat: Document, plan: Plan, dice: Random) -> None:
        """Odd values, the same way in every state; a poison one begins at no instant."""
        if chance(dice, self._oddities):
            dice.choice(_ODDITIES)(flat, plan)
        if plan.poison:
            flat["startTimestamp"] = "2021-04-2T15:30:51.418Z"


def channel_of(document: Mapping[str, Any]) -> str:
    """The gateway's word for the customer's first medium; one that it has no word for is shown as it is."""
    session = document["participants"][0]["sessions"][0]
    media: str = session["mediaType"]
    return _BY_MESSAGE.get(session["messageType"], "social") if media == "message" else media


def _segments(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for participant in document["participants"]:
        for session in participant["sessions"]:
            yield from session["segments"]


def _unknown_channel(flat: Document, _plan: Plan) -> None:
    flat["channelType"] = "hologram"


def _unknown_fields(flat: Document, _plan: Plan) -> None:
    flat["sentiment"] = {"score": 0.25, "labels": ["calm", "curious"]}


def _nulls(flat: Document, _plan: Plan) -> None:
    flat |= {name: None for name in ("endTimestamp", "queueName", "wrapUpCode", "interactionId") if name not in flat}


def _without_millis(flat: Document, plan: Plan) -> None:
    flat["startTimestamp"] = text(plan.start)[:19] + "Z"


def _epoch(flat: Document, plan: Plan) -> None:
    flat["startTimestamp"] = plan.start


def _numeric_attribute(flat: Document, _plan: Plan) -> None:
    flat["attributes"]["score"] = 7


def _changed_type(flat: Document, _plan: Plan) -> None:
    flat["participantCount"] = str(flat["participantCount"])


_ODDITIES = (
    _unknown_channel,
    _unknown_fields,
    _nulls,
    _without_millis,
    _epoch,
    _numeric_attribute,
    _changed_type,
)
