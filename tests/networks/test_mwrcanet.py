"""MWCNN and MWRCANet: what the contract does not say."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.attention import Attention, NoAttention
from restore.layers import haar_transform
from restore.networks import MWCNN, MWRCANet
from tests.parity.rules import fill

MAKERS = {
    "MWCNN": lambda channels=1, attention=NoAttention: MWCNN(channels, width=2, attention=attention),
    "MWRCANet": lambda channels=1, attention=NoAttention: MWRCANet(channels, (3, 4, 5), blocks=2, attention=attention),
}
LAST = {"MWCNN": lambda network: network.up0[-1], "MWRCANet": lambda network: network.up1[-1]}


class Near(NoAttention):
    """Says that it looks one place around."""

    context = 1


@pytest.mark.parametrize(
    ("name", "places", "pixels"),
    [
        ("MWCNN", [2, 2, 4, 4, 8, 8, 16, 16, 16, 16, 8, 8, 4, 4, 2, 2], 4 + 2 * 4 + 4 * 4 + 8 * 4),
        ("MWRCANet", [3, 3, 4, 4, 5, 5, 4, 4, 3, 3], 2 * 4 + 4 * 4 + 8 * 2),
    ],
)
def test_every_place_has_an_attention_of_its_own_and_its_context_counts(name, places, pixels):
    calls: list[int] = []

    def attention(channels: int) -> Attention:
        calls.append(channels)
        return Near(channels)

    assert MAKERS[name](attention=attention).context == MAKERS[name]().context + pixels
    assert sorted(calls) == sorted(places)


def test_published_sizes_see_as_far_as_the_figure_says():
    with torch.device("meta"):
        assert MWCNN().context == 7 + 8 + 2 * 8 + 4 * 8 + 8 * 12
        assert MWRCANet().context == 7 + 2 * 84 + 4 * 84 + 8 * 43


@pytest.mark.parametrize("name", MAKERS)
def test_the_context_is_no_larger_than_it_must_be(name):
    """The reach over all places of a cell is the context itself."""
    network = fill(MAKERS[name]()).eval().double()
    for module in network.modules():  # nothing is cut off, so that everything that may be seen is seen
        if isinstance(module, nn.Conv2d):
            module.weight.data.abs_()
            module.bias.data.abs_()
    side = 2 * (network.context // 8 + 2) * 8
    reach = 0
    for place in range(side // 2, side // 2 + 8):
        degraded = torch.rand(1, 1, side, side, dtype=torch.float64, requires_grad=True)
        network(degraded)[..., place, place].sum().backward()
        seen = degraded.grad.abs().sum((0, 1)).sum(0).nonzero()
        reach = max(reach, int((seen - place).abs().max()))
    assert reach == network.context


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("size", [(1, 1), (7, 3), (8, 16), (13, 9)])
def test_what_is_learnt_is_added_to_the_picture(name, size):
    network = fill(MAKERS[name](3)).eval().double()
    for parameter in LAST[name](network).parameters():
        nn.init.zeros_(parameter)
    picture = torch.rand(2, 3, *size, dtype=torch.float64)
    torch.testing.assert_close(network(picture), picture, rtol=1e-14, atol=1e-14)


def test_the_residual_of_mwrcanet_is_of_bands():
    """A bias of the last convolution moves one band alone: the mean of a cell by half of it, nothing else."""
    network = fill(MAKERS["MWRCANet"]()).eval().double()
    last = LAST["MWRCANet"](network)
    nn.init.zeros_(last.weight)
    last.bias.data.copy_(torch.tensor([0.5, 0.0, 0.0, 0.0]))
    picture = torch.rand(1, 1, 8, 8, dtype=torch.float64)
    torch.testing.assert_close(network(picture), picture + 0.25)
    last.bias.data.copy_(torch.tensor([0.0, 0.0, 0.5, 0.0]))  # left - right
    bands = haar_transform(network(picture) - picture, network.filters)
    torch.testing.assert_close(bands, last.bias.reshape(1, 4, 1, 1).expand(1, 4, 4, 4))


def test_the_colours_of_a_mosaic_stay_in_their_places_where_it_is_padded():
    """A mosaic of one colour goes on in the padding as it would in a larger picture."""
    network = fill(MAKERS["MWRCANet"]()).eval().double()
    mosaic = torch.tensor([[0.2, 0.5], [0.6, 0.9]], dtype=torch.float64).repeat(8, 8)[None, None]
    expected = network(mosaic)
    for height, width in ((9, 13), (10, 15), (16, 11)):
        cut = network(mosaic[..., :height, :width].contiguous())
        torch.testing.assert_close(cut, expected[..., :height, :width], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", MAKERS)
def test_the_filters_are_no_weights(name):
    network = MAKERS[name]()
    assert "filters" not in network.state_dict()
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert network.to(torch.bfloat16).filters.dtype == torch.bfloat16
