"""Serves a simulated organisation, in this process or as a program.

async with serve(SimulatorOptions(seed=7)) as simulator:
    simulator.url
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

from aiohttp import web

from producer.simulator.administration import Administration
from producer.simulator.cassette import Cassette
from producer.simulator.clock import Clock, VirtualClock
from producer.simulator.faults import Fault, Trouble
from producer.simulator.front import LARGEST_REQUEST, Front
from producer.simulator.gateway import PREFIX, Gateway
from producer.simulator.options import SimulatorOptions
from producer.simulator.organisation import Organisation
from producer.simulator.platform import Platform
from producer.simulator.playback import Playback
from producer.simulator.population import millis_of

_GRACE = 0.5
"""Seconds that answers under way get when the simulator stops."""


class Simulator:
    """A running simulator: where it is, and what may be done to it while it runs."""

    def __init__(self, url: str, organisation: Organisation, front: Front) -> None:
        self.url = url
        """`http://host:port`, for login and API alike."""
        self.gateway_url = url + PREFIX
        """The same organisation in the token dialect."""
        self.organisation = organisation
        self.front = front

    @property
    def clock(self) -> Clock:
        """The organisation's clock."""
        return self.front.clock

    def inject(self, kind: Trouble | str, **conditions: object) -> None:
        """Put a fault into force: `inject("stall", path="/details/query", times=1, seconds=5)`."""
        self.front.faults.add(Fault.of({"kind": kind, **conditions}))

    def clear_faults(self) -> None:
        """Take all faults out of force."""
        self.front.faults.clear()

    def revoke_tokens(self) -> None:
        """End all tokens; new ones can be had."""
        self.front.tokens.revoke()

    def rotate_secret(self, secret: str) -> None:
        """Accept only this secret from now on, and end all tokens."""
        self.front.secret = secret
        self.front.tokens.revoke()

    def permit(self, *, allowed: bool) -> None:
        """Give the client the permission for conversation details, or take it away."""
        self.front.permission = allowed

    def limit(self, per_minute: int, *, notice: timedelta = timedelta(0)) -> None:
        """Change the rate limit: headers tell of it now, it holds after the notice on the organisation's clock."""
        self.front.quotas.change(per_minute, self.clock.now(), millis_of(notice.total_seconds()))

    def share(self, part: float) -> None:
        """Let another client on the same token ask for this part of the limit from now on."""
        self.front.quotas.other_share = part


@contextlib.asynccontextmanager
async def serve(options: SimulatorOptions | None = None, clock: Clock | None = None) -> AsyncIterator[Simulator]:
    """Serve until the block is left. Raises OSError when the port is taken."""
    options = options or SimulatorOptions()
    clock = clock or VirtualClock(options.origin, options.epoch, options.speed)
    organisation = Organisation(options)
    front = Front(options, clock)
    application = web.Application(client_max_size=LARGEST_REQUEST)
    application.add_routes(Administration(organisation, front).routes())
    platform = Platform(options, organisation, front)
    if options.cassette:
        application.add_routes(Playback(Cassette(options.cassette), platform, front).routes())
    else:
        application.add_routes(Gateway(options, organisation, front).routes())
        application.add_routes(platform.routes())
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=_GRACE)
    await runner.setup()
    try:
        site = web.TCPSite(runner, options.host, options.port)
        await site.start()
        host, port = runner.addresses[0][:2]
        yield Simulator(f"http://{host}:{port}", organisation, front)
    finally:
        await runner.cleanup()
        front.answers.close()
