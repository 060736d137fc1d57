from __future__ import annotations

from producer.doctor.judging import webhook as judging
from producer.doctor.results import Outcome, Prerequisite
from producer.webhook.answers import Answered, Unanswered

URL = "https://hooks.example/t0ken"


def test_without_a_receiver_there_is_nothing_to_look_at() -> None:
    assert (judging.unused().outcome, judging.unused().finding) == (Outcome.OK, "not in use")


def test_any_answer_will_do() -> None:
    one, two = (judging.receiver(URL, secrets, Answered(status=405)) for secrets in (1, 2))
    assert (one.outcome, one.finding) == (
        Outcome.OK,
        "https://hooks.example answers (405 to OPTIONS); signed with one secret",
    )
    assert two.finding.endswith("signed with two secrets, as in a rotation")


def test_no_answer_is_a_warning_since_nothing_else_waits_for_it() -> None:
    found = judging.receiver(URL, 1, Unanswered(reason="timeout", message="timeout at hooks.example"))
    assert (found.prerequisite, found.outcome) == (Prerequisite.WEBHOOK, Outcome.WARNING)
    assert found.finding == "timeout at hooks.example"
    assert "webhook.url" in found.what_to_do
