"""The upsampler: scale law, order of the shuffle, refusals."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.errors import ConfigError
from restore.layers import Upsample


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 8])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 5)])
def test_enlarges_by_its_scale(scale, height, width):
    assert Upsample(2, scale)(torch.rand(2, 2, height, width)).shape == (2, 2, scale * height, scale * width)


def test_scale_one_has_no_layers():
    assert len(Upsample(4, 1)) == 0


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_equal_filters_repeat_pixels(scale):
    upsample = Upsample(1, scale)
    for layer in upsample:
        if isinstance(layer, nn.Conv2d):
            nn.init.dirac_(layer.weight, groups=layer.out_channels)
            nn.init.zeros_(layer.bias)
    x = torch.rand(1, 1, 3, 4)
    expected = x.repeat_interleave(scale, 2).repeat_interleave(scale, 3)
    torch.testing.assert_close(upsample(x), expected)


@pytest.mark.parametrize("scale", [0, -2, 5, 6, 16])
def test_other_scales_are_refused(scale):
    with pytest.raises(ConfigError, match=f"scale={scale}"):
        Upsample(4, scale)
