"""Names for what travels between the rooms."""

from __future__ import annotations

from typing import Required, TypedDict

from torch import Tensor


class Batch(TypedDict, total=False):
    """What a data set yields and a task receives.

    `target` is uint8 (N, C, H, W) as it leaves the loader and float [0, 1] once the task has it on
    its device; `degraded` is filled there by the task's degradation unless the data is paired.
    """

    target: Required[Tensor]
    """The clean pictures."""
    degraded: Tensor
    """What the network gets, float [0, 1], (N, C, h, w); paired data brings it, else the task makes it."""
    sigma: Tensor
    """(N,) noise levels in [0, 1], that is grey levels / 255, for a network that is told the level."""
    name: Required[list[str]]
    """One name a picture, for messages and file names."""
    index: Required[Tensor]
    """(N,) int64, the place of each picture in its set: it seeds the picture's degradation."""
