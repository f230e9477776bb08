"""RCAN: published sizes, the attention slot, the range of its weights."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.attention import Attention, ChannelAttention, NoAttention
from restore.layers import DIV2K_MEAN
from restore.networks import RCAN

PUBLISHED = {2: 15_444_643, 3: 15_629_283, 4: 15_592_355, 8: 15_740_067}
"""Parameters of the authors' networks, mean shift apart, by scale."""


@pytest.mark.parametrize("scale", PUBLISHED)
def test_has_as_many_parameters_as_published(scale):
    with torch.device("meta"):
        network = RCAN(scale=scale)
    assert sum(parameter.numel() for parameter in network.parameters()) == PUBLISHED[scale]


def test_small_one_has_as_many_parameters_as_the_authors():
    network = RCAN(scale=2, width=16, groups=2, blocks=2, attention=lambda channels: ChannelAttention(channels, 4))
    assert sum(parameter.numel() for parameter in network.parameters()) == 36_275


def test_attention_is_built_once_a_block():
    calls: list[int] = []

    def attention(channels: int) -> Attention:
        calls.append(channels)
        return ChannelAttention(channels, reduction=3)

    network = RCAN(width=6, groups=2, blocks=3, attention=attention)
    found = [module for module in network.modules() if isinstance(module, Attention)]
    assert calls == [6] * 6
    assert len({id(module) for module in found}) == 6
    assert all(isinstance(module, ChannelAttention) for module in found)


@pytest.mark.parametrize("attention", [NoAttention, lambda channels: NoAttention(channels)], ids=["class", "function"])
def test_attention_can_be_taken_out(attention):
    network = RCAN(width=6, groups=1, blocks=2, attention=attention)
    assert not any("attention" in name for name, _ in network.named_parameters())
    assert network(torch.rand(1, 3, 4, 4)).shape == (1, 3, 16, 16)


def test_context_grows_with_the_attention():
    class Near(NoAttention):
        context = 5

    plain = RCAN(width=6, groups=2, blocks=3, attention=NoAttention)
    assert RCAN(width=6, groups=2, blocks=3, attention=Near).context == plain.context + 2 * 3 * 5


def test_mean_shift_is_buffers_and_not_trained():
    network = RCAN(width=16, groups=1, blocks=1)
    shifts = {name for name, _ in network.named_buffers()}
    assert shifts == {"subtract_weight", "subtract_bias", "add_weight", "add_bias"}
    assert not any("shift" in name or "mean" in name for name, _ in network.named_modules())
    assert torch.equal(network.add_bias, 255 * torch.tensor(DIV2K_MEAN))


def test_without_weights_the_result_is_the_mean_colour():
    network = RCAN(width=16, groups=1, blocks=1)
    nn.init.zeros_(network.tail.weight)
    nn.init.zeros_(network.tail.bias)
    restored = network(torch.rand(1, 3, 2, 3))
    torch.testing.assert_close(restored, torch.tensor(DIV2K_MEAN)[None, :, None, None].expand(1, 3, 8, 12))


def test_range_of_the_weights_is_inside_only():
    wide, unit = (RCAN(width=16, groups=1, blocks=1, pixel_range=pixel_range).double() for pixel_range in (255.0, 1.0))
    unit.load_state_dict(wide.state_dict() | {k: v for k, v in unit.state_dict().items() if k.endswith("_bias")})
    unit.head.weight.data.mul_(255)
    unit.tail.weight.data.div_(255)
    unit.tail.bias.data.div_(255)
    degraded = torch.rand(1, 3, 5, 4, dtype=torch.float64)
    torch.testing.assert_close(wide(degraded), unit(degraded), rtol=1e-6, atol=1e-6)


def test_gray_has_no_shift():
    assert not RCAN(image_channels=1, width=16, groups=1, blocks=1).shifts
    assert RCAN(image_channels=1, width=16, groups=1, blocks=1, mean=[0.4]).shifts


def test_mean_shift_stays_float32_under_autocast():
    network = RCAN(width=16, groups=1, blocks=1).eval()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert network(torch.rand(1, 3, 4, 4)).dtype == torch.float32
