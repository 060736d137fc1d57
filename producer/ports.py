"""What the flow needs from the outside, as small interfaces: the source, the sink, the clock, the observer.

Together with `model/` and `pipeline.py` this is the whole system in one sitting. Implementations live in `genesys/`,
`kafka/`, `clock.py` and `telemetry/`; `app.py` puts them together.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from producer.events import Event
from producer.model.batch import Batch, Mark, Receipt, Restored, Watched
from producer.model.checkpoint import Usage
from producer.model.conversation import ConversationState
from producer.model.delivery import Delivery
from producer.model.instants import Millis
from producer.model.names import NameKind
from producer.model.outcome import Outcome, Sighting
from producer.model.reads import Page, RawConversation, Read, ReadEnd, Split

Observer = Callable[[Event], None]
"""Takes every event, at once and without failing; it may count, log or remember, never decide."""


class Clock(Protocol):
    """Product time: wall time in production, virtual time in demo and tests (all planning and waiting uses it)."""

    def now(self) -> datetime:
        """The present instant, aware, UTC; never goes back."""

    async def sleep(self, duration: timedelta) -> None:
        """Wait for a span of product time."""


class Source(Protocol):
    """One organisation, as far as it is read."""

    def read(self, read: Read) -> AsyncGenerator[Page | Split | ReadEnd, None]:
        """Yield the pages of a read in any order, then a ReadEnd as the last item; or a Split as the last item.

        Pages before a Split are true as they are: the window proved too heavy on a later one.
        Bounded: it holds a few pages at a time and goes on when the consumer does.
        Raises WindowRefused when the failure belongs to the window; SourceUnavailable, MalformedBody, RateLimited,
        CredentialsRefused, PermissionMissing, AddressNotAllowed when any read would fail now.
        """

    async def organisation_id(self) -> str | None:
        """The id of the organisation the token belongs to; None where the API does not tell. Raises as `read`."""

    async def permitted(self, now: datetime) -> None:
        """Ask for one conversation: what is forbidden is said before anything is due. Raises as `read`."""

    def resume(self, usage: Usage) -> None:
        """Take over what a predecessor used of the rate limit and learned of it, before the first read."""

    def usage(self) -> Usage:
        """What the rate limit has to carry now, for the checkpoint."""


class NameSource(Protocol):
    """One organisation, as far as it tells names."""

    async def names(self, kind: NameKind, ids: Sequence[str]) -> Mapping[str, str]:
        """The names of those ids that it knows, up to 100. Raises as `Source.read`; WindowRefused for these ids."""


class Sink(Protocol):
    """One lane of Kafka: what was committed, and one transaction at a time."""

    async def open(self) -> Restored:
        """Take the lane over (older owners are fenced), then read what was committed.

        Call again after any failure of `commit`. Raises SinkUnavailable, SinkRefused, Fenced, StateTooNew.
        """

    async def commit(self, batch: Batch) -> Receipt:
        """Write the whole batch in one transaction and move the memory of the lane after it.

        After any exception or cancellation the outcome is unknown: drop what was built, `open` again.
        Raises SinkUnavailable, SinkRefused, Fenced.
        """

    def known(self, source: str, ids: Iterable[str]) -> Mapping[str, ConversationState]:
        """What is remembered of these conversations; ids never seen are left out."""

    def due(self, source: str, now: Millis, most: int) -> list[str]:
        """Ids of conversations that are to be asked for by `now`, the oldest due first."""

    def asked(self, source: str, ids: Iterable[str]) -> None:
        """These were asked for: they are due again when their agendas say."""

    def forgettable(self, source: str, before: int, after: Mark | None, most: int) -> list[Mark]:
        """Conversations of which nothing is expected from day `before` on, in order, behind a mark."""

    def nameless(self, source: str, after: str, most: int) -> list[ConversationState]:
        """Conversations whose last record lacks a name, by id, behind one ("": from the first on)."""

    def watched(self, source: str) -> Watched:
        """How much is looked after, and how late."""

    async def close(self) -> None:
        """Let go in bounded time, whatever state it is in."""


class Pending(Protocol):
    """Where deliveries wait until the webhook has taken them: the state topic, or a file where there is no Kafka."""

    def waiting(self) -> Iterable[Delivery]:
        """What an earlier life left behind."""

    async def settle(self, delivery: Delivery) -> None:
        """It was taken or given up: forget it."""


class Courier(Protocol):
    """Delivers to the webhook, beside everything else. One is good for one `run`."""

    def take(self, delivery: Delivery) -> None:
        """Deliver this one too; returns at once."""

    async def run(self, pending: Pending) -> None:
        """Deliver what waits there and what is taken, until cancelled. Raises only what `pending.settle` raises."""


class Compare(Protocol):
    """The pure step from a raw conversation to an outcome."""

    def __call__(
        self, raw: RawConversation, known: Callable[[str], ConversationState | None], sighting: Sighting
    ) -> Outcome:
        """Compare with what is known, number, normalise. `known` is asked for the id that parsing found."""


Encode = Callable[[Mapping[str, Any]], bytes]
"""A record of one schema to framed bytes. Raises Malformed when a value does not fit its schema."""
