"""From the settings to what decides the cost."""

from __future__ import annotations

from producer.app import HEAD_SHARE, client_options
from producer.planning.cost import Rules
from producer.settings import Settings


def rules_of(settings: Settings) -> Rules:
    """What capture costs is decided by these settings and the volume."""
    capture, options = settings.capture, client_options(settings)
    return Rules(
        budget=options.limiter.cap,
        head_share=HEAD_SHARE,
        page_size=options.page_size,
        hit_bound=options.hit_bound,
        poll_interval=capture.poll_interval,
        overlap=capture.overlap,
        catch_up_slice=capture.catch_up_slice,
        ages=capture.rereads,
    )
