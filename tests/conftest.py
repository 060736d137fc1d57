"""What every test may ask for (see the plugins), and that REQUIRE_ALL=1 leaves no test out."""

from __future__ import annotations

pytest_plugins = ("tests.support.required", "tests.support.broker")
