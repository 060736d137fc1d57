"""Who takes part in a conversation: the legs of its document, and the fields that each medium gives them."""

from __future__ import annotations

from random import Random
from typing import Any

from producer.simulator import identity
from producer.simulator.clock import SECOND
from producer.simulator.directory import Directory, Entity, person
from producer.simulator.outlines import Profile
from producer.simulator.sessions import Leg, address, voice_fields

_MESSAGE_TYPES = ("webmessaging", "sms", "whatsapp", "facebook", "open", "line", "apple", "instagram", "telegraph")
_MESSAGE_WEIGHTS = (40, 25, 15, 8, 4, 3, 2, 2, 1)
_FLOW_TYPES = {
    "voice": "INBOUNDCALL",
    "callback": "INBOUNDCALL",
    "chat": "INBOUNDCHAT",
    "email": "INBOUNDEMAIL",
    "message": "INBOUNDSHORTMESSAGE",
}

_IN_QUEUE_TYPES = {"email": "INQUEUEEMAIL", "message": "INQUEUESHORTMESSAGE", "chat": "INQUEUESHORTMESSAGE"}
_WRITTEN = frozenset({"chat", "email", "message"})


class Cast:
    """The participants so far. `queue` is the one the conversation is in, `routed` when it was last offered to one."""

    def __init__(self, profile: Profile, dice: Random, directory: Directory, document: dict[str, Any]) -> None:
        self._dice = dice
        self._directory = directory
        self._document = document
        self._media = profile.media
        self._direction = profile.direction
        self._mos = 5.0
        self.legs: list[Leg] = []
        self.queue: Entity = dice.choice(directory.queues)
        self.remote = person(dice)
        self._expression = identity.uuid(dice)
        self.routed = 0

    def join(self, purpose: str) -> Leg:
        """A new participant."""
        dice = self._dice
        leg = Leg(dice, purpose, self._media, self._direction)
        session = leg.session
        session |= {"remote": self.remote, "skillExpressionId": self._expression}
        if self.legs:
            session["peerId"] = self.legs[0].session["sessionId"]
        match self._media:
            case "voice":
                ours, theirs = "tel:+15550100000", self._address()
                edge = dice.choice(self._directory.edges).id
                session |= voice_fields(dice, edge, theirs, ours, self.remote)
            case "email":
                session |= {"addressFrom": self._address(), "addressTo": "service@example.invalid"}
            case "message":
                session |= {"messageType": self._message_type(), **self._journey()}
            case "callback":
                session |= {"callbackNumbers": [self._address()[4:]], "callbackUserName": self.remote}
            case _:
                session |= self._journey()
        self.legs.append(leg)
        self._document["participants"].append(leg.participant)
        return leg

    def _address(self) -> str:
        if not self.legs:
            return address(self._dice, self._media)
        first = self.legs[0].session
        return str(first.get("ani") or first.get("addressFrom") or f"tel:{first['callbackNumbers'][0]}")

    def _journey(self) -> dict[str, str]:
        """How the customer came by the website; the same on every leg."""
        if self.legs:
            first = self.legs[0].session
            return {name: first[name] for name in first if name.startswith("journey")}
        return {
            "journeyActionId": identity.uuid(self._dice),
            "journeyActionMapId": identity.uuid(self._dice),
            "journeyCustomerId": identity.uuid(self._dice),
            "journeyCustomerIdType": "cookie",
            "journeyCustomerSessionId": identity.uuid(self._dice),
            "journeyCustomerSessionIdType": "web",
        }

    def _message_type(self) -> str:
        if self.legs:
            return str(self.legs[0].session["messageType"])
        return self._dice.choices(_MESSAGE_TYPES, _MESSAGE_WEIGHTS)[0]

    def enter_flow(self, at: int) -> None:
        """The inbound flow takes the conversation."""
        leg = self.join("ivr" if self._media in ("voice", "callback") else "workflow")
        flow = self._dice.choice(self._directory.flows)
        leg.session["flow"] = {
            "entryReason": "tel:+15550100000",
            "entryType": "dnis",
            "flowId": flow.id,
            "flowName": flow.name,
            "flowType": _FLOW_TYPES[self._media],
            "flowVersion": "28.0",
            "startingLanguage": "en-us",
        }
        leg.open("ivr" if self._media in ("voice", "callback") else "system", at)
        leg.measure(at, nFlow=1)

    def campaign(self, leg: Leg) -> None:
        """An outbound campaign has dialled this leg."""
        leg.session |= {
            "dispositionAnalyzer": "speech.person",
            "dispositionName": "disposition.classification.callable.person",
            "outboundCampaignId": self._dice.choice(self._directory.campaigns).id,
            "outboundContactId": f"{self._dice.getrandbits(128):032x}",
            "outboundContactListId": self._dice.choice(self._directory.campaigns).id,
            "skipEnabled": False,
        }

    def offer(self, at: int) -> None:
        """The flow or an agent hands the conversation to the queue."""
        leg = self.join("acd")
        leg.participant["participantName"] = self.queue.name
        leg.session |= {"flowInType": "ivr", "requestedRoutings": ["Standard"]}
        flow = self._dice.choice(self._directory.flows)
        leg.session["flow"] = {
            "entryReason": self.queue.id,
            "entryType": "flow",
            "flowId": flow.id,
            "flowName": f"In-queue {flow.name}",
            "flowType": _IN_QUEUE_TYPES.get(self._media, "INQUEUECALL"),
            "flowVersion": "3.0",
            "startingLanguage": "en-us",
        }
        asked = {
            "queueId": self.queue.id,
            "requestedLanguageId": self._dice.choice(self._directory.languages).id,
            "requestedRoutingSkillIds": [one.id for one in self._dice.sample(self._directory.skills, 2)],
        }
        leg.open("delay", at, **asked)
        leg.close(at + 40)
        leg.open("interact", at + 40, **asked)
        leg.measure(at, nOffered=1, nFlow=1)
        self.routed = at

    def route(self, acd: Leg, agent: Leg, at: int) -> None:
        """The queue hands the conversation to an agent."""
        waited = at - self.routed
        acd.close(at, "transfer")
        acd.measure(at, tFlow=waited, tAcd=waited)
        acd.session |= {
            "eligibleAgentCounts": [self._dice.randrange(1, 40)],
            "routingRing": 1,
            "selectedAgentId": agent.participant["userId"],
            "usedRouting": "Standard",
            "waitingInteractionCounts": [self._dice.randrange(60)],
        }
        self.hear(acd, at, 1)

    def pause(self, leg: Leg, at: int, disconnect: str | None = None) -> int:
        """Close a leg's segment; in written media an agent's replies are measured one by one, under the same names."""
        begun = leg.opened
        spent = leg.close(at, disconnect)
        if self._media in _WRITTEN and leg.participant["purpose"] == "agent":
            replies = min(12, 3 + spent // (40 * SECOND))
            for reply in range(1, replies + 1):
                took = int(30 * SECOND * self._dice.random())
                leg.measure(begun + spent * reply // (replies + 1), tAgentResponseTime=took, oMessageTurn=reply)
        return spent

    def alert(self, at: int) -> Leg:
        """An agent is chosen, and rung."""
        agent = self.join("agent")
        agent.participant["userId"] = self._dice.choice(self._directory.users).id
        agent.session |= {"requestedRoutings": ["Standard"], "usedRouting": "Standard"}
        agent.participant["teamId"] = self._dice.choice(self._directory.teams).id
        if self._media == "voice":
            agent.session |= {"agentAssistantId": identity.uuid(self._dice), "recording": True}
        rung = self._dice.randrange(1_500, 9_000)
        agent.open("alert", max(self.routed, at - rung), queueId=self.queue.id)
        return agent

    def interact(self, agent: Leg, at: int) -> None:
        """The agent talks or writes."""
        agent.open("interact", at, queueId=self.queue.id)

    def agent(self) -> Leg:
        """The agent who had it last."""
        agent = self.last("agent")
        if agent is None:
            raise LookupError("a beat needs an agent before any has answered: the outline is wrong")
        return agent

    def last(self, *purposes: str) -> Leg | None:
        """The latest leg of one of these purposes."""
        return next((leg for leg in reversed(self.legs) if leg.participant["purpose"] in purposes), None)

    def hear(self, leg: Leg, at: int, count: int) -> None:
        """Media statistics, which only voice has."""
        if self._media != "voice":
            return
        self._mos = min(self._mos, leg.voice_quality(at, count))
        self._document["mediaStatsMinConversationMos"] = self._mos
        self._document["mediaStatsMinConversationRFactor"] = self._mos * 19
