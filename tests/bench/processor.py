"""Where processes run and what they have used: Linux only."""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path


def supported() -> str:
    """Why this machine cannot measure; "" when it can."""
    if sys.platform != "linux":
        return (
            "make bench reads the CPU clocks of other processes and ties each process to one CPU. Both need Linux, and "
            f"this is {sys.platform}: run it on a Linux machine or in a container."
        )
    return ""


def others() -> str:
    """A remark when other programs are at work here, else "". Ask before the bench's own processes start."""
    load, cpus = os.getloadavg()[0], os.cpu_count() or 1
    if load < cpus / 4:
        return ""
    return (
        f"Other programs are busy on this machine (load {load:.1f} on {cpus} CPUs): costs are still fair, "
        "but latencies are then mostly waiting for the CPU."
    )


def cpu_s(pid: int) -> float:
    """Seconds of CPU that a process has used, all its threads, in user and kernel.

    This is the clock that clock_getcpuclockid(3) names; it counts in ns, where /proc/<pid>/stat counts in ticks of 10 ms.
    """
    return time.clock_gettime(~pid << 3 | 2)


def rss_mb(pid: int) -> float:
    """The memory of a process that lies in RAM, in MiB."""
    status = Path("/proc", str(pid), "status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def files_most(pid: int) -> int:
    """How many files a process may have open, sockets among them: its soft limit."""
    return resource.prlimit(pid, resource.RLIMIT_NOFILE)[0]


def places() -> tuple[set[int], set[int]]:
    """The CPU of what is measured (server, Redis, producer) and that of the load client; the same if there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return {allowed[0]}, {allowed[1] if len(allowed) > 1 else allowed[0]}


def move_to(cpus: set[int]) -> None:
    """Tie the calling process, and what it starts from now on, to these CPUs."""
    os.sched_setaffinity(0, cpus)
