"""ESA: small maps and reach."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from restore.attention import EnhancedSpatialAttention
from restore.errors import ConfigError
from tests.parity.rules import fill


@pytest.mark.parametrize(("h", "w"), [(1, 1), (14, 14), (3, 40), (33, 9)])
def test_small_maps_are_continued_by_their_border(h, w):
    module = fill(EnhancedSpatialAttention(8)).double().eval()
    x = torch.randn(1, 8, h, w, dtype=torch.float64)
    padded = F.pad(x, (0, max(15 - w, 0), 0, max(15 - h, 0)), mode="replicate")
    torch.testing.assert_close(module(x), module(padded)[..., :h, :w])


def test_at_15_pixels_one_cell_sees_all():
    module = fill(EnhancedSpatialAttention(4)).double().eval()
    x = torch.randn(1, 4, 15, 15, dtype=torch.float64)
    squeezed = module.squeeze(x)
    pooled = module.strided(squeezed).amax((2, 3), keepdim=True)
    far = module.conv3(module.conv2(module.conv1(pooled).relu()).relu())
    torch.testing.assert_close(module.gate(x), module.excite(far + module.skip(squeezed)).sigmoid())


@pytest.mark.parametrize("size", [15, 20, 27, 44, 104, 131])
def test_reaches_no_further_than_it_says(size):
    module = fill(EnhancedSpatialAttention(4, 1)).double().eval()
    for parameter in module.parameters():
        parameter.data.abs_().mul_(0.5)  # no ReLU hides a pixel
    furthest = 0
    for y in (0, size // 2, size - 1) * 4:  # a maximum hides most pixels of one picture
        x = torch.rand(1, 4, 1, size, dtype=torch.float64, requires_grad=True)
        module.gate(x)[..., y].sum().backward()
        seen = x.grad.abs().sum((0, 1, 2)).nonzero().flatten()
        furthest = max(furthest, int((seen - y).abs().max()))
    assert min(module.context, size) / 2 < furthest <= module.context


@pytest.mark.parametrize("reduction", [0, 17])
def test_reduction_out_of_range_is_refused(reduction):
    with pytest.raises(ConfigError, match=f"reduction={reduction}"):
        EnhancedSpatialAttention(16, reduction)
