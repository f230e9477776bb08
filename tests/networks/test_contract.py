"""What every network promises: scale law, its own batch, its own input, how far it sees."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import restore.networks
from restore.attention import ChannelAttention, no_attention
from restore.errors import ConfigError, ShapeError
from restore.networks import RCAN, DnCNN, RestorationNetwork, UNet
from tests.parity.rules import fill


def attention(channels: int) -> ChannelAttention:
    return ChannelAttention(channels, 2)


SMALL = {
    **{f"rcan_x{s}": lambda a, s=s: RCAN(scale=s, width=6, groups=2, blocks=1, attention=a) for s in (1, 2, 3, 4, 8)},
    "rcan_gray": lambda a: RCAN(scale=2, image_channels=1, width=4, groups=1, blocks=2, attention=a),
    "rcan_range1": lambda a: RCAN(scale=2, width=4, groups=1, blocks=1, pixel_range=1, attention=a),
    "dncnn": lambda a: DnCNN(width=5, depth=5, attention=a),
    "dncnn_gray_norm": lambda a: DnCNN(image_channels=1, width=4, depth=6, normalization=True, attention=a),
    "dncnn_two": lambda a: DnCNN(width=4, depth=2, attention=a),
    "unet": lambda a: UNet(widths=(4, 6), blocks=(1, 2), attention=a),
    "unet_one": lambda a: UNet(image_channels=1, widths=(4,), blocks=(1,), attention=a),
}


def built(name: str, slot=attention) -> RestorationNetwork:
    """With weights by rule B, but the constants of its mean shift."""
    network = SMALL[name](slot)
    constants = {key: tensor.clone() for key, tensor in network.named_buffers() if key.startswith(("subtract", "add"))}
    fill(network)
    network.load_state_dict(network.state_dict() | constants)
    return network.eval()


def test_every_exported_network_is_under_test():
    exported = [getattr(restore.networks, name) for name in restore.networks.__all__]
    concrete = {cls for cls in exported if inspect.isclass(cls) and not inspect.isabstract(cls)}
    assert {type(SMALL[name](attention)) for name in SMALL} == concrete


@pytest.mark.parametrize("name", SMALL)
class TestContract:
    @settings(max_examples=10, deadline=None)
    @given(n=st.integers(1, 2), h=st.integers(1, 20), w=st.integers(1, 20))
    def test_result_is_scale_times_larger(self, name, n, h, w):
        network = built(name)
        degraded = torch.rand(n, network.image_channels, h, w)
        before = degraded.clone()
        with torch.no_grad():
            restored = network(degraded)
        assert restored.shape == (n, network.image_channels, network.scale * h, network.scale * w)
        assert restored.isfinite().all()
        assert torch.equal(degraded, before)

    @pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
    def test_follows_the_type_of_its_weights(self, name, dtype):
        network = built(name).to(dtype)
        assert network(torch.rand(1, network.image_channels, 5, 6, dtype=dtype)).dtype == dtype

    def test_pictures_of_a_batch_do_not_mix(self, name):
        network = built(name).double()
        degraded = torch.rand(3, network.image_channels, 7, 6, dtype=torch.float64)
        apart = torch.cat([network(one) for one in degraded.split(1)])
        torch.testing.assert_close(network(degraded), apart, rtol=1e-10, atol=1e-12)

    def test_memory_order_does_not_matter(self, name):
        network = built(name).double()
        degraded = torch.rand(2, network.image_channels, 7, 6, dtype=torch.float64)
        expected = network(degraded)
        network.to(memory_format=torch.channels_last)
        last = network(degraded.to(memory_format=torch.channels_last))
        torch.testing.assert_close(last, expected, rtol=1e-10, atol=1e-12)

    def test_gradient_reaches_every_parameter(self, name):
        network = built(name).train()
        result = network(torch.rand(2, network.image_channels, 9, 8))
        (result * torch.rand_like(result)).sum().backward()
        assert [key for key, parameter in network.named_parameters() if parameter.grad is None] == []

    def test_sees_no_further_than_its_context(self, name):
        network = built(name, no_attention).double()
        side = 2 * network.context + 9 + (-9 - 2 * network.context) % network.multiple_of
        generator = torch.Generator().manual_seed(0)
        degraded = torch.rand(
            1, network.image_channels, side, side, generator=generator, dtype=torch.float64, requires_grad=True
        )
        middle, scale = side // 2, network.scale
        place = slice(scale * middle, scale * (middle + 1))
        network(degraded)[:, :, place, place].abs().sum().backward()
        seen = degraded.grad.abs().sum((0, 1))
        reach = max(int((seen.sum(axis).nonzero() - middle).abs().max()) for axis in (0, 1))
        assert reach <= network.context

    def test_compiles_without_graph_breaks(self, name):
        torch.compiler.reset()
        network = built(name)
        degraded = torch.rand(1, network.image_channels, 8, 8)
        compiled = torch.compile(network, fullgraph=True, backend="eager")
        torch.testing.assert_close(compiled(degraded), network(degraded))

    def test_copies_are_equal(self, name, tmp_path):
        network = built(name, no_attention)
        degraded = torch.rand(1, network.image_channels, 6, 5)
        torch.save(network.state_dict(), tmp_path / "weights.pth")
        loaded = SMALL[name](no_attention).eval()
        loaded.load_state_dict(torch.load(tmp_path / "weights.pth", weights_only=True))
        for other in (copy.deepcopy(network), pickle.loads(pickle.dumps(network)), loaded):
            assert torch.equal(other(degraded), network(degraded))

    def test_other_channels_are_refused(self, name):
        network = built(name)
        for shape in ((1, 2, 8, 8), (network.image_channels, 8, 8)):
            with pytest.raises(ShapeError, match="image_channels"):
                network(torch.rand(shape))


@pytest.mark.parametrize(
    "make",
    [
        lambda: RCAN(scale=5),
        lambda: RCAN(groups=0),
        lambda: RCAN(pixel_range=0),
        lambda: RCAN(image_channels=1, mean=[0.4, 0.4, 0.4]),
        lambda: RCAN(width=8, groups=1, blocks=1),
        lambda: DnCNN(depth=1),
        lambda: DnCNN(width=0),
        lambda: UNet(widths=(8, 8), blocks=(1,)),
    ],
)
def test_impossible_options_are_refused(make):
    with pytest.raises(ConfigError):
        make()
