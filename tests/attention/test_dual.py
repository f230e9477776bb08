"""DANet's attentions and head: closed forms, symmetries, memory."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.attention import ChannelSelfAttention, DualAttentionHead, PositionAttention
from restore.errors import ConfigError
from tests.attention.memory import Memory
from tests.parity.rules import fill


def picture(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2 - 1


class TestPositionAttention:
    def test_without_a_query_all_places_count_alike(self):
        module = fill(PositionAttention(8)).double()
        nn.init.zeros_(module.query.weight)
        nn.init.zeros_(module.query.bias)
        x = picture(2, 8, 5, 4)
        torch.testing.assert_close(module(x), x + module.gamma * module.value(x).mean((2, 3), keepdim=True))

    def test_order_of_the_places_does_not_matter(self):
        module, x = fill(PositionAttention(8)).double(), picture(2, 8, 5, 4)
        order = torch.randperm(20, generator=torch.Generator().manual_seed(1))
        shuffled = x.flatten(2)[..., order].unflatten(2, (5, 4))
        torch.testing.assert_close(module(shuffled), module(x).flatten(2)[..., order].unflatten(2, (5, 4)))

    def test_is_as_large_as_the_authors(self):
        assert sum(parameter.numel() for parameter in PositionAttention(512).parameters()) == 328321

    @pytest.mark.parametrize("channels", [8, 16])
    def test_no_matrix_of_all_pairs_forward_and_back(self, channels):
        module, x = fill(PositionAttention(channels)), torch.rand(1, channels, 32, 32, requires_grad=True)
        with Memory() as lean:
            module(x).sum().backward()
        with Memory() as plain:
            module.affinity(x)
        assert lean.largest <= 2 * 1024 * channels  # of two parts, where there are two threads
        assert plain.largest == 1024**2

    @pytest.mark.parametrize("reduction", [0, -3, 17])
    def test_reduction_out_of_range_is_refused(self, reduction):
        with pytest.raises(ConfigError, match=f"reduction={reduction}"):
            PositionAttention(16, reduction)


class TestChannelSelfAttention:
    @pytest.mark.parametrize("negated", [False, True])
    def test_weights_are_the_softmax_of_the_products(self, negated):
        x = picture(2, 3, 4, 5)
        products = torch.einsum("nchw,ndhw->ncd", x, x)
        exponentials = (-products if negated else products).exp()
        weights = exponentials / exponentials.sum(2, keepdim=True)
        torch.testing.assert_close(ChannelSelfAttention(3, negated).double().affinity(x)[:, 0], weights)

    def test_the_published_form_looks_at_channels_that_differ(self):
        one = picture(1, 1, 4, 4)
        x = torch.cat((one, one, -one), dim=1)
        alike, differing = (ChannelSelfAttention(3, negated).double().affinity(x)[0, 0] for negated in (False, True))
        assert alike[0, 2] < alike[0, 1] == alike[0, 0]
        assert differing[0, 2] > differing[0, 1] == differing[0, 0]
        assert differing[2].argmax() != 2

    @pytest.mark.parametrize("negated", [False, True])
    def test_large_energies_stay_finite(self, negated):
        module, x = fill(ChannelSelfAttention(4, negated)), torch.full((1, 4, 16, 16), 300.0, requires_grad=True)
        result = module(x)
        result.sum().backward()
        assert result.isfinite().all()
        assert x.grad.isfinite().all()

    def test_order_of_the_places_does_not_matter(self):
        module, x = ChannelSelfAttention(6).double(), picture(2, 6, 4, 5)
        torch.testing.assert_close(module.affinity(x.flip(2, 3)), module.affinity(x))

    def test_sums_over_places_are_in_float32(self):
        module, x = ChannelSelfAttention(4), (1 + 0.1 * picture(1, 4, 32, 32)).bfloat16()
        exact = module.affinity(x.double())
        torch.testing.assert_close(module.affinity(x).double(), exact, rtol=2**-7, atol=1e-3)
        with torch.autocast("cpu", torch.bfloat16):
            torch.testing.assert_close(module.affinity(x.float()).double(), exact, rtol=2**-7, atol=1e-3)

    def test_memory_does_not_grow_with_the_square_of_the_places(self):
        module, x = fill(ChannelSelfAttention(16)), torch.rand(1, 16, 32, 32, requires_grad=True)
        with Memory() as memory:
            module(x).sum().backward()
        assert memory.largest <= x.numel()


class TestDualAttentionHead:
    def test_starts_as_two_convolutions_a_branch(self):
        head, x = DualAttentionHead(16, 3).eval(), torch.rand(1, 16, 5, 4)
        both, position, channel = head(x)
        before = [branch[2](branch[0](x)) for branch in (head.position, head.channel)]
        torch.testing.assert_close(both, head.outs[0](before[0] + before[1]))
        torch.testing.assert_close(position, head.outs[1](before[0]))
        torch.testing.assert_close(channel, head.outs[2](before[1]))

    @pytest.mark.parametrize("size", [(1, 1), (1, 3), (6, 5)])
    def test_keeps_the_size(self, size):
        for out in fill(DualAttentionHead(32, 3)).eval()(torch.rand(2, 32, *size)):
            assert out.shape == (2, 3, *size)
            assert out.isfinite().all()

    @pytest.mark.parametrize(
        "options",
        [{"out_channels": 0}, {"reduction": 0}, {"reduction": 40}, {"dropout": 1.5}],
        ids=str,
    )
    def test_wrong_options_are_refused(self, options):
        with pytest.raises(ConfigError, match="|".join(options)):
            DualAttentionHead(**{"channels": 32, "out_channels": 3} | options)
