"""How much memory this process has. Knows the standard library alone, and imports little: W1 counts every import."""

from __future__ import annotations

import sys


def rss_mb() -> float:
    """Megabytes of this process in memory now; where the system does not tell, the most they ever were."""
    return _status_mb("VmRSS")


def peak_mb() -> float:
    """The most megabytes that this process ever had in memory."""
    return _status_mb("VmHWM")


def _status_mb(name: str) -> float:
    from pathlib import Path

    # Not `ru_maxrss` where there is a choice: on Linux a child inherits its parent's.
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text("ascii", "replace").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024 * 1024 if sys.platform == "darwin" else 1024)
