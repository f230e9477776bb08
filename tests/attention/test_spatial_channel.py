"""SCA-CNN: weights that sum to one, order, rescaling, memory."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.attention import SpatialChannelAttention
from restore.errors import ConfigError
from tests.parity.rules import fill

from .memory import Memory

ORDERS = ("channel-spatial", "spatial-channel")


@pytest.mark.parametrize("order", ORDERS)
def test_weights_sum_to_one(order):
    module = fill(SpatialChannelAttention(8, 6, order)).double()
    channel, spatial = module.weights(torch.randn(2, 8, 5, 4, dtype=torch.float64))
    torch.testing.assert_close(channel.sum((1, 2, 3)), torch.ones(2, dtype=torch.float64))
    torch.testing.assert_close(spatial.sum((1, 2, 3)), torch.ones(2, dtype=torch.float64))


@pytest.mark.parametrize("order", ORDERS)
def test_equal_weights_and_rescaling_leave_the_input_alone(order):
    module = SpatialChannelAttention(8, 6, order, rescale=True)
    for part in (module.channel, module.spatial):
        nn.init.zeros_(part.score_weight)
    x = torch.randn(2, 8, 5, 4)
    torch.testing.assert_close(module(x), x)
    module.rescale = False
    torch.testing.assert_close(module(x), x / (8 * 5 * 4))


def test_the_second_score_sees_what_the_first_left():
    first, second = (fill(SpatialChannelAttention(8, 6, order)).double() for order in ORDERS)
    x = torch.randn(1, 8, 5, 4, dtype=torch.float64)
    channel, spatial = first.weights(x)
    torch.testing.assert_close(spatial, second.weights(x * channel)[1])
    other_channel, other_spatial = second.weights(x)
    torch.testing.assert_close(other_channel, first.weights(x * other_spatial)[0])
    assert not torch.allclose(spatial, other_spatial)


def test_a_map_takes_no_more_than_width_numbers_a_pixel():
    module = fill(SpatialChannelAttention(16, 32))
    x = torch.rand(1, 16, 24, 24, requires_grad=True)
    with Memory() as memory:
        module(x).sum().backward()
    assert memory.largest <= 24 * 24 * 32


@pytest.mark.parametrize(("options", "said"), [({"width": 0}, "width=0"), ({"order": "C-S"}, "order='C-S'")])
def test_other_options_are_refused(options, said):
    with pytest.raises(ConfigError, match=said):
        SpatialChannelAttention(8, **options)
