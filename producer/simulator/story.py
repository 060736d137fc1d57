"""What a conversation's document says after each of its beats.

A document is what the beats so far have done to it: telling states 0 to n in order gives the content of state n, and
every prefix is told with the same dice, so ids and numbers stay what they were.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from producer.simulator import identity
from producer.simulator.cast import Cast
from producer.simulator.clock import text
from producer.simulator.dice import chance
from producer.simulator.directory import Directory
from producer.simulator.outlines import Cause
from producer.simulator.population import Plan, State

_TIMEOUT = "ININ-WRAP-UP-TIMEOUT"
_NOTES = ("", "Called back, satisfied", "Reembolso pedido — ver correo", "要フォロー ☎", "asked for “the manager”")
_SUBJECTS = ("Re: your order", "Frage zur Rechnung", "Změna adresy ✉", "FW: FW: complaint", "")


class Story:
    """One conversation, told beat by beat. After each, `document` is its content."""

    def __init__(self, plan: Plan, conversation_id: str, directory: Directory, seed: int) -> None:
        self._dice = dice = Random(identity.spread(seed, "story", plan.key))
        self._directory = directory
        self._media = plan.profile.media
        self._direction = plan.profile.direction
        self._worked = 0
        self._ended_at = 0
        self._late = any(each.cause is Cause.WRAPUP and each.at > (each.end or each.at) for each in plan.states)
        self.document: dict[str, Any] = {
            "conversationId": conversation_id,
            "conversationStart": text(plan.start),
            "divisionIds": [one.id for one in dice.sample(directory.divisions, dice.choice((1, 1, 2)))],
            "originatingDirection": self._direction,
            "participants": [],
        }
        if self._media == "message":
            self.document |= {"conversationInitiator": "customer", "customerParticipation": True}
        self._cast = Cast(plan.profile, dice, directory, self.document)

    def tell(self, state: State) -> None:
        """Let the next beat happen."""
        _BEATS[state.cause](self, state)
        if state.end is None:
            self.document.pop("conversationEnd", None)
        else:
            self.document["conversationEnd"] = text(state.end)

    def _started(self, state: State) -> None:
        purpose = "external" if self._media == "email" else "customer"
        customer = self._cast.join(purpose)
        customer.participant["participantName"] = self._cast.remote
        if chance(self._dice, 0.4):
            customer.participant["externalContactId"] = identity.uuid(self._dice)
        at = state.at
        if self._media == "voice":
            early = self._dice.randrange(14) if self._direction == "inbound" else 0
            customer.open("system" if self._direction == "inbound" else "dialing", at - early)
            customer.close(at + 200)
            at += 200
        customer.open("interact", at, **({"subject": self._dice.choice(_SUBJECTS)} if self._media == "email" else {}))
        customer.measure(at, nConnected=1)
        if self._direction == "inbound":
            self._cast.enter_flow(at)
        elif self._media == "voice":
            self._cast.campaign(customer)

    def _queued(self, state: State) -> None:
        at = state.at
        flow = self._cast.last("ivr", "workflow")
        if flow is not None and flow.is_open:
            spent = flow.close(at, "transfer")
            flow.measure(at, tIvr=spent, tFlow=spent - 5, tFlowExit=spent - 5)
            flow.session["flow"] |= {
                "endingLanguage": "en-us",
                "exitReason": "TRANSFER",
                "transferTargetAddress": self._cast.queue.id,
                "transferTargetName": self._cast.queue.name,
                "transferType": "ACD",
            }
            self._cast.hear(flow, at, 1)
        self._cast.offer(at)

    def _unanswered(self, state: State) -> None:
        agent = self._cast.alert(state.at)
        rung = agent.close(state.at, "peer")
        agent.open("wrapup", state.at, queueId=self._cast.queue.id, wrapUpCode=_TIMEOUT)
        agent.close(state.at)
        agent.measure(state.at, nError=1, tAlert=rung, tNotResponding=rung)

    def _answered(self, state: State) -> None:
        at = state.at
        waited = at - self._cast.routed
        acd = self._cast.last("acd")
        agent = self._cast.alert(at)
        if acd is not None and acd.is_open:
            self._cast.route(acd, agent, at)
        alerted = agent.close(at)
        agent.measure(at, tAlert=alerted, tAnswered=waited)
        self._cast.interact(agent, at)
        self._worked = at

    def _held(self, state: State) -> None:
        agent = self._cast.agent()
        talked = self._cast.pause(agent, state.at)
        agent.measure(state.at, tTalk=talked)
        agent.open("hold", state.at, queueId=self._cast.queue.id)

    def _resumed(self, state: State) -> None:
        agent = self._cast.agent()
        held = agent.close(state.at)
        agent.measure(state.at, tHeld=held, tHeldComplete=held)
        self._cast.interact(agent, state.at)

    def _transferred(self, state: State) -> None:
        agent = self._cast.agent()
        talked = self._cast.pause(agent, state.at, "transfer")
        agent.measure(state.at, nTransferred=1, nBlindTransferred=1, tTalk=talked, tTalkComplete=talked)
        self._cast.hear(agent, state.at, 2)
        self._cast.queue = self._dice.choice(self._directory.queues)
        self._cast.offer(state.at)

    def _conferenced(self, state: State) -> None:
        self.document["conferenceStart"] = text(state.at)
        for _ in range(self._dice.choice((1, 1, 2, 3))):
            guest = self._cast.join("customer")
            guest.open("interact", state.at, conference=True)
            guest.measure(state.at, nConnected=1)
        agent = self._cast.agent()
        talked = self._cast.pause(agent, state.at)
        agent.measure(state.at, nConsult=1, tTalk=talked)
        agent.open("interact", state.at, conference=True, queueId=self._cast.queue.id)

    def _ended(self, state: State) -> None:
        at = self._ended_at = state.at
        for leg in self._cast.legs:
            if not leg.is_open:
                continue
            purpose = leg.participant["purpose"]
            spent = self._cast.pause(leg, at, "peer" if purpose in ("agent", "acd") else "endpoint")
            if purpose == "agent":
                leg.measure(at, tTalk=spent, tTalkComplete=spent)
            elif purpose == "acd":
                leg.measure(at, tAbandon=spent)
            else:
                leg.measure(at, tConnected=spent)
            self._cast.hear(leg, at, 8 if leg is self._cast.legs[0] else 5)
        if state.end is None or self._late:  # it shows that an agent owes one
            self._cast.agent().open("wrapup", at, queueId=self._cast.queue.id)

    def _wrapup(self, state: State) -> None:
        agent = self._cast.agent()
        done = state.end if state.end is not None else state.at
        if not agent.is_open:
            agent.open("wrapup", self._ended_at, queueId=self._cast.queue.id)
        spent = agent.close(done)
        timeout = chance(self._dice, 0.1)
        code = _TIMEOUT if timeout else self._dice.choice(self._directory.wrapup_codes).id
        agent.segments[-1] |= {"wrapUpCode": code, "wrapUpNote": self._dice.choice(_NOTES)}
        if not timeout:
            agent.segments[-1]["properties"] = [
                {"property": "outcome", "propertyType": "string", "value": self._dice.choice(("sale", "no sale"))}
            ]
        agent.measure(done, tAcw=spent, tHandle=done - self._worked)

    def _closed(self, state: State) -> None:
        for leg in self._cast.legs:
            if leg.is_open:
                leg.measure(state.at, tConnected=leg.close(state.at, "system"))

    def _reopened(self, state: State) -> None:
        customer = self._cast.legs[0]
        customer.open("interact", state.at)
        customer.measure(state.at, nConnected=1)
        self._cast.offer(state.at)

    def _tagged(self, _state: State) -> None:
        self.document["externalTag"] = f"case-{self._dice.randrange(10**6)}"

    def _survey(self, state: State) -> None:
        survey = {
            "eventTime": text(state.at),
            "queueId": self._cast.queue.id,
            "surveyCompletedDate": text(state.at),
            "surveyFormId": self._directory.forms[2].id,
            "surveyFormName": self._directory.forms[2].name,
            "surveyId": identity.uuid(self._dice),
            "surveyPromoterScore": self._dice.randrange(11),
            "surveyStatus": "Finished",
            "surveyType": "Web",
            "oSurveyTotalScore": self._dice.randrange(101),
        }
        self.document.setdefault("surveys", []).append(survey)

    def _evaluation(self, state: State) -> None:
        known = self.document.get("evaluations")
        if known is None:
            form = self._directory.forms[0]
            pending = {
                "eventTime": text(state.at),
                "evaluationId": identity.uuid(self._dice),
                "evaluationStatus": "Pending",
                "evaluatorId": self._dice.choice(self._directory.users).id,
                "formId": form.id,
                "formName": form.name,
                "queueId": self._cast.queue.id,
                "released": False,
                "rescored": False,
            }
            self.document["evaluations"] = [pending]
            return
        finished = {"eventTime": text(state.at), "evaluationStatus": "Finished", "released": True}
        known[-1] |= finished | {
            "oTotalScore": self._dice.randrange(101),
            "oTotalCriticalScore": self._dice.randrange(101),
        }

    def _resolution(self, state: State) -> None:
        resolution: dict[str, Any] = {"eventTime": text(state.at)}
        if chance(self._dice, 0.5):
            resolution |= {"queueId": self._cast.queue.id, "nNextContactAvoided": 1}
        self.document.setdefault("resolutions", []).append(resolution)


_BEATS: Mapping[Cause, Callable[[Story, State], None]] = {cause: getattr(Story, f"_{cause}") for cause in Cause}
