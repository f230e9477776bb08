"""Networks that pool over windows instead of the whole picture, at test time."""

from __future__ import annotations

import logging
import re
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

import restore.inference.local_pooling
from restore.attention import (
    CBAM,
    ContrastChannelAttention,
    DeformableAttention,
    EfficientChannelAttention,
    GatherExcite,
    NoAttention,
    NonLocalAttention,
    PixelAttention,
    PooledChannelAttention,
    RegionNonLocalAttention,
    SecondOrderChannelAttention,
    SimpleChannelAttention,
    TransposedAttention,
)
from restore.errors import ConfigError
from restore.inference import Restorer, restore_tiled, still_global, with_local_pooling
from restore.inference.local_pooling import pools_globally
from restore.layers import LocalPool
from restore.networks import DnCNN, RestorationNetwork, Restormer, UNet
from tests.attention.test_contract import CHANNELS, SLOTS
from tests.parity.rules import fill

POOLED = [
    partial(ContrastChannelAttention, reduction=4),
    EfficientChannelAttention,
    GatherExcite,
    partial(NonLocalAttention, normalize_over="queries"),
    partial(RegionNonLocalAttention, regions=1, reduction=2, subsample=True),
    partial(SecondOrderChannelAttention, reduction=4),
    SimpleChannelAttention,
    TransposedAttention,
]


def small(attention=SimpleChannelAttention, **options):
    return fill(DnCNN(width=16, depth=3, attention=attention, **options), "A").double().eval()


def random(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


class Normalized(RestorationNetwork):
    """A convolution, torch's instance norm and a pool of torch's at half the size."""

    def __init__(self):
        super().__init__(1, 3, multiple_of=2, context=2)
        self.conv = nn.Conv2d(3, 4, 2, stride=2)
        self.norm = nn.InstanceNorm2d(4, affine=True)
        self.squeeze = nn.AdaptiveAvgPool2d(1)
        self.up = nn.ConvTranspose2d(4, 3, 2, stride=2)

    def forward(self, degraded):
        features = self.norm(self.conv(degraded))
        return self.up(features * self.squeeze(features.square()))


@pytest.mark.parametrize("attention", POOLED, ids=lambda cls: getattr(cls, "func", cls).__name__)
class TestEveryModuleThatPools:
    def test_a_picture_no_larger_than_the_window_is_restored_as_before(self, attention):
        network, x = small(attention), random(2, 3, 12, 11)
        torch.testing.assert_close(with_local_pooling(network, 8)(x), network(x))

    def test_far_places_no_longer_count(self, attention):
        network = small(attention)
        local, x = with_local_pooling(network, 8), random(1, 3, 40, 40)
        other = x.clone()
        other[..., :6, :6] = random(1, 3, 6, 6).sqrt()
        assert not torch.allclose(network(x)[..., -8:, -8:], network(other)[..., -8:, -8:], rtol=0, atol=1e-9)
        torch.testing.assert_close(local(x)[..., -8:, -8:], local(other)[..., -8:, -8:])

    def test_names_of_the_state_stay_and_the_original_too(self, attention):
        network, x = small(attention), random(1, 3, 20, 19)
        before = network(x)
        local = with_local_pooling(network, 8)
        local.load_state_dict(network.state_dict(), strict=True)
        assert list(local.state_dict()) == list(network.state_dict())
        assert torch.equal(network(x), before)
        assert not pools_globally(local)
        assert still_global(local) == []


def test_deeper_levels_have_smaller_windows():
    local = with_local_pooling(UNet(widths=(8, 16), blocks=(1, 1)), (32, 48))
    sizes = {module.kernel_size for module in local.modules() if isinstance(module, LocalPool)}
    assert sizes == {(24, 36), (12, 18)}


def test_torchs_own_pool_and_norm_become_local():
    network, x = Normalized().double(), random(1, 3, 40, 40)
    local = with_local_pooling(network, 8)
    assert list(local.state_dict()) == list(network.state_dict())
    other = x.clone()
    other[..., :4, :4] = 0
    torch.testing.assert_close(local(x)[..., -8:, -8:], local(other)[..., -8:, -8:])
    small_picture = random(1, 3, 12, 12)
    torch.testing.assert_close(local(small_picture), network(small_picture))


def test_what_stays_global_is_named_once(caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("restore"), "propagate", True)  # a command of another test turns it off
    network = small(lambda channels: CBAM(channels, 4)).float()
    restorer = Restorer(network, "cpu", "fp32", local_pooling="on")
    with caplog.at_level(logging.WARNING, "restore"):
        for _ in range(2):
            restorer(np.zeros((5, 5, 3), np.uint8))
    [name] = still_global(with_local_pooling(network))
    assert isinstance(network.get_submodule(name), PooledChannelAttention)
    told = {id(record): record.getMessage() for record in caplog.records}  # two handlers may have heard the same one
    assert [text.split(": ")[1] for text in told.values()] == [name]


def test_the_text_names_every_slot_that_stays_global():
    left = {cls.__name__ for cls in SLOTS if still_global(with_local_pooling(small(cls), 8))}
    text = restore.inference.local_pooling.__doc__.split("What remains global")[1].split("by their options")[0]
    assert set(re.findall(r"`(\w+)`", text)) == left


def test_only_the_innermost_is_named():
    assert still_global(small(lambda channels: CBAM(channels, 4))) == ["layers.0.attention.channel"]
    assert still_global(small(PixelAttention)) == []
    assert still_global(small(NoAttention)) == []


def test_two_views_of_a_dual_pixel_are_windowed_too():
    network = fill(Restormer(width=4, blocks=(1, 1), heads=(1, 1), dual_pixel=True)).eval().double()
    local, views = with_local_pooling(network, 8), random(1, 6, 40, 40)
    assert still_global(local) == []
    torch.testing.assert_close(local(views[..., :12, :12]), network(views[..., :12, :12]))
    assert not torch.allclose(local(views), network(views), rtol=1e-3)


@pytest.mark.parametrize(("size", "base"), [(0, 1.5), ((8, -1), 1.5), (8, 0.1)])
def test_a_window_without_pixels_is_refused(size, base):
    with pytest.raises(ConfigError, match="train_size"):
        with_local_pooling(small(), size, base)


@pytest.mark.parametrize("cls", SLOTS, ids=lambda cls: cls.__name__)
def test_every_attention_says_whether_it_sees_the_whole_map(cls):
    if cls is DeformableAttention:
        pytest.skip("it reaches as far as its learned offsets say")
    side = 128 if cls(CHANNELS).context > 30 else 40
    seen = 0.0
    for seed in range(3):
        torch.manual_seed(seed)
        module = cls(CHANNELS).double().eval()
        for parameter in module.parameters():
            nn.init.normal_(parameter, std=0.3)
        x = 0.1 * torch.randn(
            1, CHANNELS, side, side, dtype=torch.float64
        )  # a softmax over channels is not yet 0 and 1
        other = x.clone()
        other[..., :8, :8] += 0.2
        with torch.no_grad():
            changed = (module(x) - module(other)).abs()
        near = 8 + module.context
        assert near < side
        far = torch.cat([changed[..., near:, :].flatten(), changed[..., near:].flatten()])
        seen = max(seen, far.max().item())
    assert (seen > 0) == cls(CHANNELS).sees_whole_map


class TestRestorer:
    def test_seams_get_smaller(self):
        network, x = small().float(), random(1, 3, 96, 96).float()
        x[..., :48] *= 0.2
        local = with_local_pooling(network, 8)
        plain, better = (
            (restore_tiled(each, x, 32, 16) - each(x)).abs().mean().item() for each in (network.eval(), local)
        )
        assert better < plain / 2

    def test_auto_is_for_tiles_only_and_on_for_all(self):
        network = small().float()
        picture = np.random.default_rng(0).random((140, 150, 3), np.float32)
        results = {
            (mode, tile): Restorer(network, "cpu", "fp32", tile, local_pooling=mode, train_size=16)(picture)
            for mode in ("auto", "on", "off")
            for tile in (64, 160)
        }
        assert np.array_equal(results["auto", 64], results["on", 64])
        assert np.array_equal(results["auto", 160], results["off", 160])
        assert not np.allclose(results["on", 160], results["off", 160], atol=1e-5)
        assert not np.allclose(results["on", 64], results["off", 64], atol=1e-5)

    def test_the_size_of_training_is_the_networks_unless_given(self):
        network = small()
        assert Restorer(network).train_size == 64
        network.train_size = 48
        assert Restorer(network).train_size == 48
        assert Restorer(network, train_size=32).train_size == 32

    def test_tiles_leave_room_for_the_windows(self, monkeypatch):
        monkeypatch.setattr("restore.inference.memory._CPU_BUDGET", 2**24)
        network = UNet(widths=(32, 32), blocks=(1, 1))
        assert Restorer(network, "cpu").tile < Restorer(network, "cpu", local_pooling="off").tile

    def test_another_word_is_refused(self):
        with pytest.raises(ConfigError, match="auto, on or off"):
            Restorer(small(), local_pooling="maybe")
