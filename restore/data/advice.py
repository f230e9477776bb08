"""What to change where a network waits for its pictures."""

from __future__ import annotations

import math
import os

WAITS = 0.1
"""The share of the time spent waiting from which on a run is told what to change."""


def usable_cores() -> int:
    """Those this process may use, where the system tells, else all."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def advise(
    share: float,
    workers: int,
    cores: int,
    patch_size: int,
    decoded_each_time: int = 0,
    cache: str = "disk",
    wanted: float | None = None,
    rate: float | None = None,
) -> list[str]:
    """What would make a run wait less, the most useful first; [] where it hardly waits.

    Args:
        share: of the time spent waiting for pictures, 0 to 1.
        workers: loading processes of each process of the run.
        cores: that each process of the run may use.
        patch_size: side of a patch in degraded pixels.
        decoded_each_time: how many pictures are decoded anew for every patch.
        cache: "disk", "memory", "none", or "shards".
        wanted: images a second that the network would take, where that is known.
        rate: images a second that one core makes, where that is known.
    """
    if share < WAITS:
        return []
    said = []
    if cache == "none":
        said.append("set data.init_args.cache to disk: every patch now decodes a whole picture")
    elif decoded_each_time:
        said.append(f"raise data.init_args.cache_gigabytes: {decoded_each_time} pictures are decoded for every patch")
    elif cache == "memory" and workers > 1:
        said.append("set data.init_args.cache to disk: each loading process now decodes its own copy")
    needed = workers + 1 if not (wanted and rate) else math.ceil(wanted / rate)
    if workers < min(needed, cores):
        said.append(f"set data.init_args.workers to {min(needed, cores)} (now {workers}; {cores} cores are at hand)")
    if cache == "shards":
        said.append("raise data.init_args.patches_per_picture: more patches are cut from each picture that is decoded")
    said.append(
        f"set a larger data.init_args.patch_size (now {patch_size}): "
        "the network then has more to do for each patch that is loaded"
    )
    return said
