"""Blocks: shapes, closed forms, one attention a block."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.attention import Attention, ChannelAttention, no_attention
from restore.blocks import (
    BRANCHES,
    Cascade,
    NAFBlock,
    PlainLayer,
    RectifiedBlock,
    ResidualBlock,
    ResidualDenseBlock,
    ResidualGroup,
    RestormerBlock,
    WaveletBlock,
)
from restore.errors import ConfigError
from restore.networks import RCAN
from tests.parity.rules import fill


class Wide(Attention):
    """An attention that looks three pixels around."""

    context = 3

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.conv = nn.Conv2d(channels, channels, 7, padding=3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x)


PLACEMENTS = ("standard", "pre", "post", "identity")
PARTS = {
    **{f"block_{place}": lambda attention, place=place: ResidualBlock(4, attention, 3, place) for place in PLACEMENTS},
    **{
        f"block_{branch}": lambda attention, branch=branch: ResidualBlock(4, attention, branch=branch)
        for branch in BRANCHES
    },
    "block5": lambda attention: ResidualBlock(4, attention, kernel_size=5),
    "block_prelu": lambda attention: ResidualBlock(4, attention, activation="prelu"),
    "block_silu": lambda attention: ResidualBlock(4, attention, activation="silu", residual_scale=0.1),
    "dense": lambda attention: ResidualDenseBlock(4, 3, 2, attention),
    "rectified": lambda attention: RectifiedBlock(4, attention, groups=2, pointwise=True),
    "cascade": lambda attention: Cascade(4, [RectifiedBlock(4, attention)]),
    "plain_dilated": lambda attention: PlainLayer(4, False, attention, dilation=3),
    "group_identity": lambda attention: ResidualGroup(4, 2, attention, placement="identity", activation="prelu"),
    "group": lambda attention: ResidualGroup(4, 2, attention),
    "plain": lambda attention: PlainLayer(4, False, attention),
    "plain_norm": lambda attention: PlainLayer(4, True, attention),
    "naf": lambda attention: NAFBlock(4, attention),
    "naf_gelu": lambda attention: NAFBlock(4, attention, "gelu", expand=1, feed_forward_expand=3),
    "restormer": lambda attention: RestormerBlock(4, attention),
    "restormer_bias_free": lambda attention: RestormerBlock(4, attention, 1.5, True, "bias_free"),
    "wavelet": lambda attention: WaveletBlock(4, attention),
    "wavelet_wide": lambda attention: WaveletBlock(4, attention, blocks=2, width=6, placement="pre", activation="relu"),
}


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 6), (5, 3)])
def test_keeps_shape_and_input(name, height, width):
    part = fill(PARTS[name](lambda channels: ChannelAttention(channels, 2))).eval()
    x = torch.rand(2, 4, height, width)
    before = x.clone()
    assert part(x).shape == x.shape
    assert torch.equal(x, before)


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("attention", [no_attention, Wide])
def test_context_is_how_far_it_sees(name, attention):
    part = fill(PARTS[name](attention)).eval().double()
    for parameter in part.parameters():
        parameter.data.abs_()  # nothing cancels and no ReLU closes
    x = torch.rand(1, 4, 81, 81, dtype=torch.float64, requires_grad=True)
    reach = set()
    for place in (
        40,
        41,
    ):  # a wavelet's cell is two pixels: its first sees further to the right, its second to the left
        x.grad = None
        part(x)[0, :, place, place].sum().backward()
        seen = x.grad[0].abs().sum(0)[place].nonzero().flatten()
        reach |= {place - seen.min().item(), seen.max().item() - place}
    assert max(reach) == part.context


@pytest.mark.parametrize("activation", ["relu", "prelu", "silu"])
def test_a_wavelet_block_has_one_kind_of_activation(activation):
    block = WaveletBlock(4, no_attention, activation=activation)
    assert type(block.activation) is type(block.blocks[0].activation)


@pytest.mark.parametrize("place", PLACEMENTS)
def test_each_placement_is_its_formula(place):
    block = fill(ResidualBlock(4, lambda channels: ChannelAttention(channels, 2), placement=place)).double()
    x = torch.rand(2, 4, 5, 6, dtype=torch.float64)

    def branch(y):
        return block.conv2(torch.relu(block.conv1(y)))

    def gated(y):
        mean = y.mean((2, 3), keepdim=True)
        return y * torch.sigmoid(block.attention.excite(torch.relu(block.attention.squeeze(mean))))

    expected = {
        "standard": x + gated(branch(x)),
        "pre": x + branch(gated(x)),
        "post": gated(x + branch(x)),
        "identity": gated(x) + branch(x),
    }
    found = block(x)
    torch.testing.assert_close(found, expected.pop(place), rtol=1e-12, atol=1e-12)
    assert all((found - other).abs().max() > 1e-3 for other in expected.values())


@pytest.mark.parametrize("place", PLACEMENTS)
def test_only_the_branch_is_scaled(place):
    block = fill(ResidualBlock(4, half, placement=place)).double()
    x = torch.rand(2, 4, 5, 6, dtype=torch.float64)
    block.residual_scale = 0.0
    torch.testing.assert_close(block(x), x if place in ("standard", "pre") else block.attention(x))
    if place != "post":  # there the attention sees the sum
        parts = []
        for block.residual_scale in (0.0, 0.25, 1.0):
            parts.append(block(x))
        torch.testing.assert_close(parts[1] - parts[0], 0.25 * (parts[2] - parts[0]))


def test_placements_share_the_names_of_their_tensors():
    names = [list(RCAN(2, width=4, groups=1, blocks=2, attention=half, placement=p).state_dict()) for p in PLACEMENTS]
    assert all(found == names[0] for found in names)


def test_the_placement_reaches_every_block_of_a_network():
    network = RCAN(2, width=4, groups=2, blocks=2, attention=half, placement="post")
    assert {block.placement for block in network.modules() if isinstance(block, ResidualBlock)} == {"post"}


def test_prelu_lets_a_part_of_what_is_negative_through():
    block = ResidualBlock(2, no_attention, activation="prelu")
    assert "activation.weight" in block.state_dict()
    for conv in (block.conv1, block.conv2):
        nn.init.zeros_(conv.bias)
        nn.init.dirac_(conv.weight)
    x = torch.tensor([-1.0, 2.0]).reshape(1, 2, 1, 1)
    assert block(x).flatten().tolist() == [-1.25, 4.0]


def test_a_wavelet_block_works_on_the_bands():
    """One cell: the mean band is 2, so 3 times the mean band comes back as 3 on each of the four pixels."""
    block = WaveletBlock(1, no_attention, width=4, activation="relu")
    for parameter in block.parameters():
        nn.init.zeros_(parameter)
    nn.init.dirac_(block.reduce.weight)
    nn.init.dirac_(block.expand.weight)
    block.expand.weight.data.mul_(3)
    assert block(torch.ones(1, 1, 2, 2)).flatten().tolist() == [4.0] * 4
    cell = torch.tensor([[[[1.0, 0.0], [0.0, 0.0]]]])
    assert block(cell).flatten().tolist() == [4.0, 0.0, 0.0, 0.0]  # all bands are above nought: three times the cell


def test_a_wavelet_block_calls_its_attention_once_a_block_with_its_width():
    calls = []
    WaveletBlock(4, lambda channels: calls.append(channels) or no_attention(channels), blocks=3, width=10)
    assert calls == [10] * 3
    assert "filters" not in WaveletBlock(4, no_attention).state_dict()


def half(channels):
    return ChannelAttention(channels, 2)


@pytest.mark.parametrize("block", [ResidualBlock(3, no_attention), WaveletBlock(3, no_attention)], ids=type)
def test_without_weights_a_block_is_the_identity(block):
    for parameter in block.parameters():
        nn.init.zeros_(parameter)
    x = torch.rand(1, 3, 4, 5)
    assert torch.equal(block(x), x)


def test_every_block_of_a_group_has_an_attention_of_its_own():
    calls = []

    def attention(channels: int) -> Attention:
        calls.append(channels)
        return ChannelAttention(channels, 2)

    group = ResidualGroup(8, 3, attention)
    assert calls == [8, 8, 8]
    assert len({id(block.attention) for block in group.blocks}) == 3


@pytest.mark.parametrize(
    ("build", "text"),
    [
        (lambda: ResidualBlock(3, no_attention, kernel_size=4), "kernel_size=4"),
        (lambda: ResidualBlock(3, no_attention, placement="before"), "placement='before'"),
        (lambda: ResidualBlock(4, no_attention, branch="deep"), "branch='deep'"),
        (lambda: ResidualBlock(6, no_attention, branch="grouped"), "channels=6"),
        (lambda: ResidualGroup(3, 1, no_attention, activation="gelu"), "activation='gelu'"),
        (lambda: NAFBlock(3, no_attention, activation="relu"), "activation='relu'"),
        (lambda: NAFBlock(3, no_attention, expand=1), "expand=1"),
        (lambda: NAFBlock(3, no_attention, feed_forward_expand=0), "feed_forward_expand=0"),
        (lambda: RestormerBlock(3, no_attention, normalization="layer"), "normalization='layer'"),
        (lambda: RestormerBlock(3, no_attention, expand=0.3), "expand=0.3"),
        (lambda: WaveletBlock(3, no_attention, blocks=0), "blocks=0"),
        (lambda: WaveletBlock(3, no_attention, width=-1), "width=-1"),
    ],
)
def test_what_cannot_be_built_is_refused(build, text):
    with pytest.raises(ConfigError, match=text):
        build()
