"""IMDN's forms, RFDN and PAN: what each promises beside the contract."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from restore.attention import Attention, ContrastChannelAttention, PixelAttention, no_attention
from restore.blocks import (
    InformationDistillationBlock,
    ResidualDistillationBlock,
    SelfCalibratedBlock,
    SixStepDistillationBlock,
)
from restore.errors import ConfigError
from restore.networks import IMDN, IMDNRTC, IMDNRTE, PAN, RFDN, IMDNAnyScale
from tests.parity.rules import fill


def zero(layer: nn.Module) -> None:
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)


def test_pan_without_its_last_layer_is_bilinear():
    network = fill(PAN(scale=3, width=4, up_width=4, blocks=1)).double()
    zero(network.tail)
    picture = torch.rand(1, 3, 4, 5, dtype=torch.float64)
    expected = F.interpolate(picture, size=(12, 15), mode="bilinear", align_corners=False)
    torch.testing.assert_close(network(picture), expected)


def test_range_of_rfdn_is_a_scaling_of_what_its_weights_see():
    network = fill(RFDN(width=8, blocks=1, pixel_range=255)).double()
    plain = RFDN(width=8, blocks=1, pixel_range=1).double()
    plain.load_state_dict(network.state_dict())
    picture = torch.rand(1, 3, 16, 17, dtype=torch.float64)
    torch.testing.assert_close(network(picture), plain(255 * picture) / 255)
    assert not torch.allclose(network(picture), plain(picture))


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 5), (8, 9), (4, 12)])
def test_any_scale_form_crops_what_the_authors_leave_rounded_up(height, width):
    network = fill(IMDNAnyScale(width=4, blocks=1, attention=no_attention)).eval()
    picture = torch.rand(1, 3, height, width)
    whole = network.uncropped(picture)
    assert whole.shape[2:] == (-(-height // 4) * 4, -(-width // 4) * 4)
    assert torch.equal(network(picture), whole[:, :, :height, :width])


def test_six_steps_keep_a_quarter_each_and_are_rectified():
    """From the formula, channel by channel, with 1x1 kernels: C = 4, so a quarter is one channel."""
    block = SixStepDistillationBlock(4, no_attention).double()
    for parameter in block.parameters():
        nn.init.zeros_(parameter)
    with torch.no_grad():
        for step in block.steps:  # each passes what is left of the input on
            for channel in range(step.in_channels):
                step.weight[step.out_channels - step.in_channels + channel, channel, 1, 1] = 1.0
        block.fuse.weight[:, :, 0, 0] = torch.arange(24.0).reshape(4, 6)
    x = torch.tensor([-1.0, 2.0, 3.0, 4.0], dtype=torch.float64).reshape(1, 4, 1, 1)
    # kept: relu(-1), then what a step puts first; 0 where only the last channels are passed on
    kept = torch.tensor([0.0, 0.0, 0.0, 2.0, 3.0, 4.0], dtype=torch.float64)
    expected = x.flatten() + torch.arange(24.0, dtype=torch.float64).reshape(4, 6) @ kept
    torch.testing.assert_close(block(x).flatten(), expected)
    with pytest.raises(ConfigError, match="multiple of 4"):
        SixStepDistillationBlock(6, no_attention)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 6), (8, 9)])
def test_halving_form_crops_the_row_that_an_odd_side_gains(height, width):
    network = fill(IMDNRTE(scale=3, width=4, blocks=1)).eval()
    picture = torch.rand(1, 3, height, width)
    whole = network.uncropped(picture)
    assert whole.shape[2:] == (-(-height // 2) * 6, -(-width // 2) * 6)
    assert torch.equal(network(picture), whole[:, :, : 3 * height, : 3 * width])


@pytest.mark.parametrize(
    ("make", "slots"),
    [
        (lambda a: IMDN(width=8, blocks=3, attention=a), [8] * 3),
        (lambda a: IMDNAnyScale(width=8, blocks=2, attention=a), [8] * 2),
        (lambda a: IMDNRTC(width=8, blocks=2, attention=a), [8] * 2),
        (lambda a: IMDNRTE(width=8, blocks=2, attention=a), [8] * 2),
        (lambda a: RFDN(width=6, blocks=2, attention=a), [6] * 2),
        (lambda a: PAN(scale=4, width=6, up_width=5, blocks=2, attention=a), [5] * 2),
        (lambda a: PAN(scale=2, width=6, up_width=5, blocks=3, calibration=a), [3] * 3),
    ],
)
def test_attention_is_built_once_a_slot(make, slots):
    calls: list[int] = []
    built: list[Attention] = []

    def attention(channels: int) -> Attention:
        calls.append(channels)
        built.append(PixelAttention(channels))
        return built[-1]

    network = make(attention)
    assert calls == slots
    inside = {id(module) for module in network.modules()}
    assert len({id(one) for one in built} & inside) == len(slots)


@pytest.mark.parametrize(
    "network",
    [
        IMDN(2, 3, 16, 1),
        IMDNAnyScale(3, 16, 1),
        IMDNRTC(2, 3, 8, 1),
        IMDNRTE(2, 3, 8, 1),
        RFDN(2, 3, 8, 1),
        PAN(2, 3, 8, 4, 1),
    ],
    ids=lambda network: type(network).__name__,
)
def test_a_few_steps_of_training_lower_the_loss(network):
    torch.manual_seed(0)
    degraded = torch.rand(2, 3, 12, 12)
    target = F.interpolate(degraded, scale_factor=network.scale) if network.scale > 1 else degraded
    optimizer = torch.optim.Adam(network.parameters(), 0.002)
    losses = []
    for _ in range(8):
        loss = F.l1_loss(network(degraded), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("cls", [InformationDistillationBlock, SelfCalibratedBlock])
def test_blocks_with_a_skip_give_their_input_where_the_last_layer_is_nought(cls):
    block = fill(cls(8, no_attention))
    zero(block.fuse if hasattr(block, "fuse") else block.project)
    x = torch.rand(1, 8, 3, 4)
    assert torch.equal(block(x), x)


def test_block_of_rfdn_has_no_skip():
    block = fill(ResidualDistillationBlock(8, no_attention))
    zero(block.fuse)
    assert not block(torch.rand(1, 8, 3, 4)).any()


def test_attention_weighs_the_kept_channels_before_they_are_fused():
    block = fill(InformationDistillationBlock(8, lambda channels: ContrastChannelAttention(channels, 2)))
    nn.init.constant_(block.attention.excite.bias, -1e4)  # every gate is shut
    x = torch.rand(1, 8, 3, 4)
    torch.testing.assert_close(block(x), x + block.fuse.bias[:, None, None])


@pytest.mark.parametrize(
    "make",
    [
        lambda: InformationDistillationBlock(6, no_attention),
        lambda: InformationDistillationBlock(0, no_attention),
        lambda: ResidualDistillationBlock(1, no_attention),
        lambda: SelfCalibratedBlock(1),
        lambda: SelfCalibratedBlock(8, dilation=0),
    ],
)
def test_impossible_blocks_are_refused(make):
    with pytest.raises(ConfigError):
        make()
