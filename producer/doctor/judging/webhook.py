"""What the receiver's answer means, to a question that delivered nothing."""

from __future__ import annotations

from producer.doctor.results import Prerequisite, Result, ok, warning
from producer.webhook.answers import Outcome, Unanswered
from producer.webhook.options import shown_part

_CURE = (
    "check webhook.url, the firewall, the proxy (HTTPS_PROXY) and whether the receiver runs; nothing else waits for it"
)


def unused() -> Result:
    """The settings name no receiver."""
    return ok(Prerequisite.WEBHOOK, "not in use")


def receiver(url: str, secrets: int, outcome: Outcome) -> Result:
    """Whether anybody answers there, whatever the answer: what a receiver says to OPTIONS tells nothing of POST."""
    if isinstance(outcome, Unanswered):
        return warning(Prerequisite.WEBHOOK, outcome.message, _CURE)
    signed = "two secrets, as in a rotation" if secrets > 1 else "one secret"
    return ok(Prerequisite.WEBHOOK, f"{shown_part(url)} answers ({outcome.status} to OPTIONS); signed with {signed}")
