"""Restormer: what the contract does not say."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from restore.attention import Attention, ChannelAttention, NoAttention, TransposedAttention
from restore.errors import ShapeError
from restore.layers import BiasFreeNorm2d, LayerNorm2d
from restore.networks import Restormer
from restore.zoo import build
from tests.parity.rules import fill

SMALL = {"width": 4, "blocks": (1, 2, 1), "refinement_blocks": 2, "heads": (1, 2, 4)}


class Near(NoAttention):
    """Says that it looks one pixel around."""

    context = 1


def test_heads_are_those_of_the_level_and_the_finest_keeps_twice_the_channels():
    network = Restormer(**SMALL)
    found = [(part.channels, part.heads) for part in network.modules() if isinstance(part, TransposedAttention)]
    assert found == [(4, 1), (8, 2), (8, 2), (16, 4), (8, 2), (8, 2), (8, 1), (8, 1), (8, 1)]


def test_every_block_has_an_attention_of_its_own_and_its_context_counts():
    calls: list[int] = []

    def attention(channels: int) -> Attention:
        calls.append(channels)
        return Near(channels)

    network = Restormer(**SMALL, attention=attention)
    assert calls == [4, 8, 8, 16, 8, 8, 8, 8, 8]
    # one pixel a block, of level i 2^i pixels of the picture
    assert network.context == Restormer(**SMALL, attention=NoAttention).context + 1 * 4 + 2 * 4 + 4 * 1


def test_an_attention_is_named_by_a_spec_too():
    spec = {"class_path": "restore.attention.ChannelAttention", "init_args": {"reduction": 2}}
    network = build({"class_path": "restore.networks.Restormer", "init_args": SMALL | {"attention": spec}})
    found = [part for part in network.modules() if isinstance(part, Attention)]
    assert {type(part) for part in found} == {ChannelAttention}
    assert found[0].squeeze.out_channels == 2


@pytest.mark.parametrize(("name", "cls"), [("with_bias", LayerNorm2d), ("bias_free", BiasFreeNorm2d)])
def test_the_normalization_is_everywhere_the_same(name, cls):
    network = Restormer(**SMALL, normalization=name)
    found = [part for part in network.modules() if isinstance(part, LayerNorm2d | BiasFreeNorm2d)]
    assert {(type(part), part.eps) for part in found} == {(cls, 1e-5)}
    assert len(found) == 2 * 9


def test_an_odd_picture_is_one_mirrored_below_and_on_the_right():
    network = fill(Restormer(**SMALL)).eval().double()
    picture = torch.rand(1, 3, 7, 9, dtype=torch.float64)
    whole = network(F.pad(picture, (0, 3, 0, 1), mode="reflect"))
    assert torch.equal(network(picture), whole[..., :7, :9])


def test_two_views_of_a_dual_pixel_become_one_picture():
    network = fill(Restormer(**SMALL, dual_pixel=True)).eval()
    views = torch.rand(2, 6, 5, 6)
    assert (network.image_channels, network.input_channels) == (3, 6)
    assert network(views).shape == (2, 3, 5, 6)
    swapped = torch.cat([views[:, 3:], views[:, :3]], dim=1)
    assert (network(views) - network(swapped)).abs().max() > 1e-3
    with pytest.raises(ShapeError, match="left and the right"):
        network(torch.rand(2, 3, 5, 6))


def test_nothing_is_added_to_a_dual_pixel_result_but_something_is_to_others():
    for dual in (False, True):
        network = Restormer(**SMALL, dual_pixel=dual)
        torch.nn.init.zeros_(network.output.weight)
        picture = torch.rand(1, 3 + 3 * dual, 8, 8)
        assert torch.equal(network(picture), torch.zeros(1, 3, 8, 8) if dual else picture)


def test_it_learns():
    torch.manual_seed(0)
    network = Restormer(**SMALL, normalization="bias_free")
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.003)
    clean = torch.rand(2, 3, 1, 1).expand(2, 3, 12, 12)
    noisy = clean + 0.2 * torch.randn(clean.shape)
    losses = []
    for _ in range(30):
        optimizer.zero_grad()
        losses.append(F.l1_loss(network(noisy), clean))
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < 0.7 * losses[0]
