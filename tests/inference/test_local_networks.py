"""SAN, RNAN and HAN under local pooling: what a training patch shows stays, and tiles give what the picture gives."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch

import restore.networks
from restore.attention import (
    LayerAttention,
    NonLocalAttention,
    RegionNonLocalAttention,
    SecondOrderChannelAttention,
)
from restore.inference import Restorer, restore_tiled, still_global, with_local_pooling
from restore.inference.tiling import tile_grid
from restore.layers import BlendedWindows
from restore.networks import HAN, RNAN, SAN, RestorationNetwork

DEFAULTS = [
    cls
    for cls in (getattr(restore.networks, name) for name in restore.networks.__all__)
    if inspect.isclass(cls) and not inspect.isabstract(cls)
]


class Holding(RestorationNetwork):
    """An attention module alone, as a network."""

    def __init__(self, attention):
        super().__init__(1, attention.channels, multiple_of=1, context=0)
        self.attention = attention

    def forward(self, degraded):
        return self.attention(degraded)


def features(height, width):
    return torch.randn(1, 8, height, width, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def drawn(network, gain):
    """Weights that make the attention matter: features keep their size through the network."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            spread = gain / parameter[0].numel() ** 0.5 if parameter.dim() > 1 else 0.1
            parameter.copy_(spread * torch.randn(parameter.shape, generator=generator))
    return network.double().eval()


def san() -> SAN:
    network = drawn(SAN(2, 3, 16, groups=1, blocks=1, pixel_range=1), 1.5)
    network.source_scale.data.fill_(0.3)
    return network


def rnan() -> RNAN:
    return drawn(RNAN(1, 3, 4, groups=2, pixel_range=1), 1.2)


def han() -> HAN:
    """Features so small that the softmax over layers is not all on one."""
    network = drawn(HAN(2, 3, 16, groups=1, blocks=1, pixel_range=1), 0.6)
    network.layer_attention.scale.data.fill_(1.0)
    return network


def picture(height: int, width: int) -> torch.Tensor:
    """Its left half is darker."""
    x = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x[..., : width // 2] *= 0.3
    return x


NETWORKS = {"san": san, "rnan": rnan, "han": han}


@pytest.mark.parametrize("name", NETWORKS)
class TestNetworks:
    def test_a_picture_no_larger_than_the_window_is_restored_exactly_as_before(self, name):
        network, x = NETWORKS[name](), picture(12, 12)
        local = with_local_pooling(network, 8)
        with torch.no_grad():
            assert torch.equal(local(x), network(x))
            assert torch.equal(local(x[..., :11]), network(x[..., :11]))

    def test_nothing_stays_global_and_names_stay(self, name):
        network = NETWORKS[name]()
        local = with_local_pooling(network, 8)
        assert still_global(local) == []
        assert list(local.state_dict()) == list(network.state_dict())
        assert any(isinstance(module, BlendedWindows) for module in local.modules())

    def test_tiles_give_what_the_picture_gives(self, name):
        network, x = NETWORKS[name](), picture(36, 132)
        local = with_local_pooling(network, 8)
        errors = {}
        with torch.no_grad():
            for form, restorer in (("plain", network), ("local", local)):
                whole = restorer(x)
                tiled = restore_tiled(restorer, x, 96, overlap=48)
                errors[form] = ((tiled - whole).abs().max() / whole.std()).item()
        assert local.tile_step == 6
        assert errors["local"] < 0.1 * errors["plain"]


@pytest.mark.parametrize("cls", DEFAULTS, ids=lambda cls: cls.__name__)
def test_nothing_stays_global_in_any_network_by_its_defaults(cls):
    few = {"width": 24, "groups": 2, "blocks": 1, "middle_blocks": 1, "depth": 5}
    whole = {name: option.default for name, option in inspect.signature(cls).parameters.items()}
    network = cls(**{name: count for name, count in few.items() if isinstance(whole.get(name), int)})
    assert still_global(with_local_pooling(network, 16)) == []


ATTENTIONS = {
    "covariance": SecondOrderChannelAttention(8, 2),
    "keys": NonLocalAttention(8),
    "queries": NonLocalAttention(8, normalize_over="queries"),
    "regions": RegionNonLocalAttention(8, reduction=2, subsample=True),
}


@pytest.mark.parametrize("name", ATTENTIONS)
def test_what_repeats_within_the_windows_is_unchanged(name):
    network = Holding(drawn(ATTENTIONS[name], 1.5))
    local = with_local_pooling(network, 8, base=2)  # windows of 16, regions of 8
    for x in (torch.full((1, 8, 32, 48), 0.4, dtype=torch.float64), features(4, 4).repeat(1, 1, 8, 12)):
        assert (network(x) - x).abs().max() > 1e-2
        torch.testing.assert_close(local(x), network(x))


def test_layers_are_weighed_by_the_sums_of_a_window():
    attention = LayerAttention().double()
    attention.scale.data.fill_(1.0)
    piece = 0.1 * features(4, 4).unflatten(1, (4, 2))  # (1, 4 layers, 2, 4, 4)
    window, whole = piece.repeat(1, 1, 1, 2, 2), piece.repeat(1, 1, 1, 6, 8)
    expected = attention(window)
    plain = attention(whole)
    attention.extent = attention.extent.local((8, 8))
    torch.testing.assert_close(attention(window), expected)
    torch.testing.assert_close(attention(whole), expected.repeat(1, 1, 3, 4))
    assert not torch.allclose(attention(whole), plain, rtol=1e-2)  # whose sums are twelve times as large


def test_tiles_begin_on_the_windows_where_there_is_room():
    local = with_local_pooling(rnan(), 8)
    assert local.tile_step == 6
    assert tile_grid(local, 64, (100, 200)) == 6
    assert tile_grid(local, 10, (100, 200)) == 2
    assert tile_grid(local, 200, (100, 200)) == 2
    assert tile_grid(rnan(), 64, (100, 200)) == 2


def test_the_restorer_no_longer_warns(caplog):
    restorer = Restorer(rnan().float(), "cpu", "fp32", tile=32, train_size=8)
    restorer(np.random.default_rng(0).random((20, 140, 3), np.float32))
    assert caplog.records == []
