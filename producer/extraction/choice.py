"""What of an answer was asked for, where the API can't tell or was not asked. Pure.

A query by time carries predicates; what they can't say is a participant's id, and which session makes the channel. By
id there are no predicates at all, so everything is chosen here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from producer.extraction.query import Asked
from producer.model.instants import to_millis
from producer.model.windows import Interval

Record = Mapping[str, Any]


def choice_of(asked: Asked) -> Callable[[Record], bool]:
    """Whether a record with the whole detail was asked for."""
    by_id = bool(asked.interaction_ids)

    def chosen(record: Record) -> bool:
        """Both what is never, and what is not now, left to the API."""
        return _chosen_always(asked, record) and (not by_id or _chosen_by_id(asked, record))

    return chosen


def chooses(asked: Asked) -> bool:
    """Whether anything may be left out here."""
    return bool(asked.participant_ids or asked.selection.channels or asked.interaction_ids)


def _chosen_always(asked: Asked, record: Record) -> bool:
    channels, participants = asked.selection.channels, asked.participant_ids
    if channels and record["channelType"] not in channels:
        return False
    return not participants or _met(participants, _of_participants(record, "participantId"))


def _chosen_by_id(asked: Asked, record: Record) -> bool:
    selection = asked.selection
    pairs: tuple[tuple[Collection[str], Iterable[str]], ...] = (
        (selection.user_ids, record["userIds"]),
        (selection.queue_ids, record["queueIds"]),
        (selection.external_contact_ids, _of_participants(record, "externalContactId")),
    )
    lived = asked.interval is None or _lived_in(asked.interval, record["startTime"], record["endTime"])
    return lived and all(_met(wanted, found) for wanted, found in pairs if wanted)


def _of_participants(record: Record, name: str) -> Iterable[str]:
    return (participant[name] for participant in record["participants"] if participant.get(name))


def _met(wanted: Collection[str], found: Iterable[str]) -> bool:
    return any(each.lower() in wanted for each in found)


def _lived_in(interval: Interval, start: int | None, end: int | None) -> bool:
    """The API's own rule for a query by time: a life that overlaps; what is not known overlaps."""
    after = start is not None and start >= to_millis(interval.end)
    before = end is not None and end < to_millis(interval.start)
    return not (after or before)
