"""Looking up names: beside everything else, a few at a time, in a share of the budget of its own.

Nobody waits for it. Without names records go out all the same; who lacks one is asked for again once it is known.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from producer import errors, events
from producer.clock import pause, unless
from producer.model.names import NameKind
from producer.planning.names import Directory
from producer.planning.pace import wait_after
from producer.ports import Clock, NameSource, Observer

_LOOKS_EVERY = timedelta(seconds=5)
"""How long ids are gathered for one look-up."""
_LONGEST_WAIT = timedelta(minutes=5)
"""After failures: where a gateway has no such list at all, there is no hurry."""
_WHEN_REFUSED = "see what the API says of the request; a gateway may not pass the list on"


@dataclass(slots=True, kw_only=True)
class Naming:
    """Keeps the directory of one source, and tells what is in it (a `NameBook`)."""

    name: str
    source: NameSource
    clock: Clock
    observe: Observer
    directory: Directory

    @property
    def kinds(self) -> Collection[NameKind]:
        """The kinds of names that are looked up."""
        return self.directory.kinds

    def name_of(self, key: str) -> str | None:
        """The name behind a key as far as it is known now; what is not is looked up soon."""
        return self.directory.find(key, self.clock.now())

    def ripe(self, missing: Iterable[str], told: Iterable[str]) -> bool:
        """Whether a record that was sent with some names and without others is to be sent again now."""
        return self.directory.ripe(missing, told, self.clock.now())

    async def run(self, identified: asyncio.Event, stop: asyncio.Event) -> None:
        """Look up what is wanted until `stop`, once the source is known to be the right one.

        At most one look-up of each kind in a row; what these take of the share is then waited for.
        """
        await identified.wait()
        while not stop.is_set():
            asked = 0
            for kind in self.directory.kinds:
                asked += await self._look_up(kind, stop)
            await pause(self.clock, max(_LOOKS_EVERY, asked * self.directory.policy.spacing), stop)

    async def _look_up(self, kind: NameKind, stop: asyncio.Event) -> int:
        """Look up the next ids of a kind. Returns the requests that this took."""
        ids = self.directory.next(kind, self.clock.now())
        if not ids or stop.is_set():
            return 0
        answer: Mapping[str, str] | errors.SourceError | None = None
        try:
            answer = await unless(stop, self.source.names(kind, ids))
        except* errors.SourceError as group:
            answer = _first(group)
        self._settle(kind, ids, answer)
        return 1

    def _settle(
        self, kind: NameKind, ids: tuple[str, ...], answer: Mapping[str, str] | errors.SourceError | None
    ) -> None:
        directory, now = self.directory, self.clock.now()
        if isinstance(answer, errors.SourceError):
            if not isinstance(answer, errors.WindowRefused) or directory.refused(kind, ids, now):
                self._failed(kind, answer)
        elif answer is not None and directory.answered(kind, ids, answer, now):
            self.observe(events.NamesAvailable(source=self.name, kind=kind.value))
        extent = directory.extent()
        self.observe(
            events.NamesMeasured(source=self.name, known=extent.known, unknown=extent.unknown, wanted=extent.wanted)
        )

    def _failed(self, kind: NameKind, error: errors.SourceError) -> None:
        """Wait before the next one; a permission that is missing is no reason to stop anything else."""
        failures = self.directory.failed(kind)
        wait = max(wait_after(error, failures), min(_LONGEST_WAIT, _LOOKS_EVERY * (1 << min(failures - 1, 16))))
        self.directory.wait(kind, self.clock.now() + wait)
        self.observe(
            events.NamesUnavailable(
                source=self.name,
                kind=kind.value,
                reason=type(error).__name__,
                message=str(error),
                what_to_do=_WHEN_REFUSED if isinstance(error, errors.WindowRefused) else error.what_to_do,
                wait=wait,
                correlation_id=error.correlation_id,
            )
        )


def _first(group: BaseExceptionGroup[errors.SourceError]) -> errors.SourceError:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
