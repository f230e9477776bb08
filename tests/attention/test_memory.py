"""The recorder itself: it sees what is made, and when it dies."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from .memory import Memory

KIB = 1024


def test_peak_counts_what_lives_together():
    x = torch.zeros(256)  # 1 KiB, there before
    with Memory() as memory:
        for _ in range(5):
            y = x + 1
            y = y * 2  # two at one time
            del y
    assert memory.peak == 2 * KIB
    assert memory.largest == 256


def test_views_and_in_place_make_nothing():
    x = torch.zeros(256)
    with Memory() as memory:
        x.view(16, 16).mul_(2)
    assert memory.peak == memory.largest == 0


def test_backward_is_seen():
    x = torch.rand(256, requires_grad=True)
    with Memory() as memory:
        loss = (x[:, None] * x).sin().sum()
        forward = memory.peak
        loss.backward()
    assert forward >= 2 * 256 * KIB  # the product, saved for backward, and its sine
    assert memory.peak > forward
    assert memory.largest == 256 * 256


@pytest.mark.parametrize(("width", "matrix"), [(8, False), (16, True)])
def test_fused_attention_has_no_matrix_and_the_plain_one_has(width, matrix):
    query, key = torch.rand(1, 1, 64, 8), torch.rand(1, 1, 64, 8)
    value = torch.rand(1, 1, 64, width)  # another width than the query's: no fused kernel on the CPU
    with Memory() as memory:
        F.scaled_dot_product_attention(query, key, value, scale=1.0)
    assert (memory.largest >= 64 * 64) == matrix
