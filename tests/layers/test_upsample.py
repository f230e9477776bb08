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


@pytest.mark.parametrize(("scale", "convolutions"), [(1, 0), (2, 1), (3, 1), (4, 2), (8, 3)])
def test_width_groups_and_activation_are_as_asked(scale, convolutions):
    upsample = Upsample(6, scale, 4, groups=2, activation=True)
    found = [layer for layer in upsample if isinstance(layer, nn.Conv2d)]
    assert [layer.in_channels for layer in found] == [6, 4, 4][:convolutions]
    assert all(layer.groups == 2 for layer in found)
    assert [type(layer) for layer in upsample] == [nn.Conv2d, nn.ReLU, nn.PixelShuffle] * convolutions
    assert upsample(torch.rand(1, 6, 3, 2)).shape == (1, upsample.width, 3 * scale, 2 * scale)


@pytest.mark.parametrize(("width", "groups"), [(None, 4), (4, 3), (4, 0)])
def test_groups_that_do_not_divide_are_refused(width, groups):
    with pytest.raises(ConfigError, match=f"groups={groups}"):
        Upsample(6, 2, width, groups)
