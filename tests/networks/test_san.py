"""SAN: its skips, its slots, what is not computed."""

from __future__ import annotations

import pytest
import torch

from restore.attention import Attention, ChannelAttention, NoAttention, SecondOrderChannelAttention, no_attention
from restore.blocks import LocalSourceGroup
from restore.errors import ConfigError
from restore.networks import SAN
from tests.attention.memory import Memory
from tests.parity.rules import fill


def small(**options) -> SAN:
    return SAN(**{"scale": 2, "width": 8, "groups": 2, "blocks": 1, "attention": no_attention} | options)


def test_one_scale_adds_the_source_behind_every_group():
    network = fill(small(non_local_attention=no_attention)).eval().double()
    picture = torch.rand(1, 3, 5, 6, dtype=torch.float64)
    shallow = network.head(network.subtract_mean(picture))
    deep = network.groups[0](shallow) + network.source_scale * shallow
    deep = network.groups[1](deep) + network.source_scale * shallow
    expected = network.add_mean(network.tail(network.upsample(deep + shallow)))
    torch.testing.assert_close(network(picture), expected)
    assert small().source_scale.tolist() == [0.0]


def test_the_non_local_attention_is_one_module_used_before_and_after_the_groups():
    calls = []

    class Counted(NoAttention):
        def forward(self, x):
            calls.append(self)
            return super().forward(x)

    network = small(non_local_attention=Counted)
    network(torch.rand(1, 3, 4, 4))
    assert len(calls) == 2
    assert calls[0] is calls[1]


def test_attention_is_built_once_a_group():
    calls: list[int] = []

    def attention(channels: int) -> Attention:
        calls.append(channels)
        return ChannelAttention(channels, 2)

    small(groups=3, blocks=2, attention=attention)
    assert calls == [8, 8, 8]


def test_context_counts_the_non_local_attention_twice():
    class Near(NoAttention):
        context = 5

    assert small(non_local_attention=Near).context == small(non_local_attention=no_attention).context + 10
    assert small(attention=Near).context == small().context + 2 * 5


def test_no_matrix_of_all_pairs_is_built():
    network = SAN(scale=1, width=16, groups=1, blocks=1, attention=lambda c: SecondOrderChannelAttention(c, 4)).eval()
    side = 96
    with torch.no_grad(), Memory() as memory:
        network(torch.rand(1, 3, side, side))
    assert memory.largest <= 16 * side**2  # a feature map; a matrix of all pairs of one region has (side / 2)^4


@pytest.mark.parametrize("options", [{"blocks": 0}, {"groups": 0}, {"width": 0}, {"scale": 5}, {"pixel_range": 0}])
def test_impossible_options_are_refused(options):
    with pytest.raises(ConfigError):
        small(**options)


def test_a_group_is_its_units_the_attention_once_and_a_convolution():
    group = fill(LocalSourceGroup(6, 2, lambda channels: ChannelAttention(channels, 2))).double()
    x = torch.rand(2, 6, 5, 4, dtype=torch.float64)
    expected = x + group.conv(group.attention(group.units[1](group.units[0](x))))
    torch.testing.assert_close(group(x), expected)
    assert (group.context, LocalSourceGroup(6, 1, no_attention, kernel_size=5).context) == (5, 6)
    with pytest.raises(ConfigError, match="blocks"):
        LocalSourceGroup(6, 0, no_attention)
