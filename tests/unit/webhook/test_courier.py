"""The courier in virtual time: days of a receiver that is down take no time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from producer import events
from producer.model.delivery import MOST_PENDING, Delivery
from producer.webhook.answers import Answered, Outcome, Patience, Unanswered
from producer.webhook.courier import Courier
from tests.support.virtual_time import LoopClock, in_virtual_time
from tests.support.webhook import MemoryPending, delivery

DAY = timedelta(days=1)
OK, DOWN = Answered(status=204), Unanswered(reason="connection", message="connection at host")


@dataclass(slots=True, kw_only=True)
class Post:
    """A courier whose receiver answers as `answer` says, after `takes` seconds; `sent` are (second, id)."""

    answer: Callable[[Delivery], Outcome] = lambda _: OK
    takes: float = 0.0
    give_up_after: timedelta = DAY
    clock: LoopClock = field(default_factory=LoopClock)
    pending: MemoryPending = field(default_factory=MemoryPending)
    sent: list[tuple[float, str]] = field(default_factory=list)
    observed: list[events.Event] = field(default_factory=list)
    most_at_once: int = 0
    _at_once: int = 0
    courier: Courier = field(init=False)

    def __post_init__(self) -> None:
        self.courier = Courier(
            send=self.send,
            patience=Patience(give_up_after=self.give_up_after),
            clock=self.clock,
            observe=self.observed.append,
            jitter=lambda: 1.0,
        )

    async def send(self, sent: Delivery, now: datetime) -> Outcome:
        self.sent.append((self.second, sent.id))
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            await asyncio.sleep(self.takes)
            return self.answer(sent)
        finally:
            self._at_once -= 1

    @property
    def second(self) -> float:
        return asyncio.get_running_loop().time()

    def is_full(self) -> bool:
        return self.courier.full

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[Courier]:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(self.courier.run(self.pending))
            yield self.courier
            running.cancel()

    def told(self) -> list[str]:
        return [type(event).__name__ for event in self.observed]


@in_virtual_time
async def test_what_waited_and_what_comes_is_delivered_and_settled() -> None:
    post = Post(pending=MemoryPending(left=[delivery("left")]))
    async with post.at_work() as courier:
        courier.take(delivery("new"))
        await courier.idle()

    assert sorted(post.pending.settled) == ["left", "new"]
    assert post.told() == ["WebhookDelivered", "WebhookDelivered"]
    assert courier.pending == 0


@in_virtual_time
async def test_what_was_taken_before_it_works_is_not_forgotten() -> None:
    post = Post(pending=MemoryPending(left=[delivery("left")]))
    post.courier.take(delivery("early"))
    async with post.at_work() as courier:
        await courier.idle()

    assert [name for _, name in post.sent] == ["early", "left"]


@in_virtual_time
async def test_a_receiver_that_is_down_for_a_while_gets_everything_once_it_is_back() -> None:
    post = Post(answer=lambda _: OK if asyncio.get_running_loop().time() > 3_600 else DOWN)
    async with post.at_work() as courier:
        for number in range(20):
            courier.take(delivery(f"d-{number}"))
        await courier.idle()

    assert sorted(post.pending.settled) == sorted(f"d-{number}" for number in range(20))
    assert post.second < 3_600 + 900 + 5
    assert [second for second, name in post.sent if name == "d-0"][:6] == [0, 5, 15, 35, 75, 155]
    retried = next(event for event in post.observed if isinstance(event, events.WebhookRetried))
    assert retried == events.WebhookRetried(
        source="default",
        delivery_id="d-0",
        about="conversation_extraction_complete",
        reason="connection",
        message="connection at host",
        attempt=1,
        wait=timedelta(seconds=5),
    )


@in_virtual_time
async def test_it_gives_up_loudly_after_its_time_with_one_last_attempt() -> None:
    post = Post(answer=lambda _: DOWN, give_up_after=timedelta(hours=1))
    async with post.at_work() as courier:
        courier.take(delivery("d-1", "10:00"))
        await courier.idle()

    assert post.sent[-1] == (3_600.0, "d-1")
    assert post.told().count("WebhookGivenUp") == 1
    assert post.pending.settled == ["d-1"]


@in_virtual_time
async def test_an_asked_for_pause_is_kept_by_all() -> None:
    answers = iter([Answered(status=429, retry_after=timedelta(minutes=2)), *[OK] * 5])
    post = Post(answer=lambda _: next(answers))
    async with post.at_work() as courier:
        courier.take(delivery("d-1"))
        await asyncio.sleep(1)
        courier.take(delivery("d-2"))
        await courier.idle()

    assert post.sent == [(0, "d-1"), (125, "d-2"), (125, "d-1")]


@in_virtual_time
async def test_one_that_is_never_answered_does_not_hold_up_the_others() -> None:
    post = Post(takes=10)
    async with post.at_work() as courier:
        for number in range(8):
            courier.take(delivery(f"d-{number}"))
        await courier.idle()

    assert post.most_at_once == 4
    assert post.second == 20


@in_virtual_time
async def test_a_defect_while_sending_ends_nothing() -> None:
    def answer(_: Delivery) -> Outcome:
        if asyncio.get_running_loop().time() < 1:
            raise ZeroDivisionError
        return OK

    post = Post(answer=answer)
    async with post.at_work() as courier:
        courier.take(delivery())
        await courier.idle()

    assert post.told() == ["WebhookRetried", "WebhookDelivered"]


@in_virtual_time
async def test_what_is_taken_while_it_waits_for_another_goes_at_once() -> None:
    post = Post(answer=lambda sent: DOWN if sent.id == "stuck" and len(post.sent) < 10 else OK)
    async with post.at_work() as courier:
        courier.take(delivery("stuck"))
        await asyncio.sleep(200)
        courier.take(delivery("new"))
        await asyncio.sleep(0.1)
        assert "new" in post.pending.settled


@in_virtual_time
async def test_cancelling_leaves_no_task_and_settles_nothing_that_was_not_taken() -> None:
    post = Post(takes=1_000)
    async with post.at_work() as courier:
        courier.take(delivery())
        await asyncio.sleep(1)

    assert post.pending.settled == []
    assert asyncio.all_tasks() == {asyncio.current_task()}


@in_virtual_time
async def test_it_is_full_at_a_thousand() -> None:
    post = Post()
    for number in range(MOST_PENDING):
        assert not post.is_full()
        post.courier.take(delivery(str(number)))

    assert post.is_full()
