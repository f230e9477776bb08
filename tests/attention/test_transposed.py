"""Transposed attention: brightness, rows, memory."""

from __future__ import annotations

import pytest
import torch

from restore.attention import TransposedAttention
from restore.errors import ConfigError
from tests.parity.rules import fill

from .memory import Memory


def test_affinity_does_not_depend_on_the_brightness():
    module, x = fill(TransposedAttention(8, heads=2)).double(), torch.rand(2, 8, 5, 6, dtype=torch.float64)
    torch.testing.assert_close(module.affinity(3 * x), module.affinity(x))
    torch.testing.assert_close(module(3 * x), 3 * module(x))


def test_a_row_of_the_affinity_sums_to_one():
    affinity = fill(TransposedAttention(12, heads=3, bias=True)).affinity(torch.rand(2, 12, 5, 6))
    assert affinity.shape == (2, 3, 4, 4)
    torch.testing.assert_close(affinity.sum(-1), torch.ones(2, 3, 4))


def test_memory_grows_with_the_map():
    module = fill(TransposedAttention(8, heads=2))
    for side in (16, 32):
        with Memory() as memory:
            module(torch.rand(1, 8, side, side).requires_grad_()).sum().backward()
        assert memory.largest == 3 * 8 * side * side


def test_without_bias_there_is_none():
    assert [name for name, _ in TransposedAttention(8).named_parameters() if "bias" in name] == []


def test_heads_must_divide():
    with pytest.raises(ConfigError, match="heads=3"):
        TransposedAttention(8, heads=3)
