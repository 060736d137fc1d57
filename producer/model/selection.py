"""Which conversations a query is about, as far as the API can tell them apart: empty means all of them."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Conversations that match one value of every field that is not empty. `channels` are words of `channelType`.

    What the API has no predicate for (a participant's id) is not part of it: that is selected from what comes.
    """

    channels: tuple[str, ...] = ()
    user_ids: tuple[str, ...] = ()
    queue_ids: tuple[str, ...] = ()
    external_contact_ids: tuple[str, ...] = ()

    def __str__(self) -> str:
        """For people, and for the detail of an audit event."""
        named = ((field.name, getattr(self, field.name)) for field in fields(self))
        return " ".join(f"{name}={','.join(values)}" for name, values in named if values)


EVERYTHING = Selection()
"""No conversation is left out."""
