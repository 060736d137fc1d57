"""Whatever fails and whenever: what the audit says of failed reads and holes arrives, with one id and one body."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from producer import errors
from producer.model.batch import Topic
from producer.model.delivery import Delivery
from producer.model.reads import Read
from producer.webhook.answers import Answered, Outcome, Patience, Unanswered
from producer.webhook.courier import Courier
from tests.support.build import page, raw, read_end
from tests.support.lane import values
from tests.support.memory_sink import Failing
from tests.support.scripted_source import Item
from tests.support.virtual_time import VirtualLoop
from tests.support.whole_lane import World

TOLD = ("EXTRACTION_FAILED", "HOLE_OPENED")
LOST = errors.SinkUnavailable("lost")
CALM = 1_800.0

refused = st.lists(st.booleans(), max_size=30)
"""Which of the first reads the API refuses."""
commits = st.lists(
    st.sampled_from([None, None, None, Failing(error=LOST), Failing(error=LOST, applied=True)]), max_size=20
)
lives = st.lists(st.floats(min_value=1, max_value=200), max_size=4)
"""After how many seconds a process is killed."""
moods = st.lists(
    st.sampled_from(
        [
            Answered(status=204),
            Answered(status=500),
            Answered(status=429, retry_after=timedelta(seconds=30)),
            Unanswered(reason="connection", message="connection"),
            None,  # for ever nothing
        ]
    ),
    max_size=30,
)
"""What the receiver does with one attempt after the other; then it takes everything."""


@dataclass(slots=True)
class Receiver:
    """Takes what it answers with 2xx."""

    moods: list[Outcome | None]
    taken: list[Delivery] = field(default_factory=list)
    came: list[Delivery] = field(default_factory=list)

    async def send(self, sent: Delivery, _: datetime) -> Outcome:
        self.came.append(sent)
        mood = self.moods.pop(0) if self.moods else Answered(status=200)
        await asyncio.sleep(0.2)
        if mood is None:
            await asyncio.sleep(10)
            return Unanswered(reason="timeout", message="timeout")
        if mood == Answered(status=204) or mood == Answered(status=200):
            self.taken.append(sent)
        return mood


@settings(max_examples=30, deadline=None)
@given(refused=refused, commits=commits, lives=lives, moods=moods)
def test_each_event_of_the_audit_arrives_with_one_id_and_one_body(
    refused: list[bool], commits: list[Failing | None], lives: list[float], moods: list[Outcome | None]
) -> None:
    reads = 0

    def answer(read: Read) -> Iterable[Item]:
        nonlocal reads
        reads += 1
        if reads <= len(refused) and refused[reads - 1]:
            yield errors.WindowRefused("refused", code="bad.request")
        yield page(raw(id=f"c-{reads}", v=1))
        yield read_end(unique=1)

    world, receiver = World(answer=answer), Receiver(moods)
    world.sink.commits.extend(commits)
    world.fires = ("failure", "hole")
    world.courier = lambda: Courier(
        send=receiver.send,
        patience=Patience(give_up_after=timedelta(days=7)),
        clock=world.clock,
        observe=world.observed.append,
    )
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(_live(world, lives))

    on_topic = values(world.sink.records(Topic.AUDIT), Topic.AUDIT)
    assert {each.id for each in receiver.taken} == {each["auditId"] for each in on_topic if each["action"] in TOLD}
    assert len({(each.id, each.body) for each in receiver.came}) == len({each.id for each in receiver.came})
    assert world.sink.deliveries == {}


async def _live(world: World, lives: list[float]) -> None:
    """Processes that are killed, and one that lives through a calm hour."""
    for seconds in lives:
        process = asyncio.ensure_future(world.process().run(asyncio.Event()))
        await asyncio.sleep(seconds)
        process.cancel()
        await asyncio.wait({process})
    await world.run(CALM)
