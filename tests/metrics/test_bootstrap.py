"""The bootstrap interval: closed forms, scipy's, and how often it holds the truth."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from restore.errors import ConfigError, ShapeError
from restore.metrics import bootstrap_interval


def decibels(count, seed=0):
    return 30 + 3 * torch.randn(count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_agrees_with_scipy():
    values = decibels(20)
    found = bootstrap_interval(values, resamples=50_000)
    theirs = stats.bootstrap((values.numpy(),), np.mean, n_resamples=50_000, method="percentile", rng=1)
    expected = theirs.confidence_interval
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.03)
    assert found.low < values.mean() < found.high


def test_two_pictures_are_drawn_together_one_time_in_four():
    values = torch.tensor([0.0, 1.0])  # means 0, 1/2, 1 come with chances 1/4, 1/2, 1/4
    half = bootstrap_interval(values, confidence=0.4)
    assert (half.low, half.high) == (0.5, 0.5)
    most = bootstrap_interval(values, confidence=0.6)
    assert (most.low, most.high) == (0.0, 1.0)


def test_the_truth_lies_inside_as_often_as_promised():
    inside = 0
    for seed in range(300):
        found = bootstrap_interval(decibels(30, seed), confidence=0.9, resamples=400)
        inside += found.low <= 30 <= found.high
    assert 0.83 <= inside / 300 <= 0.95  # a little below 0.9, as the percentile interval is known to be for few values


def test_the_same_seed_gives_the_same_interval_and_another_seed_another():
    values = decibels(15)
    assert bootstrap_interval(values) == bootstrap_interval(values.float().double() * 0 + values)
    assert bootstrap_interval(values, seed=1).low != bootstrap_interval(values).low
    state = torch.get_rng_state()
    bootstrap_interval(values)
    assert torch.equal(torch.get_rng_state(), state)


def test_the_paired_interval_is_narrower_than_that_of_either():
    first = decibels(25)
    second = first + 0.1 + 0.02 * decibels(25, seed=5).sub(30)
    paired, alone = bootstrap_interval(second - first), bootstrap_interval(first)
    assert paired.low > 0
    assert paired.high - paired.low < (alone.high - alone.low) / 20


@pytest.mark.parametrize("values", [[], [30.0], [30.0, float("inf")]])
def test_where_there_is_no_interval(values):
    assert bootstrap_interval(torch.tensor(values)) is None


def test_mistakes_are_told():
    with pytest.raises(ShapeError, match="number of pictures"):
        bootstrap_interval(torch.zeros(2, 2))
    with pytest.raises(ConfigError, match="confidence"):
        bootstrap_interval(torch.zeros(3), confidence=95)
