"""Efficient channel attention: which channels a gate depends on."""

from __future__ import annotations

import pytest
import torch

from restore.attention import EfficientChannelAttention, efficient_kernel_size
from restore.errors import ConfigError
from tests.parity.rules import fill
from tests.timm_layers import adopt, assert_equals, timm_layers


@pytest.mark.parametrize(
    ("channels", "size"), [(1, 1), (2, 1), (8, 3), (16, 3), (64, 3), (128, 5), (256, 5), (512, 5), (2048, 7)]
)
def test_kernel_size_follows_the_paper(channels, size):
    assert efficient_kernel_size(channels) == size
    assert EfficientChannelAttention(channels).excite.weight.shape == (1, 1, size)


@pytest.mark.parametrize("shared", [True, False])
def test_neighbors_beyond_the_ends_are_zero(shared):
    module = EfficientChannelAttention(6, kernel_size=5, shared=shared)
    weight = torch.zeros_like(module.excite.weight)
    weight[..., 4] = 1  # two channels up
    module.excite.weight.data = weight
    x = torch.rand(2, 6, 3, 4)
    expected = torch.cat([x.mean((2, 3))[:, 2:], torch.zeros(2, 2)], dim=1).sigmoid()
    torch.testing.assert_close(module.gate(x)[..., 0, 0], expected)


def test_equal_kernels_are_a_shared_one():
    shared = fill(EfficientChannelAttention(16, 3))
    apart = EfficientChannelAttention(16, 3, shared=False)
    apart.excite.weight.data = shared.excite.weight.data.repeat(16, 1, 1)
    x = torch.rand(2, 16, 3, 4)
    torch.testing.assert_close(apart(x), shared(x))


def test_without_sharing_a_kernel_moves_its_own_channel_alone():
    module, x = fill(EfficientChannelAttention(8, 3, shared=False)), torch.rand(1, 8, 3, 4)
    before = module(x)
    module.excite.weight.data[5] += 1
    changed = (module(x) != before).any(dim=(0, 2, 3))
    assert changed.nonzero().flatten().tolist() == [5]


def test_kernel_may_be_wider_than_the_channels():
    assert EfficientChannelAttention(2, kernel_size=7)(torch.rand(1, 2, 3, 3)).shape == (1, 2, 3, 3)


@pytest.mark.parametrize("size", [-1, 0, 4])
def test_even_sizes_are_refused(size):
    with pytest.raises(ConfigError, match=f"kernel_size={size}"):
        EfficientChannelAttention(16, size)


@pytest.mark.parametrize(("height", "width"), [(5, 4), (1, 1), (16, 9)])
@pytest.mark.parametrize(("channels", "options"), [(8, {}), (64, {}), (256, {}), (6, {"kernel_size": 7})], ids=str)
def test_equals_timm(channels, options, height, width):
    theirs = timm_layers().EcaModule(**(options or {"channels": channels}))
    ours = EfficientChannelAttention(channels, **options)
    adopt(ours, theirs, {"conv": "excite"})
    assert_equals(ours, theirs, 2, channels, height, width)


def test_kernel_size_is_timm_s_from_eight_channels():
    """Below, timm takes 3 at least, and the paper's equation says 1."""
    for channels in (*range(1, 65), 127, 128, 511, 512, 1000, 2048):
        theirs = timm_layers().EcaModule(channels).conv.kernel_size[0]
        assert (efficient_kernel_size(channels), theirs) == ((1, 3) if channels < 8 else (theirs, theirs))
