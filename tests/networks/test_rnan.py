"""RNAN: its two forms, its slots, odd sizes."""

from __future__ import annotations

import pytest
import torch

from restore.attention import ChannelAttention, MaskAttention, NonLocalAttention, no_attention
from restore.errors import ConfigError
from restore.inference.cost import multiply_adds
from restore.networks import RNAN
from tests.parity.rules import fill


def small(**options) -> RNAN:
    return RNAN(**{"width": 4, "groups": 3} | options)


def test_the_first_and_the_last_group_are_the_non_local_ones():
    network = small(groups=4)
    far = [module for module in network.modules() if isinstance(module, NonLocalAttention)]
    assert far == [network.low[0].attention.non_local, network.high[0].attention.non_local]
    assert {module.normalize_over for module in far} == {"queries"}
    assert sum(isinstance(module, MaskAttention) for module in network.modules()) == 4
    other = small(groups=4, attention=lambda c: ChannelAttention(c, 2), non_local_attention=no_attention)
    assert isinstance(other.groups[0][0].attention, ChannelAttention)
    assert not any(isinstance(module, MaskAttention) for module in other.modules())


def test_restoration_adds_the_picture_and_super_resolution_the_first_features():
    picture = torch.rand(1, 3, 4, 6)
    same, larger = small().eval(), small(scale=2, mean=[]).eval()
    for network in (same, larger):
        torch.nn.init.zeros_(network.high[1].weight)
        torch.nn.init.zeros_(network.high[1].bias)
    torch.nn.init.zeros_(same.tail.bias)
    torch.testing.assert_close(same(picture), picture)
    expected = larger.tail(larger.upsample(larger.head(255 * picture))) / 255
    torch.testing.assert_close(larger(picture), expected)


def test_odd_sides_are_padded_by_reflection():
    network = fill(small(pixel_range=1)).eval().double()
    picture = torch.rand(1, 3, 7, 5, dtype=torch.float64)
    mirrored = torch.nn.functional.pad(picture, (0, 1, 0, 1), mode="reflect")
    torch.testing.assert_close(network(picture), network(mirrored)[..., :7, :5], rtol=1e-12, atol=1e-12)
    assert network.multiple_of == 2


def test_a_mean_may_be_shifted_at_scale_1_as_well():
    network = small(mean=[0.4, 0.5, 0.6]).eval()
    torch.nn.init.zeros_(network.tail.weight)
    torch.nn.init.zeros_(network.tail.bias)
    picture = torch.rand(1, 3, 4, 4)
    torch.testing.assert_close(network(picture), picture, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("options", [{"groups": 1}, {"width": 0}, {"image_channels": 0}, {"scale": 5}])
def test_impossible_options_are_refused(options):
    with pytest.raises(ConfigError):
        small(**options)


@pytest.mark.parametrize(("scale", "image_channels"), [(1, 1), (1, 3), (2, 1), (2, 3)])
def test_only_colour_super_resolution_shifts_the_mean_by_itself(scale, image_channels):
    assert small(scale=scale, image_channels=image_channels).shifts == (scale > 1 and image_channels == 3)


def test_multiply_adds_are_those_of_the_authors_network():
    assert multiply_adds(RNAN(), torch.empty(1, 3, 48, 48)) == pytest.approx(14.876246e9 + 0.679477e9, abs=1e3)
