"""Reading conversations by id: the only way to those that began on an earlier day than any window asked for.

Up to 100 ids a call; ids that the API does not know are left out of its answer. A call that is too heavy is halved.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator

from producer.genesys.client import Client, Tally, TooHeavy
from producer.genesys.pages import page_of
from producer.genesys.query import by_id_request
from producer.genesys.windows import SplitPage
from producer.model.reads import Page, Read, ReadEnd, Verdict

IDS_PER_CALL = 100


async def read_by_id(client: Client, read: Read, *, api: str, split: SplitPage) -> AsyncGenerator[Page | ReadEnd, None]:
    """Yield one page for each call, then a ReadEnd.

    Raises WindowRefused when a single conversation is too large, else as ports.Source.read.
    """
    tally = Tally()
    seen: set[str] = set()
    pages = filled = unique = repeated = 0
    batches = deque(read.ids[start : start + IDS_PER_CALL] for start in range(0, len(read.ids), IDS_PER_CALL))
    while batches:
        ids = batches.popleft()
        request = by_id_request(api, ids, request_id=read.request_id, read=read.kind)
        try:
            reply = await client.ask(request, split, tally=tally, heavy=True)
        except TooHeavy as heavy:
            if len(ids) == 1:
                raise heavy.error from heavy
            middle = len(ids) // 2
            batches.extendleft((ids[middle:], ids[:middle]))
            continue
        pages += 1
        filled += bool(reply.value.conversations)
        for found in reply.value.conversations:
            known = found.id is not None and found.id in seen
            repeated += known
            unique += not known
            seen.add(found.id or "")
        yield page_of(pages, reply)
    yield ReadEnd(
        verdict=Verdict.PROVISIONAL if repeated else Verdict.COMPLETE,
        pages=pages,
        filled=filled,
        attempts=tally.attempts,
        unique=unique,
        repeated=repeated,
        first_hits=None,
        last_hits=None,
    )
