"""What every test may ask for (see the plugins), and that REQUIRE_ALL=1 leaves no test out.

Properties are tried on the same examples in every run, so that a failure is the change's and not the dice's;
HYPOTHESIS_PROFILE=explore rolls them anew.
"""

from __future__ import annotations

import os
import signal

from hypothesis import settings

pytest_plugins = ("tests.support.required", "tests.support.broker")

settings.register_profile("steady", derandomize=True, deadline=None, database=None)
settings.register_profile("explore", max_examples=1_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell starts what it puts in the background so, and programs
    signal.signal(signal.SIGINT, signal.default_int_handler)  # that tests start and interrupt would inherit it
