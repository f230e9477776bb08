"""Compact generalized non-local attention: its kernels, its groups, its cost."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from restore.attention import CompactNonLocalAttention
from restore.errors import ConfigError
from tests.attention.memory import Memory
from tests.parity.rules import fill


def picture(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2 - 1


@pytest.mark.parametrize("kernel", ["dot", "gaussian"])
@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("groups", [1, 4])
def test_sums_of_pairs_are_what_forward_computes(kernel, scaled, groups):
    module = fill(CompactNonLocalAttention(8, groups=groups, kernel=kernel, scaled=scaled)).double()
    x = picture(2, 8, 3, 4)
    pairs = module.affinity(x)
    assert pairs.shape == (2, 4 * 4 // groups, 12, 12)
    torch.testing.assert_close(module.gather(x, pairs), module(x), rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(module.affinity(x, at=(2, 1)).flatten(2), pairs[:, :, 9])


def identity(**options) -> CompactNonLocalAttention:
    """One channel that is its own query, key and value."""
    module = CompactNonLocalAttention(1, width=1, groups=1, **options).double()
    for conv in (module.query, module.key, module.value):
        nn.init.ones_(conv.weight)
    return module


def test_dot_kernel_is_a_product():
    x = picture(1, 1, 2, 3)
    torch.testing.assert_close(identity().affinity(x)[0, 0], x.flatten()[:, None] * x.flatten())


def test_gaussian_kernel_is_a_gaussian_where_lengths_are_one():
    x = torch.tensor([1.0, -1.0, -1.0, 1.0], dtype=torch.float64).view(1, 1, 2, 2)
    distance = (x.flatten()[:, None] - x.flatten()) ** 2
    torch.testing.assert_close(
        identity(kernel="gaussian", order=4).affinity(x)[0, 0], torch.exp(-1e-4 * distance), rtol=1e-14, atol=0
    )


def test_scale_is_the_root_of_the_number_of_terms():
    x = picture(1, 8, 3, 4)
    plain, scaled = (fill(CompactNonLocalAttention(8, groups=2, scaled=s)).double().affinity(x) for s in (False, True))
    torch.testing.assert_close(scaled * math.sqrt(2 * 12), plain)


@pytest.mark.parametrize("kernel", ["dot", "gaussian"])
def test_memory_grows_with_the_places(kernel):
    module, x = fill(CompactNonLocalAttention(16, kernel=kernel)), torch.rand(1, 16, 32, 32, requires_grad=True)
    with Memory() as memory:
        module(x).sum().backward()
    assert memory.largest <= x.numel()


def test_is_as_large_as_the_authors():
    module = CompactNonLocalAttention(1024, width=512, groups=8)
    assert sum(parameter.numel() for parameter in module.parameters()) == 1640448


@pytest.mark.parametrize(
    "options", [{"groups": 3}, {"groups": 0}, {"width": 0}, {"width": 12}, {"kernel": "rbf"}, {"order": 0}], ids=str
)
def test_wrong_options_are_refused(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        CompactNonLocalAttention(16, **options)
