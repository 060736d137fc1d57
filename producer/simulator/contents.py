"""The bytes of a conversation in one of its states: made on demand, kept while there is room."""

from __future__ import annotations

from collections import OrderedDict

import orjson

from producer.simulator import identity
from producer.simulator.directory import Directory
from producer.simulator.flat import Flattener
from producer.simulator.oddities import distort
from producer.simulator.options import SimulatorOptions
from producer.simulator.population import Plan
from producer.simulator.story import Story

_STATE_BITS = 12


class Contents:
    """JSON per conversation and state, least recently used first to go. A conversation's latest state replaces none."""

    def __init__(self, options: SimulatorOptions, directory: Directory) -> None:
        self._seed = options.seed
        self._oddity_probability = options.oddity_probability
        self._room = options.content_cache_bytes
        self._directory = directory
        self._flattener = Flattener(directory, options.seed, options.oddity_probability)
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._used = 0

    def json(self, plan: Plan, count: int, *, flat: bool = False) -> bytes:
        """The content after the first `count` states (at least one), in the platform's form or the flat one."""
        place = plan.key << _STATE_BITS | count
        if flat:
            place = ~place
        known = self._kept.get(place)
        if known is not None:
            self._kept.move_to_end(place)
            return known
        made = self._write(plan, count, flat=flat)
        self._kept[place] = made
        self._used += len(made)
        while self._used > self._room:
            _, dropped = self._kept.popitem(last=False)
            self._used -= len(dropped)
        return made

    def _write(self, plan: Plan, count: int, *, flat: bool) -> bytes:
        story = Story(plan, identity.conversation_id(self._seed, plan.key), self._directory, self._seed)
        for state in plan.states[:count]:
            story.tell(state)
        if flat:
            return orjson.dumps(self._flattener.flatten(story.document, plan))
        distort(story.document, plan, self._seed, self._oddity_probability)
        return orjson.dumps(story.document)
