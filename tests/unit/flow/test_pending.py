"""A lane with a webhook, in memory and virtual time: what it tells, what survives it, and that it holds nothing up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from producer import errors, events
from producer.assembly import batch as batching
from producer.flow.pending import StatePending
from producer.model.batch import Topic
from producer.model.delivery import Delivery, UnreadableDelivery
from producer.model.reads import Read
from producer.webhook.answers import Answered, Outcome, Patience
from producer.webhook.courier import Courier
from tests.support.build import page, raw, read_end
from tests.support.lane import SOURCE, values
from tests.support.memory_sink import Failing
from tests.support.scripted_source import Item
from tests.support.virtual_time import in_virtual_time
from tests.support.webhook import delivery
from tests.support.whole_lane import World

OK, BROKEN = Answered(status=204), Answered(status=500)
FAILURE, HOLE = "conversation_extraction_complete", "conversation_hole_opened"
FOR_EVER = 1e9


@dataclass(slots=True, kw_only=True)
class Hook:
    """A receiver in memory that takes `takes` seconds to answer; `sent` is everything that reached it, in order."""

    answer: Outcome = OK
    takes: float = 0.0
    sent: list[Delivery] = field(default_factory=list)

    async def send(self, sent: Delivery, _: datetime) -> Outcome:
        self.sent.append(sent)
        await asyncio.sleep(self.takes)
        return self.answer

    @property
    def about(self) -> list[str]:
        return [each.about for each in self.sent]

    @property
    def ids(self) -> set[str]:
        return {each.id for each in self.sent}


def refused_once() -> Callable[[Read], Iterable[Item]]:
    """The first read is refused for ever, the others bring a page."""
    reads: list[Read] = []

    def answer(read: Read) -> Iterable[Item]:
        reads.append(read)
        if len(reads) == 1:
            yield errors.WindowRefused("refused: 400", code="bad.request")
        yield page(raw(id=f"c-{len(reads)}", v=1))
        yield read_end(unique=1)

    return answer


def lane(hook: Hook | None) -> World:
    """A world in which one read fails and leaves a hole."""
    world = World(answer=refused_once())
    if hook is not None:
        tell(world, hook)
    return world


def tell(world: World, hook: Hook) -> None:
    """The webhook of the world's next processes."""
    world.fires = ("query", "failure", "hole")
    world.courier = lambda: Courier(
        send=hook.send,
        patience=Patience(give_up_after=timedelta(days=1)),
        clock=world.clock,
        observe=world.observed.append,
        jitter=lambda: 1.0,
    )


def audit_ids(world: World) -> dict[str, str]:
    """The ids of the audit events that are told, by action, as they are on the topic."""
    told = ("EXTRACTION_FAILED", "HOLE_OPENED")
    events_on_topic = values(world.sink.records(Topic.AUDIT), Topic.AUDIT)
    return {each["action"]: each["auditId"] for each in events_on_topic if each["action"] in told}


@in_virtual_time
async def test_a_failed_read_and_its_hole_are_told_once_and_then_forgotten() -> None:
    hook = Hook()
    world = lane(hook)
    await world.run(120)

    assert sorted(hook.about) == [FAILURE, HOLE]
    assert hook.ids == set(audit_ids(world).values())
    assert {json.loads(each.body)["requestId"] for each in hook.sent} == {"r1", "run"}
    assert world.sink.deliveries == {}


@in_virtual_time
async def test_nothing_is_told_that_is_not_committed() -> None:
    """The transaction that would carry it is lost; what was planned again did not fail."""
    hook = Hook()
    world = lane(hook)
    world.sink.commits.extend([None, None, Failing(error=errors.SinkUnavailable("lost"))])
    await world.run(120)

    assert world.sink.opened == 2
    assert hook.ids == set(audit_ids(world).values())


@in_virtual_time
async def test_what_was_committed_when_nobody_knew_is_told() -> None:
    hook = Hook()
    world = lane(hook)
    lost = Failing(error=errors.SinkUnavailable("lost"), applied=True)
    world.sink.commits.extend([None, None, lost, None, lost])
    await world.run(120)

    assert world.sink.opened > 1
    assert hook.ids == set(audit_ids(world).values())
    assert len(hook.ids) == 2
    assert world.sink.deliveries == {}


@in_virtual_time
async def test_a_successor_delivers_what_the_receiver_did_not_take_with_the_same_id_and_body() -> None:
    world = lane(before := Hook(answer=BROKEN))
    await world.run(120)
    assert set(world.sink.deliveries) == before.ids

    tell(world, after := Hook())
    await world.run(60)

    assert set(after.sent) == set(before.sent)
    assert len(after.sent) == 2
    assert world.sink.deliveries == {}


@in_virtual_time
async def test_a_process_that_dies_after_delivering_has_its_successor_deliver_again_with_the_same_id() -> None:
    """It reached the receiver, and the process is gone before a transaction says so."""
    world = lane(before := Hook(takes=FOR_EVER))
    dying = asyncio.ensure_future(world.process().run(asyncio.Event()))
    await asyncio.sleep(120)
    dying.cancel()
    await asyncio.wait({dying})

    tell(world, after := Hook())
    await world.run(60)

    assert len(before.ids) == 2
    assert before.ids <= after.ids
    assert world.sink.deliveries == {}


@in_virtual_time
async def test_a_successor_that_drops_what_is_pending_is_found_out() -> None:
    """The mutant of the tests above."""
    world = lane(before := Hook(answer=BROKEN))
    await world.run(120)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(StatePending, "waiting", lambda _: ())
        tell(world, after := Hook())
        await world.run(60)

    assert before.ids
    assert after.ids.isdisjoint(before.ids)


@pytest.mark.parametrize("hook", [Hook(takes=FOR_EVER), Hook(answer=BROKEN), Hook(takes=30)])
def test_extraction_takes_the_same_time_whatever_the_receiver_does(hook: Hook) -> None:
    """Measured on virtual time, on which nothing but waiting takes any: every read and every record at its instant."""

    async def lived(world: World) -> tuple[list[tuple[datetime, type[events.Event]]], dict[str, list[int]]]:
        read: list[tuple[datetime, type[events.Event]]] = []
        kinds = (events.ReadStarted, events.PageFetched, events.ReadCompleted, events.ReadFailed)

        def observe(event: events.Event) -> None:
            world.observed.append(event)
            if isinstance(event, kinds):
                read.append((world.clock.now(), type(event)))

        process = world.process()
        process.observe = observe
        stop = asyncio.Event()
        asyncio.get_running_loop().call_later(600, stop.set)
        await process.run(stop)
        return read, world.contents()

    found = []

    @in_virtual_time
    async def once(given: Hook | None) -> None:
        found.append(await lived(lane(given)))

    once(None)
    once(hook)

    assert hook.sent
    assert len(found[0][0]) > 100
    assert found[1] == found[0]


@in_virtual_time
async def test_a_stop_does_not_wait_for_the_receiver() -> None:
    world = lane(Hook(takes=FOR_EVER))
    await world.run(120)

    assert asyncio.get_running_loop().time() < 121
    assert len(world.sink.deliveries) == 2


@in_virtual_time
async def test_beyond_its_bound_the_receiver_is_not_told_and_the_log_says_so() -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(batching, "MOST_PENDING", 1)
        world = lane(Hook(answer=BROKEN))
        await world.run(120)

    assert len(world.sink.deliveries) == 1
    given_up = [each for each in world.observed if isinstance(each, events.WebhookGivenUp)]
    assert [(each.about, each.reason) for each in given_up] == [(HOLE, "full")]


@in_virtual_time
async def test_what_waits_for_another_source_is_left_alone() -> None:
    hook = Hook()
    world = lane(hook)
    world.sink.deliveries["other"] = delivery("other", source="another")
    await world.run(120)

    assert "other" not in hook.ids
    assert set(world.sink.deliveries) == {"other"}


@in_virtual_time
async def test_what_cannot_be_read_is_given_up_at_once_and_told_and_holds_nothing_up() -> None:
    hook = Hook()
    world = lane(hook)
    for name, source in (("broken", SOURCE), ("elsewhere", "another")):
        world.sink.unreadable[name] = UnreadableDelivery(source=source, id=name, why="it ends early")
    await world.run(120)

    assert sorted(hook.about) == [FAILURE, HOLE]
    given_up = [each for each in world.observed if isinstance(each, events.WebhookGivenUp)]
    assert [(each.delivery_id, each.reason, each.message) for each in given_up] == [
        ("broken", "unreadable", "it ends early")
    ]
    assert (world.sink.deliveries, set(world.sink.unreadable)) == ({}, {"elsewhere"})


@in_virtual_time
async def test_without_a_webhook_what_is_pending_waits_for_the_day_there_is_one() -> None:
    world = lane(None)
    world.sink.deliveries["d-1"] = delivery()
    await world.run(120)

    assert set(world.sink.deliveries) == {"d-1"}
