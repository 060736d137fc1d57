"""How much memory a process held."""

from __future__ import annotations

import re
from pathlib import Path


def peak(pid: int | str = "self") -> int:
    """The most that it ever held, in KiB. Not ru_maxrss: that of a child begins with what its parent held."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1])
