"""The flat form of told conversations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest

from producer.simulator import SimulatorOptions
from producer.simulator.clock import DAY
from producer.simulator.flat import CHANNELS
from producer.simulator.organisation import Organisation
from producer.simulator.population import Plan

BEGIN = 1_773_133_200_000 // DAY * DAY + DAY // 2


def plans(organisation: Organisation, count: int = 600) -> Iterator[Plan]:
    return islice(organisation.appearing(BEGIN, BEGIN + DAY // 12), count)


def states(organisation: Organisation, plan: Plan) -> list[tuple[Any, Any]]:
    """Every state in both forms."""
    return [
        (json.loads(organisation.content(plan, number)), json.loads(organisation.content(plan, number, flat=True)))
        for number in range(len(plan.states))
    ]


def test_it_says_what_the_document_says() -> None:
    organisation = Organisation(SimulatorOptions(oddity_probability=0.0, poison_probability=0.0, huge_probability=0.0))
    names = {one.id: one.name for one in organisation.directory.queues}
    for plan in plans(organisation):
        for document, flat in states(organisation, plan):
            queues = [
                segment["queueId"]
                for participant in document["participants"]
                for session in participant["sessions"]
                for segment in session["segments"]
                if "queueId" in segment
            ]
            assert (flat["id"], flat["startTimestamp"], flat.get("endTimestamp")) == (
                document["conversationId"],
                document["conversationStart"],
                document.get("conversationEnd"),
            )
            assert flat["participantCount"] == len(document["participants"])
            assert flat.get("queueName") == (names[queues[-1]] if queues else None)
            assert flat.get("interactionId", flat["id"]) == flat["id"]
            assert flat["attributes"].get("externalTag") == document.get("externalTag")


def test_some_name_no_interaction_and_some_channels_have_no_word() -> None:
    organisation = Organisation(SimulatorOptions(oddity_probability=0.0))
    flats = [states(organisation, plan)[0][1] for plan in plans(organisation)]

    assert 0.04 < sum("interactionId" not in flat for flat in flats) / len(flats) < 0.2
    assert {flat["channelType"] for flat in flats} - set(CHANNELS) == {"open"}


@pytest.mark.parametrize("poison", [0.0, 1.0])
def test_odd_and_poison_ones_are_so_in_every_state(poison: float) -> None:
    organisation = Organisation(SimulatorOptions(oddity_probability=1.0, poison_probability=poison))
    kinds = set()
    for plan in plans(organisation, 200):
        flats = [flat for _, flat in states(organisation, plan)]
        assert len({type(flat["startTimestamp"]) for flat in flats}) == 1
        assert len({flat["channelType"] for flat in flats}) == 1
        assert all((flat["startTimestamp"] == "2021-04-2T15:30:51.418Z") == bool(poison) for flat in flats)
        kinds |= {name for flat in flats for name, value in flat.items() if value is None or name == "sentiment"}
    assert {"sentiment", "queueName"} <= kinds
