"""Whether the records of one conversation are all there, in order, each once, and end where the state says. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from producer.kafka.partitioner import partition_of
from producer.verify.facts import NEVER, Bounds, Remembered, Seen
from producer.verify.findings import Check, Finding

Trail = Sequence[Seen]


def trail_findings(trail: Trail, state: Remembered | None, bounds: Bounds) -> Iterator[Finding]:
    """What is wrong with the records of one key, in the order of the topic. `state` is the last one on its topic."""
    yield from _misplaced(trail, bounds)
    alive = _since_tombstone(trail)
    yield from _disordered(alive)
    chain = _by_version(alive)
    yield from _beginning(chain, bounds)
    for before, after in pairwise(chain):
        yield from _succession(before, after, bounds)
    if trail and trail[-1].tombstone:
        yield from _after_tombstone(trail[-1], state)
    elif chain:
        yield from _end(chain[-1], state, bounds)
    elif state is not None and state.revision and not state.redacted:
        text = f"the state knows revision {state.revision}, and there is no record"
        yield Finding(check=Check.MISSING, ids=(state.id,), text=text, between=(-math.inf, math.inf))


def last_of(trail: Trail) -> Seen | None:
    """The record that consumers end with; None when there is none, or the key is no more."""
    chain = _by_version(_since_tombstone(trail))
    return chain[-1] if chain and not trail[-1].tombstone else None


def last_state(states: Sequence[Remembered]) -> Remembered | None:
    """What the state topic ends with; None when it forgot."""
    if not states or states[-1].forgotten:
        return None
    return states[-1]


def _since_tombstone(trail: Trail) -> Trail:
    last = next((index for index in range(len(trail) - 1, -1, -1) if trail[index].tombstone), -1)
    return trail[last + 1 :]


def _by_version(trail: Trail) -> list[Seen]:
    """One record for each version, rising: what is judged beside order and doubling."""
    first: dict[int, Seen] = {}
    for each in trail:
        first.setdefault(each.version, each)
    return [first[version] for version in sorted(first)]


def _misplaced(trail: Trail, bounds: Bounds) -> Iterator[Finding]:
    if not trail:
        return
    right = partition_of(trail[0].id.encode(), bounds.partitions)
    for each in trail:
        if each.partition != right:
            text = f"it is on partition {each.partition} (offset {each.offset}), and its key belongs to {right}"
            yield _finding(Check.PARTITION, each, text)


def _disordered(trail: Trail) -> Iterator[Finding]:
    known: set[tuple[int, bytes]] = set()
    highest: Seen | None = None
    for each in trail:
        if highest is not None and each.version <= highest.version:
            if (each.version, each.content) in known:
                yield _finding(Check.DOUBLED, each, f"version {each.version} is there once more ({each.place})")
            else:
                text = f"version {each.version} stands behind version {highest.version} ({each.place})"
                yield _finding(Check.ORDER, each, text)
        known.add((each.version, each.content))
        highest = each if highest is None or each.version > highest.version else highest


def _beginning(chain: Trail, bounds: Bounds) -> Iterator[Finding]:
    if not chain:
        return
    first = chain[0]
    if first.revision > 1 and first.at > bounds.compacted_to:
        yield _gap(first, first.revision - 1, -math.inf)
    if first.revision == 1 and first.version != max(1, first.as_of):
        yield _finding(Check.CONTENT, first, f"version {first.version} does not follow from asOf {first.as_of}")


def _succession(before: Seen, after: Seen, bounds: Bounds) -> Iterator[Finding]:
    follows = after.resumed or after.revision == before.revision + 1
    same = (after.content, after.attributes_as_of) == (before.content, before.attributes_as_of)
    if follows and same and not _named(before, after):
        yield _finding(Check.DOUBLED, after, f"it says what revision {before.revision} says ({after.place})")
    elif after.resumed:
        yield from _beginning_anew(before, after, bounds)
    elif after.revision > before.revision + 1:
        yield _gap(after, after.revision - before.revision - 1, before.at)
    elif after.revision <= before.revision:
        text = f"revision {after.revision} follows revision {before.revision} ({after.place})"
        yield _finding(Check.ORDER, after, text)
    if not after.resumed and follows and after.version != max(before.version + 1, after.as_of):
        yield _finding(Check.CONTENT, after, f"version {after.version} does not follow from {before.version} and asOf")
    if after.as_of < before.as_of:
        yield _finding(Check.ORDER, after, f"it speaks of {after.as_of}, the one before it of {before.as_of}")


def _named(before: Seen, after: Seen) -> bool:
    """It carries a name that the one before it lacks, and every one that it has: sent again with it, on purpose."""
    had, has = int(before.names, 16), int(after.names, 16)
    return had != has == had | has


def _beginning_anew(before: Seen, after: Seen, bounds: Bounds) -> Iterator[Finding]:
    if after.revision != 1:
        yield _finding(Check.ORDER, after, f"tracking began anew, and it is revision {after.revision}")
    elif not _may_be_forgotten(before, bounds):
        text = f"tracking began anew, and version {before.version} is too young to be forgotten"
        yield _finding(Check.ORDER, after, text)


def _may_be_forgotten(record: Seen, bounds: Bounds) -> bool:
    """What no read returns any more may have no state: it ended, or was last seen, before where every tier has come."""
    position = bounds.positions.get(record.source)
    return position is not None and (NEVER < record.ended <= position.passed or record.as_of <= position.passed)


def _after_tombstone(tombstone: Seen, state: Remembered | None) -> Iterator[Finding]:
    if state is not None and state.revision and not state.redacted:
        yield _finding(Check.STATE, tombstone, f"it ends in a tombstone, and the state knows revision {state.revision}")


def _end(last: Seen, state: Remembered | None, bounds: Bounds) -> Iterator[Finding]:
    if state is None:
        if not _may_be_forgotten(last, bounds):
            yield _finding(Check.STATE, last, f"there is no state, and it is as young as {last.as_of}")
    elif state.source != last.source:
        yield _finding(Check.STATE, last, f"its source is {last.source}, that of its state {state.source}")
    elif state.revision > last.revision or state.version > last.version:
        text = f"the state knows revision {state.revision}, the topic ends with {last.revision}"
        yield Finding(check=Check.MISSING, ids=(last.id,), text=text, between=(last.at, math.inf))
    elif (state.revision, state.version) != (last.revision, last.version):
        text = f"the topic ends with revision {last.revision}, the state with {state.revision}"
        yield _finding(Check.STATE, last, text)
    elif state.content != last.content:
        yield _finding(Check.STATE, last, f"its contentHash {last.content.hex()} is not the state's")


def _gap(after: Seen, count: int, since: float) -> Finding:
    missing = "the revision" if count == 1 else f"{count} revisions"
    text = f"{missing} before revision {after.revision} ({after.place})"
    return Finding(check=Check.MISSING, ids=(after.id,), text=text, between=(since, after.at))


def _finding(check: Check, record: Seen, text: str) -> Finding:
    return Finding(check=check, read=record.request or None, ids=(record.id,), text=text)
