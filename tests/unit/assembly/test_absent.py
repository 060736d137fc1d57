from __future__ import annotations

from producer.assembly.absent import GONE_AFTER, GONE_AFTER_READS, missed
from producer.model.conversation import ConversationState
from producer.model.instants import Millis, to_millis
from tests.support.build import at

KNOWN = ConversationState(id="a", watch="open")


def after(*absences: Millis) -> ConversationState:
    state = KNOWN
    for instant in absences:
        state = missed(state, instant)
    return state


def test_an_absence_is_remembered_with_the_first_of_its_row() -> None:
    state = after(to_millis(at("10:00")), to_millis(at("11:00")))
    assert (state.absent_reads, state.absent_since, state.watch) == (2, to_millis(at("10:00")), "open")


def test_what_is_absent_from_many_reads_is_gone_only_after_long() -> None:
    minutes = [to_millis(at(f"10:{minute:02d}")) for minute in range(30)]
    assert after(*minutes).watch == "open"
    assert after(*minutes, Millis(minutes[0] + round(GONE_AFTER.total_seconds() * 1_000) - 1)).watch == "open"
    assert after(*minutes, Millis(minutes[0] + round(GONE_AFTER.total_seconds() * 1_000))).watch is None


def test_what_is_absent_for_long_is_gone_only_after_many_reads() -> None:
    weeks = [to_millis(at("10:00", day=7 * week)) for week in range(GONE_AFTER_READS)]
    assert after(*weeks[:-1]).watch == "open"
    assert after(*weeks).watch is None
