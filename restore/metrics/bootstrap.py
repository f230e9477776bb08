"""How far the mean over a test set may lie from the mean over all such pictures: a bootstrap interval.

Method: Efron and Tibshirani, "An Introduction to the Bootstrap", Chapman & Hall 1993, chapter 13, the percentile
interval.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from restore.errors import ConfigError, ShapeError

_AT_ONCE = 4_000_000  # drawn values in memory at a time


@dataclass(frozen=True)
class Interval:
    """Where the mean lies with a given confidence, and how that was found."""

    low: float
    high: float
    confidence: float
    """0.95: of 100 test sets that are drawn alike, about 95 give an interval that holds the true mean."""
    resamples: int
    """How often as many pictures as there are were drawn, with replacement."""
    seed: int
    method: str = "percentile bootstrap over pictures"


def bootstrap_interval(
    values: Tensor, confidence: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> Interval | None:
    """The percentile bootstrap interval of the mean of one value a picture.

    For two models on the same pictures, give the differences picture by picture: that is the paired interval, and
    narrower than what the two intervals suggest, because a hard picture is hard for both.

    Args:
        values: (number of pictures,), in any unit.
        confidence: between 0 and 1.
        resamples: how many means are drawn; 1000 or more for two digits.
        seed: the same values and seed give the same interval.

    Returns:
        None where there is none: of fewer than two pictures, or where a value is infinite (equal pictures).

    Raises:
        ShapeError: values are not one a picture.
        ConfigError: the confidence lies outside 0 to 1, or there is no resample.

    Example:
        >>> found = bootstrap_interval(torch.tensor([30.0, 31.0, 32.0]))
        >>> (found.low, found.high)
        (30.0, 32.0)
    """
    if values.dim() != 1:
        raise ShapeError(f"bootstrap_interval expects (number of pictures,), got {tuple(values.shape)}.")
    if not 0 < confidence < 1 or resamples < 1:
        raise ConfigError(
            f"A bootstrap needs a confidence between 0 and 1 and at least one resample, got {confidence}, {resamples}."
        )
    count = len(values)
    if count < 2 or not bool(values.isfinite().all()):
        return None
    known = values.detach().to("cpu", torch.float64)
    generator = torch.Generator().manual_seed(seed)
    means = []
    for start in range(0, resamples, step := max(1, _AT_ONCE // count)):
        shape = (min(step, resamples - start), count)
        means.append(known[torch.randint(count, shape, generator=generator)].mean(dim=1))  # (resamples at once,)
    tails = torch.tensor([(1 - confidence) / 2, (1 + confidence) / 2], dtype=torch.float64)
    low, high = torch.quantile(torch.cat(means), tails).tolist()
    return Interval(low, high, confidence, resamples, seed)
