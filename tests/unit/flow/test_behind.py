"""A lane with everything that is read behind the head, over weeks of virtual time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from producer import errors
from producer.flow.chores import Chores
from producer.model.batch import Topic
from producer.model.checkpoint import Checkpoint
from producer.model.conversation import Agenda, ConversationState
from producer.model.coverage import Coverage, Hole
from producer.model.instants import to_millis
from producer.model.reads import Read, ReadKind
from producer.model.steps import Forgotten
from producer.model.windows import Interval
from producer.pipeline import first_checkpoint
from producer.planning.watch import WatchPolicy
from tests.support.build import page, raw, read_end, told
from tests.support.lane import values
from tests.support.scripted_source import Item
from tests.support.virtual_time import LOOP_BEGAN, in_virtual_time
from tests.support.whole_lane import POLICY, World, nothing

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
AGES = (16 * MINUTE, 2 * HOUR)


def world(answer: object = nothing, **policy: object) -> World:
    made = World(answer=answer)  # type: ignore[arg-type] # tests give answers
    made.configured(**({"ages": AGES} | policy))
    return made


def windows(made: World, kind: ReadKind) -> list[str]:
    return [told(read.slice.window) for read in made.source.reads if read.kind is kind and read.slice]


def seconds(span: timedelta) -> float:
    return span.total_seconds()


@in_virtual_time
async def test_every_instant_is_read_again_at_every_age() -> None:
    made = world()
    await made.run(seconds(5 * HOUR))
    coverage = made.sink.checkpoints["default"].coverage
    now = LOOP_BEGAN + 5 * HOUR
    for age, mark in zip(AGES, coverage.watermarks[1:], strict=True):
        assert now - age - age / 8 - MINUTE <= mark <= now - age
    assert not coverage.holes
    again = windows(made, ReadKind.REREAD)
    assert again[0] == "10:00:00-10:02:00"
    published = made.sink.checkpoints["default"].published
    assert published.final >= now - 2 * HOUR - 16 * MINUTE


@in_virtual_time
async def test_a_change_after_the_head_has_passed_is_found_by_a_re_read() -> None:
    def answer(read: Read) -> Iterable[Item]:
        assert read.slice is not None
        if read.slice.window.start <= LOOP_BEGAN + MINUTE < read.slice.window.end:
            late = made.clock.now() >= LOOP_BEGAN + HOUR
            yield page(raw(id="a", v=2 if late else 1), asked=made.clock.now())
        yield read_end(pages=1)

    made = world(answer)
    await made.run(seconds(3 * HOUR))
    assert made.contents() == {"a": [1, 2]}


@in_virtual_time
async def test_a_hole_is_read_once_the_api_can() -> None:
    def answer(read: Read) -> Iterable[Item]:
        assert read.slice is not None
        touches = read.slice.window.start <= LOOP_BEGAN + MINUTE < read.slice.window.end
        if touches and made.clock.now() < LOOP_BEGAN + HOUR:
            return [errors.WindowRefused("400: no", code="bad.request")]
        return [read_end(pages=0)]

    made = world(answer)
    await made.run(seconds(55 * MINUTE))
    holes = made.sink.checkpoints["default"].coverage.holes
    assert {hole.tier for hole in holes} == {0, 1}
    assert max(hole.attempts for hole in holes) > 2
    await made.run(seconds(90 * MINUTE))
    coverage = made.sink.checkpoints["default"].coverage
    assert (coverage.holes, coverage.missing(LOOP_BEGAN + HOUR)) == ((), ())
    assert made.trail.count("run: HOLE_CLOSED") >= 2


@in_virtual_time
async def test_history_is_read_behind_everything_else_and_is_then_no_hole() -> None:
    made = world(capture_start=LOOP_BEGAN - 3 * DAY)
    await made.run(seconds(HOUR))
    coverage = made.sink.checkpoints["default"].coverage
    assert (coverage.holes, coverage.since) == ((), LOOP_BEGAN - 3 * DAY)
    assert windows(made, ReadKind.BACKFILL)[:2] == ["-3 10:00:00--3 11:00:00", "-3 11:00:00--3 12:00:00"]
    assert len(windows(made, ReadKind.BACKFILL)) == 48


# --- by id ----------------------------------------------------------------------------------------------------------


@in_virtual_time
async def test_at_the_first_start_all_that_is_open_is_asked_for_once() -> None:
    made = world(watch=WatchPolicy(adopt=2 * DAY))
    await made.run(seconds(10 * MINUTE))
    adopted = ["00:00:00-10:00:00", "-1 00:00:00-00:00:00", "-2 00:00:00--1 00:00:00"]
    assert windows(made, ReadKind.WATCH) == adopted
    assert made.sink.checkpoints["default"].adoption_done
    await made.run(seconds(10 * MINUTE))
    assert windows(made, ReadKind.WATCH) == adopted


@in_virtual_time
async def test_an_adoption_that_fails_is_made_again_and_the_head_goes_on() -> None:
    def answer(read: Read) -> Iterable[Item]:
        if read.kind is ReadKind.WATCH and made.clock.now() < LOOP_BEGAN + MINUTE:
            return [errors.SourceUnavailable("down")]
        return [read_end(pages=0)]

    made = world(answer, watch=WatchPolicy(adopt=DAY))
    await made.run(seconds(10 * MINUTE))
    assert made.sink.checkpoints["default"].adoption_done
    assert len(windows(made, ReadKind.HEAD)) >= 35


@in_virtual_time
async def test_an_adoption_of_which_a_day_is_refused_is_made_again() -> None:
    def answer(read: Read) -> Iterable[Item]:
        yesterday = read.slice is not None and read.slice.window.end <= LOOP_BEGAN - HOUR
        if read.kind is ReadKind.WATCH and yesterday and made.clock.now() < LOOP_BEGAN + MINUTE:
            return [errors.WindowRefused("400: no", code="bad.request")]
        return [read_end(pages=0)]

    def adopted() -> bool:
        return made.sink.checkpoints["default"].adoption_done

    made = world(answer, watch=WatchPolicy(adopt=DAY))
    await made.run(30)
    assert not adopted()
    await made.run(seconds(10 * MINUTE))
    assert adopted()
    *before, last = windows(made, ReadKind.WATCH)
    assert last == "-1 00:00:00-00:00:00"
    assert last in before


@in_virtual_time
async def test_what_is_due_is_asked_for_by_id_and_its_change_is_a_record() -> None:
    def answer(read: Read) -> Iterable[Item]:
        now = made.clock.now()
        if read.ids:
            yield page(raw(id="a", v=2), asked=now)
        elif now < LOOP_BEGAN + MINUTE:
            yield page(raw(id="a", v=1), raw(id="b", v=1), asked=now)
        yield read_end(pages=1)

    made = world(answer)
    made.sink.plan = lambda _state, *, restoring: Agenda(to_millis(made.clock.now() + MINUTE), None, open=not restoring)
    await made.run(seconds(3 * MINUTE))
    asked = [read.ids for read in made.source.reads if read.ids]
    assert set(asked[0]) == {"a", "b"}
    assert made.contents() == {"a": [1, 2], "b": [1]}
    details = [each["details"] for each in values(made.sink.records(Topic.AUDIT), Topic.AUDIT)]
    assert any(each.get("absent") == "1" for each in details)


@in_virtual_time
async def test_an_adoption_that_never_succeeds_keeps_nobody_from_being_asked_for() -> None:
    def answer(read: Read) -> Iterable[Item]:
        if read.kind is ReadKind.WATCH and not read.ids:
            return [errors.WindowRefused("400: no", code="bad.request")]
        found = [page(raw(id="a", v=2 if read.ids else 1), asked=made.clock.now())]
        return [*found, read_end(pages=1)]

    made = world(answer, watch=WatchPolicy(adopt=DAY), ages=(8 * DAY,))
    made.sink.plan = lambda _state, *, restoring: Agenda(to_millis(made.clock.now() + MINUTE), None, open=not restoring)
    await made.run(seconds(HOUR))
    assert not made.sink.checkpoints["default"].adoption_done
    assert 10 <= len(windows(made, ReadKind.WATCH)) <= 26  # two days of it, once in five minutes
    assert len([read for read in made.source.reads if read.ids]) >= 40


@in_virtual_time
async def test_what_no_read_can_return_any_more_is_forgotten() -> None:
    def answer(read: Read) -> Iterable[Item]:
        now = made.clock.now()
        if read.kind is ReadKind.HEAD and now < LOOP_BEGAN + MINUTE:
            yield page(raw(id="a", v=1), asked=now)
        yield read_end(pages=1)

    def of_their_day(state: ConversationState, /, *, restoring: bool) -> Agenda:
        return Agenda(None, to_millis(LOOP_BEGAN) // 86_400_000, open=False)

    made = world(answer)
    made.sink.plan = of_their_day
    await made.run(seconds(16 * HOUR))
    assert made.contents() == {"a": [1]}
    assert list(made.sink.states["default"]) == ["a"]  # the second tier has not passed midnight yet
    await made.run(seconds(HOUR))
    assert made.sink.states["default"] == {}


# --- what goes first ------------------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_hole_comes_before_re_reads_and_these_before_history() -> None:
    began = LOOP_BEGAN - 2 * HOUR
    read = Interval(began, LOOP_BEGAN)
    hole = Hole(start=began, end=began + MINUTE, tier=0, reason="400", attempts=1, opened_at=began)
    history = Coverage.beginning(since=began - DAY, head=began, at=began, ages=AGES).covered(read)
    failed = replace(history, holes=(*history.holes, hole))
    again = history.covered(read, 2)
    kinds = [first_of(coverage) for coverage in (failed, history, again)]
    assert kinds == [("reread", 0), ("reread", 1), ("backfill", 0)]


def first_checkpoint_of(made: World) -> Checkpoint:
    lane = made.process()
    return first_checkpoint(lane.name, lane.policy, LOOP_BEGAN)


def first_of(coverage: Coverage) -> tuple[str, int]:
    """The kind and the tier of what is read next."""
    made = world()
    checkpoint = replace(first_checkpoint_of(made), coverage=coverage)
    chore = chores_of(made, checkpoint).read_again()
    assert chore
    return chore.reads[0].kind.value, chore.reads[0].tier


def chores_of(made: World, checkpoint: Checkpoint, at_once: int = 1_000) -> Chores:
    return Chores(
        name="default",
        sink=made.sink,
        clock=made.clock,
        checkpoint=lambda: checkpoint,
        watch=POLICY.watch,
        longest=HOUR,
        forgotten_at_once=at_once,
    )


@in_virtual_time
async def test_where_nothing_can_be_asked_for_by_id_nobody_looks_for_open_ones_either() -> None:
    made = world()
    checkpoint = first_checkpoint_of(made)
    chores = chores_of(made, checkpoint)
    chores.watch = replace(chores.watch, adopt=DAY)
    assert chores.ask_by_id() is not None
    chores.watch = replace(chores.watch, by_id=False)
    assert chores.ask_by_id() is None


@in_virtual_time
async def test_a_failure_behind_the_head_is_waited_out() -> None:
    def answer(read: Read) -> Iterable[Item]:
        if read.kind is ReadKind.REREAD and made.clock.now() < LOOP_BEGAN + HOUR:
            return [errors.SourceUnavailable("down")]
        return [read_end(pages=0)]

    made = world(answer)
    await made.run(seconds(2 * HOUR))
    tried = len([read for read in made.source.reads if read.kind is ReadKind.REREAD])
    assert tried < 200
    coverage = made.sink.checkpoints["default"].coverage
    assert coverage.watermarks[1] >= LOOP_BEGAN + 2 * HOUR - 20 * MINUTE


@in_virtual_time
async def test_forgetting_goes_round_and_on_behind_what_is_held_back() -> None:
    made = world()
    await made.sink.open()
    today = to_millis(LOOP_BEGAN) // 86_400_000
    made.sink.states["default"] = {each: ConversationState(id=each) for each in "abc"}
    made.sink.agendas = {each: Agenda(None, today - 1, open=False) for each in "abc"}
    chores = chores_of(made, first_checkpoint_of(made), at_once=2)
    rounds = [chores.forget() for _ in range(4)]
    told_steps = [chore.then if chore else None for chore in rounds]
    assert told_steps == [Forgotten(ids=("a", "b")), Forgotten(ids=("c",)), None, Forgotten(ids=("a", "b"))]
