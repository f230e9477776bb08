"""IMDN's forms, RFDN and PAN: what each promises beside the contract."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from restore.attention import Attention, ContrastChannelAttention, PixelAttention, no_attention
from restore.blocks import InformationDistillationBlock, ResidualDistillationBlock, SelfCalibratedBlock
from restore.errors import ConfigError
from restore.networks import IMDN, IMDNRTC, PAN, RFDN, IMDNAnyScale
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


@pytest.mark.parametrize(
    ("make", "slots"),
    [
        (lambda a: IMDN(width=8, blocks=3, attention=a), [8] * 3),
        (lambda a: IMDNAnyScale(width=8, blocks=2, attention=a), [8] * 2),
        (lambda a: IMDNRTC(width=8, blocks=2, attention=a), [8] * 2),
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
    [IMDN(2, 3, 16, 1), IMDNAnyScale(3, 16, 1), IMDNRTC(2, 3, 8, 1), RFDN(2, 3, 8, 1), PAN(2, 3, 8, 4, 1)],
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
