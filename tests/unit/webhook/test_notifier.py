"""The webhook of whoever has no Kafka, against a receiver over real sockets."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from producer import events
from producer.clock import WallClock
from producer.model.delivery import MOST_PENDING
from producer.webhook import courier, store
from producer.webhook.notifier import Webhook
from producer.webhook.store import SqlitePending
from tests.support.receiver import SECRET, Receiver, Reply
from tests.support.webhook import ended, options

ROOT = Path(__file__).resolve().parents[3]
SOON = timedelta(seconds=0.1)
CLOCK = WallClock()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


class Notes:
    """What was observed."""

    def __init__(self) -> None:
        self.events: list[events.Event] = []

    def __call__(self, event: events.Event) -> None:
        self.events.append(event)

    @property
    def told(self) -> list[str]:
        return [type(event).__name__ for event in self.events]

    @property
    def given_up(self) -> list[str]:
        return [event.reason for event in self.events if isinstance(event, events.WebhookGivenUp)]


def webhook(
    receiver: Receiver, folder: Path | None, observe: Callable[[events.Event], None], closing: timedelta = SOON
) -> Webhook:
    return Webhook(
        options(receiver.url), source="default", clock=CLOCK, observe=observe, folder=folder, closing=closing
    )


def left_in(folder: Path) -> list[str]:
    kept = SqlitePending(folder)
    ids = [each.id for each in kept.waiting()]
    kept.close()
    return ids


async def test_what_has_finished_is_told_and_then_forgotten(receiver: Receiver, tmp_path: Path) -> None:
    notes = Notes()
    async with webhook(receiver, tmp_path, notes, timedelta(seconds=10)) as hook:
        hook.finished(ended("q-1", CLOCK.now()))
        hook.finished(ended("q-2", CLOCK.now(), ("bad.request", "no")))

    statuses = {attempt.id: attempt.payload["status"] for attempt in receiver.taken()}
    assert statuses == {"q-1": "SUCCESS", "q-2": "FAILURE"}
    assert {attempt.sound for attempt in receiver.attempts} == {(SECRET,)}
    assert notes.told == ["WebhookDelivered", "WebhookDelivered"]
    assert left_in(tmp_path) == []


@pytest.mark.parametrize(
    "reply", [Reply(silent=True), Reply(status=500), Reply(status=429, headers={"Retry-After": "9"})]
)
async def test_a_receiver_that_does_not_take_it_holds_up_nobody(
    receiver: Receiver, tmp_path: Path, reply: Reply
) -> None:
    """Handing over waits for no answer (one may take 30 seconds), leaving for `closing`; the next one takes over."""
    receiver.reply, notes = reply, Notes()
    started = time.monotonic()
    async with webhook(receiver, tmp_path, notes) as hook:
        entered = time.monotonic()
        for number in range(20):
            hook.finished(ended(f"q-{number}", CLOCK.now()))
        handed_over = time.monotonic() - entered
    took = time.monotonic() - started

    assert handed_over < 10
    assert took < 20
    assert sorted(left_in(tmp_path)) == sorted(f"q-{number}" for number in range(20))
    assert notes.given_up == []
    receiver.reply = Reply()
    async with webhook(receiver, tmp_path, notes, timedelta(seconds=20)):
        pass
    assert {attempt.id for attempt in receiver.taken()} == {f"q-{number}" for number in range(20)}
    assert left_in(tmp_path) == []


async def test_without_a_folder_what_is_left_is_given_up_loudly(receiver: Receiver) -> None:
    receiver.reply, notes = Reply(status=500), Notes()
    async with webhook(receiver, None, notes) as hook:
        hook.finished(ended("q-1", CLOCK.now()))

    assert notes.given_up == ["ended"]


async def test_without_options_nobody_is_told_anything(tmp_path: Path) -> None:
    async with Webhook(None, source="default", clock=CLOCK, folder=tmp_path / "state") as hook:
        hook.finished(ended())

    assert os.listdir(tmp_path) == []  # noqa: PTH208 - a look in a test


async def test_what_does_not_fire_is_not_told(receiver: Receiver, tmp_path: Path) -> None:
    async with Webhook(
        options(receiver.url, fires=("failure", "hole")), source="default", clock=CLOCK, folder=tmp_path
    ) as hook:
        hook.finished(ended())

    assert receiver.attempts == []


async def test_the_same_extraction_is_told_once(receiver: Receiver, tmp_path: Path) -> None:
    receiver.reply = Reply(status=500)
    async with webhook(receiver, tmp_path, Notes()) as hook:
        hook.finished(ended("q-1", CLOCK.now()))
        hook.finished(ended("q-1", CLOCK.now()))

    assert left_in(tmp_path) == ["q-1"]


async def test_a_disk_that_fails_keeps_nobody_from_being_told(receiver: Receiver, tmp_path: Path) -> None:
    (tmp_path / store.FILE).write_bytes(b"no database at all" * 100)
    notes = Notes()
    async with webhook(receiver, tmp_path, notes, timedelta(seconds=10)) as hook:
        hook.finished(ended("q-1", CLOCK.now()))

    assert notes.told == ["WebhookNotKept", "WebhookDelivered"]


async def test_a_disk_that_fails_later_is_told_too(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = Notes()
    async with webhook(receiver, tmp_path, notes, timedelta(seconds=10)) as hook:
        assert hook._home is not None
        hook._home.close()
        hook.finished(ended("q-1", CLOCK.now()))

    assert notes.told == [
        "WebhookNotKept",  # as it is handed over
        "WebhookNotKept",  # as the courier looks for what waits
        "WebhookDelivered",
        "WebhookNotKept",  # as it is settled
    ]


async def test_more_than_a_thousand_at_a_time_are_not_taken(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.reply, notes = Reply(silent=True), Notes()
    async with webhook(receiver, None, notes) as hook:
        for number in range(MOST_PENDING + 2):
            hook.finished(ended(f"q-{number}", CLOCK.now()))
        assert notes.given_up == ["full", "full"]


async def test_what_is_more_than_that_is_left_to_a_later_process(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier, "MOST_PENDING", 1)
    receiver.reply, notes = Reply(silent=True), Notes()
    async with webhook(receiver, tmp_path, notes) as hook:
        for number in range(2):
            hook.finished(ended(f"q-{number}", CLOCK.now()))
    assert notes.given_up == []
    left = SqlitePending(tmp_path)
    assert [each.id for each in left.waiting()] == ["q-0", "q-1"]
    left.close()


async def test_what_the_block_raises_comes_out_as_it_is(receiver: Receiver, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        async with webhook(receiver, tmp_path, Notes()):
            raise ZeroDivisionError
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_block_that_is_cancelled_leaves_nothing_behind(receiver: Receiver, tmp_path: Path) -> None:
    receiver.reply = Reply(silent=True)
    entered = asyncio.Event()

    async def work() -> None:
        async with webhook(receiver, tmp_path, Notes()) as hook:
            hook.finished(ended("q-1", CLOCK.now()))
            entered.set()
            await asyncio.Event().wait()

    working = asyncio.ensure_future(work())
    await entered.wait()
    working.cancel()
    await asyncio.wait({working}, timeout=20)

    assert working.cancelled()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert left_in(tmp_path) == ["q-1"]


def process(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.support.webhook_process", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def killed_after_handing_over(receiver: Receiver, folder: Path) -> None:
    """A process hands over `q-1` to a receiver that does not take it, and is killed."""
    receiver.reply = Reply(status=500)
    with process(receiver.url, str(folder), "q-1") as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "handed over\n"
        receiver.wait_until(lambda: bool(receiver.attempts))
        first.kill()


async def test_a_process_that_was_killed_has_the_next_one_deliver(receiver: Receiver, tmp_path: Path) -> None:
    killed_after_handing_over(receiver, tmp_path)
    receiver.reply = Reply()
    with process(receiver.url, str(tmp_path)) as second:
        assert second.wait(20) == 0

    assert {attempt.id for attempt in receiver.attempts} == {"q-1"}
    assert [attempt.payload["requestId"] for attempt in receiver.taken()] == ["q-1"]
    assert len({attempt.body for attempt in receiver.attempts}) == 1
    assert left_in(tmp_path) == []


async def test_a_process_that_drops_what_is_pending_at_its_start_is_found_out(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant of the test above."""
    killed_after_handing_over(receiver, tmp_path)
    receiver.reply = Reply()
    monkeypatch.setattr(SqlitePending, "waiting", lambda _: [])
    async with webhook(receiver, tmp_path, Notes(), timedelta(seconds=1)):
        pass

    assert receiver.taken() == []
