"""HAN: the order of its layers, its slots, starting from RCAN."""

from __future__ import annotations

import pytest
import torch

from restore.attention import ChannelAttention, NoAttention, no_attention
from restore.errors import ConfigError
from restore.networks import HAN, RCAN
from restore.zoo.adopt import adopt_state
from tests.parity.rules import fill


def attention(channels: int) -> ChannelAttention:
    return ChannelAttention(channels, 2)


def small(**options) -> HAN:
    return HAN(**{"scale": 2, "width": 4, "groups": 3, "blocks": 1, "attention": attention} | options)


@pytest.mark.parametrize("groups", [1, 4])
def test_any_number_of_groups_fits(groups):
    network = small(groups=groups)
    assert network.fuse_layers.in_channels == 4 * (groups + 1)
    assert network(torch.rand(1, 3, 3, 4)).shape == (1, 3, 6, 8)


def test_layers_are_the_last_convolution_and_the_groups_newest_first():
    network = fill(small()).eval()
    seen, made = [], []
    network.layer_attention.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    for part in (*network.groups, network.conv):
        part.register_forward_hook(lambda module, given, result: made.append(result))
    network(torch.rand(2, 3, 4, 5))
    assert seen[0].shape == (2, 4, 4, 4, 5)
    assert torch.equal(seen[0], torch.stack(made[::-1], 1))


def test_a_fresh_one_fuses_plain_features():
    network = small()
    given = []
    network.fuse.register_forward_pre_hook(lambda module, inputs: given.append(inputs[0]))
    last = []
    network.conv.register_forward_hook(lambda module, inputs, result: last.append(result))
    network(torch.rand(1, 3, 4, 4))
    assert torch.equal(given[0][:, :4], last[0])


def test_the_way_layers_are_compared_can_be_the_papers():
    assert (small().layer_attention.negated, small(negated=False).layer_attention.negated) == (True, False)


def test_context_is_that_of_the_wider_way():
    class Near(NoAttention):
        context = 5

    assert small(last_attention=no_attention).context == small().context
    assert small(last_attention=Near).context == small().context + 4
    assert small(attention=Near).context == small().context + 3 * 5


def test_starts_from_the_weights_of_rcan():
    other = fill(RCAN(scale=2, width=4, groups=3, blocks=1, attention=attention))
    network = small()
    adopted = adopt_state(network, other.state_dict(), "rcan.safetensors")
    assert adopted.unused == []
    parts = {name.split(".")[0] for name in adopted.fresh}
    assert parts == {"layer_attention", "fuse_layers", "last_attention", "fuse"}


@pytest.mark.parametrize("options", [{"blocks": 0}, {"groups": 0}, {"width": 0}, {"scale": 5}, {"mean": [0.5]}])
def test_impossible_options_are_refused(options):
    with pytest.raises(ConfigError):
        small(**options)
