"""From the settings to what decides the cost."""

from __future__ import annotations

from producer.model.reads import ReadKind
from producer.options import client_options, lane_policy
from producer.planning.cost import Rules
from producer.settings import Settings

NEVER_SPLIT = 1 << 62
"""Without a number of hits no window is known to hold too much: the token dialect follows its cursor to the end."""


def rules_of(settings: Settings) -> Rules:
    """What capture costs is decided by these settings and the volume."""
    lane, options = lane_policy(settings), client_options(settings)
    head = lane.reads.head
    return Rules(
        budget=options.limiter.cap,
        head_share=lane.reads.head_share,
        backfill_share=lane.shares[ReadKind.BACKFILL],
        page_size=options.page_size,
        hit_bound=options.hit_bound if lane.watch.by_id else NEVER_SPLIT,
        poll_interval=lane.reads.poll_interval,
        overlap=head.overlap,
        catch_up_slice=head.catch_up_slice,
        ages=lane.ages,
        watch=lane.watch,
    )
