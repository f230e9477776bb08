"""SwinIR: windows at any size, one kind of mask for all, and what the parts compute."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from restore.attention import ChannelAttention, WindowAttention
from restore.attention.representation.window import shift_mask
from restore.blocks import ResidualSwinGroup, SwinBlock, SwinConv
from restore.errors import ConfigError
from restore.layers import StochasticDepth
from restore.networks import SwinIR
from tests.attention.memory import Memory
from tests.parity.rules import fill


def small(**options) -> SwinIR:
    options = {"scale": 2, "width": 8, "blocks": (2, 2), "heads": (2, 4), "window": 4, "up_width": 6} | options
    return fill(SwinIR(**options)).eval()


def shifted(channels: int) -> WindowAttention:
    return WindowAttention(channels, 4, 2, shifted=True)


def test_one_set_of_masks_serves_every_size():
    attention = small().groups[0].blocks[1].attention
    for rows, columns in ((1, 1), (1, 3), (4, 1), (3, 2)):
        expected = shift_mask((4 * rows, 4 * columns), 4, 2, torch.zeros(()))
        kinds = [2 * (row == rows - 1) + (column == columns - 1) for row in range(rows) for column in range(columns)]
        assert torch.equal(attention.masks[kinds], expected)


def test_masks_are_no_weights():
    network = small()
    assert not [name for name in network.state_dict() if "mask" in name]
    assert [name for name, _ in network.named_buffers() if "masks" in name] == [
        f"groups.{group}.blocks.1.attention.masks" for group in range(2)
    ]


def test_inference_at_one_size_leaves_nothing_behind_for_training():
    network = small()
    with torch.inference_mode():
        network(torch.rand(1, 3, 9, 13))
    network.train()(torch.rand(1, 3, 9, 13)).sum().backward()
    assert network.head.weight.grad.isfinite().all()


def test_memory_grows_with_the_window_not_with_the_map():
    network = small(width=16)
    with torch.no_grad(), Memory() as memory:
        network(torch.rand(1, 3, 32, 32))
    places = 32 * 32
    assert memory.largest <= places * 3 * 16  # query, key and value; the upsampler has 4 * 4 * 6 a place


def test_a_tile_on_the_windows_grid_with_its_context_is_what_the_whole_is():
    network = small(blocks=(2,), heads=(2,), window=2).double()
    margin = -(-network.context // 2) * 2
    picture = torch.rand(1, 3, 2 * margin + 8, 2 * margin + 6, dtype=torch.float64)
    whole = network(picture)
    top, left = 2, 4
    tile = network(picture[:, :, top:, left:])
    inner = slice(2 * margin, 2 * margin + 4)
    torch.testing.assert_close(tile[..., inner, inner], whole[..., 2 * top :, 2 * left :][..., inner, inner])


def test_the_border_is_reflected():
    network = small().double()
    picture = torch.rand(1, 3, 7, 10, dtype=torch.float64)
    expected = network(F.pad(picture, (0, 2, 0, 1), mode="reflect"))[:, :, :14, :20]
    torch.testing.assert_close(network(picture), expected)


def test_without_a_shift_windows_do_not_meet_between_convolutions():
    group = fill(small(width=4, blocks=(2,), heads=(2,), shifted=False).groups[0]).double()
    assert [block.attention.shift for block in group.blocks] == [0, 0]
    x = torch.rand(1, 4, 8, 8, dtype=torch.float64)
    other = x.clone()
    other[:, :, :4, :4] = 0
    moved = (group.blocks(other) - group.blocks(x)).abs().amax((0, 1)) > 1e-12
    assert moved[:4, :4].all()
    assert not moved[4:].any()
    assert not moved[:, 4:].any()


def test_every_second_block_is_shifted_and_drops_rise():
    network = SwinIR(width=8, blocks=(3, 2), heads=(2, 2), window=7, drop=0.2)
    blocks = [block for group in network.groups for block in group.blocks]
    assert [block.attention.shift for block in blocks] == [0, 3, 0, 0, 3]
    assert [block.drop.rate for block in blocks] == pytest.approx([0, 0.05, 0.1, 0.15, 0.2])
    assert SwinIR(width=4, blocks=(1,), heads=(1,)).groups[0].blocks[0].drop.rate == 0


def test_another_attention_takes_the_place_of_windows_in_every_block():
    network = small(attention=lambda channels: ChannelAttention(channels, 2))
    kinds = {type(block.attention) for group in network.groups for block in group.blocks}
    assert kinds == {ChannelAttention}
    assert network(torch.rand(1, 3, 5, 6)).shape == (1, 3, 10, 12)


def test_denoising_adds_the_picture():
    network = small(scale=1, image_channels=1)
    torch.nn.init.zeros_(network.tail.conv.weight)
    torch.nn.init.zeros_(network.tail.conv.bias)
    picture = torch.rand(1, 1, 6, 5)
    torch.testing.assert_close(network(picture), picture)


def test_the_mean_is_subtracted_and_added_in_the_range_of_the_weights():
    network = small(scale=1, pixel_range=255.0, mean=[0.25, 0.5, 0.75])
    seen = []
    network.head.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    torch.nn.init.zeros_(network.tail.conv.weight)
    torch.nn.init.constant_(network.tail.conv.bias, 51.0)
    picture = torch.rand(1, 3, 8, 8)
    restored = network(picture)
    torch.testing.assert_close(seen[0], 255 * (picture - torch.tensor([0.25, 0.5, 0.75])[:, None, None]))
    torch.testing.assert_close(restored, picture + 0.2)


def test_the_mean_is_the_one_of_div2k_for_colour_and_no_weight():
    assert small().mean.flatten().tolist() == pytest.approx([0.4488, 0.4371, 0.4040])
    assert small(mean=[]).mean.flatten().tolist() == [0, 0, 0]
    assert small(image_channels=1).mean.flatten().tolist() == [0]
    assert "mean" not in small().state_dict()


def test_a_block_is_two_branches_around_a_skip():
    block = fill(SwinBlock(8, shifted, expansion=3)).double()
    x = torch.rand(2, 8, 8, 4, dtype=torch.float64)
    z = x + block.attention(F.layer_norm(x.transpose(1, 3), (8,), block.norm1.weight, block.norm1.bias).transpose(1, 3))
    places = F.layer_norm(z.permute(0, 2, 3, 1), (8,), block.norm2.weight, block.norm2.bias)
    hidden = F.gelu(places @ block.perceptron[0].weight.T + block.perceptron[0].bias)
    expected = z + (hidden @ block.perceptron[2].weight.T + block.perceptron[2].bias).permute(0, 3, 1, 2)
    torch.testing.assert_close(block(x), expected)
    assert hidden.shape[-1] == 24


def test_branches_are_left_out_picture_by_picture_and_right_on_average():
    layer = StochasticDepth(0.25)
    branch = torch.ones(4000, 2, 1, 1)
    torch.manual_seed(0)
    kept = layer(branch)
    assert kept.unique().tolist() == pytest.approx([0, 1 / 0.75])
    assert torch.equal(kept[:, 0], kept[:, 1])
    assert kept.mean().item() == pytest.approx(1, abs=0.03)
    assert layer.eval()(branch) is branch


def test_one_step_of_training_lowers_the_loss():
    network = fill(SwinIR(2, 3, 8, (2,), (2,), window=4, up_width=6, drop=0.0)).double()
    degraded = torch.rand(2, 3, 8, 8, dtype=torch.float64)
    target = torch.rand(2, 3, 16, 16, dtype=torch.float64)
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-3)
    losses = []
    for _ in range(2):
        loss = (network(degraded) - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[1] < losses[0]


@pytest.mark.parametrize(
    "make",
    [
        lambda: StochasticDepth(1.0),
        lambda: StochasticDepth(-0.1),
        lambda: SwinConv(3, bottleneck=True),
        lambda: ResidualSwinGroup(8, []),
        lambda: ResidualSwinGroup(8, [shifted, shifted], drops=[0.1]),
        lambda: SwinBlock(8, shifted, expansion=0.1),
    ],
)
def test_impossible_parts_are_refused(make):
    with pytest.raises(ConfigError):
        make()
