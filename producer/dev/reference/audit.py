"""`audit.md`: what an audit event can say happened, and with which fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from producer.dev.reference import markdown, records
from producer.dev.reference.markdown import code, codes
from producer.encoding.schemas import Schemas, Subject
from producer.model.actions import Action

INTRODUCTION = """\
The audit topic holds what happened in every read and around it, in the transaction of what it speaks of, so it can be
relied on like the records. All events of a read have its `requestId`; events outside reads have that of the run. Only
`PAGE_PROCESSED` carries `recordCount`: summed by `requestId` it is the number of records with that `requestId` on the
conversations topic.

A read begins with `EXTRACTION_STARTED`, and ends with exactly one of `EXTRACTION_COMPLETED`, `EXTRACTION_FAILED` and
`WINDOW_SPLIT`. Values of `details` are JSON text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """When an action is told; `fields` are the nullable ones it may fill in, `details` the names it may use there."""

    when: str
    fields: tuple[str, ...] = ()
    details: tuple[str, ...] = ()


_PAGE = ("pageNumber", "totalHits", "conversationsRead", "unchanged", "stale", "deadLetters")
_END = ("durationMs", "totalPagesFetched", "totalRecordsExtracted", "totalLatencyMs")
_HOLE = ("window", "tier", "reason")

TOLD: Mapping[Action, Told] = {
    Action.EXTRACTION_STARTED: Told(
        when="A read begins: a window, or a batch of ids.", details=("kind", "tier", "window", "ids")
    ),
    Action.PAGE_PROCESSED: Told(
        when="A page with conversations was worked up; its records are in the same transaction.",
        fields=("recordCount", *_PAGE),
    ),
    Action.EMPTY_PAGE: Told(when="A page came without conversations.", fields=_PAGE),
    Action.EXTRACTION_COMPLETED: Told(
        when="A read ended. `verdict` says what it can say of itself; `unread` why a part of it is left as a hole.",
        fields=(*_END, "totalHits", "paginationSuccessRate"),
        details=("start", "end", "verdict", "firstHits", "lastHits", "unique", "repeated", "attempts", "unread"),
    ),
    Action.EXTRACTION_FAILED: Told(
        when="A read did not end: `error` has code and message, `hole` whether its window is now missing. A read that a"
        " stop or a crash interrupted is told with the code `interrupted` and made again.",
        fields=_END,
        details=("error", "hole", "correlationId", "subject", "kind"),
    ),
    Action.HOLE_OPENED: Told(when="A due interval could not be read; capture goes on behind it.", details=_HOLE),
    Action.HOLE_CLOSED: Told(when="A hole, or the part of it in `window`, was read after all.", details=_HOLE),
    Action.WINDOW_SPLIT: Told(
        when="A window held more than one query can give (`hits`); its `parts` are read in its place.",
        fields=_END,
        details=("hits", "parts"),
    ),
    Action.SCHEMA_DRIFT: Told(
        when="Fields that the schema does not know, or of another type, were met for the first time in this run; they"
        " are in `extras` of their records.",
        details=("paths",),
    ),
    Action.CONFIG_CHANGED: Told(
        when="The settings in force are not those of the last commit; both are told by their digests.",
        details=("before", "after"),
    ),
    Action.STARTED: Told(when="A process began to write.", details=("version", "configDigest")),
    Action.STOPPED: Told(when="A process ended in order."),
}
"""Every action; a test compares it with what the assembly writes."""


def document() -> str:
    """The whole document."""
    rows = (
        (code(action.value), TOLD[action].when, codes(TOLD[action].fields), codes(TOLD[action].details))
        for action in Action
    )
    return markdown.document(
        "Audit trail",
        "`producer/model/actions.py` and the newest schema in `schemas/audit-event/`",
        INTRODUCTION,
        "## Actions",
        markdown.table(("action", "when", "fields", "details"), rows),
        records.section(Schemas.shipped(), Subject.AUDIT_EVENT),
    )
