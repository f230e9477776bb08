"""What every network promises: scale law, its own batch, its own input, how far it sees."""

from __future__ import annotations

import copy
import inspect
import pickle
from math import isfinite

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import restore.networks
from restore.attention import ChannelAttention, MaskAttention, RegionNonLocalAttention, no_attention
from restore.errors import ConfigError, ShapeError
from restore.networks import (
    CARN,
    EDSR,
    HAN,
    IMDN,
    IMDNRTC,
    IMDNRTE,
    IRCNN,
    MDSR,
    MWCNN,
    PAN,
    RCAN,
    RDN,
    RFDN,
    RNAN,
    SAN,
    DnCNN,
    FDnCNN,
    IMDNAnyScale,
    MWRCANet,
    NAFBaseline,
    NAFNet,
    RestorationNetwork,
    Restormer,
    SwinIR,
    UNet,
)
from tests.parity.rules import fill


def attention(channels: int) -> ChannelAttention:
    return ChannelAttention(channels, 2)


def regions(channels: int) -> RegionNonLocalAttention:
    return RegionNonLocalAttention(channels, reduction=2, subsample=True)


def masks(channels: int) -> MaskAttention:
    return MaskAttention(channels, non_local=True, normalize_over="queries")


def far(slot, non_local):
    """Both slots of a network that also has one for what gathers from everywhere; without attention, without both."""
    return {"attention": slot, "non_local_attention": slot if slot is no_attention else non_local}


SMALL = {
    **{f"rcan_x{s}": lambda a, s=s: RCAN(scale=s, width=6, groups=2, blocks=1, attention=a) for s in (1, 2, 3, 4, 8)},
    "rcan_gray": lambda a: RCAN(scale=2, image_channels=1, width=4, groups=1, blocks=2, attention=a),
    "rcan_range1": lambda a: RCAN(scale=2, width=4, groups=1, blocks=1, pixel_range=1, attention=a),
    "dncnn": lambda a: DnCNN(width=5, depth=5, attention=a),
    "dncnn_gray_norm": lambda a: DnCNN(image_channels=1, width=4, depth=6, normalization=True, attention=a),
    "dncnn_two": lambda a: DnCNN(width=4, depth=2, attention=a),
    **{f"edsr_x{s}": lambda a, s=s: EDSR(scale=s, width=4, blocks=2, attention=a) for s in (1, 2, 3, 4)},
    "edsr_gray": lambda a: EDSR(scale=2, image_channels=1, width=4, blocks=1, residual_scale=1, attention=a),
    **{f"mdsr_x{s}": lambda a, s=s: MDSR(scale=s, width=4, blocks=1, scales=(s,), attention=a) for s in (2, 3, 4)},
    **{f"rdn_x{s}": lambda a, s=s: RDN(s, 3, 4, growth=3, blocks=2, layers=2, attention=a) for s in (1, 2, 3, 4)},
    "rdn_gray": lambda a: RDN(2, 1, 4, growth=2, blocks=1, layers=3, attention=a),
    **{f"carn_x{s}": lambda a, s=s: CARN(scale=s, width=4, scales=(s,), attention=a) for s in (2, 3, 4)},
    "carn_m": lambda a: CARN(scale=4, width=4, mobile=True, groups=2, scales=(4,), attention=a),
    "ircnn": lambda a: IRCNN(width=4, attention=a),
    "ircnn_gray_norm": lambda a: IRCNN(image_channels=1, width=4, normalization=True, attention=a),
    "fdncnn": lambda a: FDnCNN(width=4, depth=4, attention=a),
    "fdncnn_gray": lambda a: FDnCNN(image_channels=1, width=4, depth=3, normalization=True, attention=a),
    **{f"imdn_x{s}": lambda a, s=s: IMDN(scale=s, width=8, blocks=2, attention=a) for s in (1, 2, 3, 4)},
    "imdn_gray": lambda a: IMDN(scale=2, image_channels=1, width=4, blocks=1, attention=a),
    "imdn_any_scale": lambda a: IMDNAnyScale(width=4, blocks=1, attention=a),
    "imdn_rtc": lambda a: IMDNRTC(scale=3, width=4, blocks=2, attention=a),
    **{f"imdn_rte_x{s}": lambda a, s=s: IMDNRTE(scale=s, width=4, blocks=1, attention=a) for s in (1, 2, 3)},
    "imdn_rte_gray": lambda a: IMDNRTE(image_channels=1, width=8, blocks=2, attention=a),
    **{f"rfdn_x{s}": lambda a, s=s: RFDN(scale=s, width=5, blocks=2, attention=a) for s in (2, 4)},
    "rfdn_range1": lambda a: RFDN(scale=3, image_channels=1, width=4, blocks=1, pixel_range=1, attention=a),
    **{f"pan_x{s}": lambda a, s=s: PAN(scale=s, width=5, up_width=4, blocks=2, attention=a) for s in (2, 3, 4)},
    "pan_gray": lambda a: PAN(scale=2, image_channels=1, width=4, up_width=3, blocks=1, calibration=a),
    "nafnet": lambda a: NAFNet(width=4, encoder_blocks=(1, 2), middle_blocks=1, decoder_blocks=(2, 1), attention=a),
    "nafnet_gray": lambda a: NAFNet(1, 2, (1,), 0, (0,), attention=a),
    "nafnet_deep": lambda a: NAFNet(width=2, encoder_blocks=(0, 1, 0, 1), decoder_blocks=(1, 0, 0, 1), attention=a),
    "naf_baseline": lambda a: NAFBaseline(3, 4, (1, 1), 1, (1, 1), attention=a),
    "naf_baseline_wide": lambda a: NAFBaseline(1, 3, (1,), 1, (1,), attention=a, expand=2, feed_forward_expand=3),
    "restormer": lambda a: Restormer(width=4, blocks=(1, 1, 1, 1), refinement_blocks=1, attention=a),
    "restormer_gray": lambda a: Restormer(1, 4, (1, 2), 1, (1, 1), bias=True, normalization="bias_free", attention=a),
    "restormer_dual": lambda a: Restormer(3, 4, (1, 1), 1, (1, 2), dual_pixel=True, attention=a),
    "restormer_own": lambda a: Restormer(3, 4, (1, 1, 1), 1, (1, 2, 4), attention=a if a is no_attention else None),
    **{f"san_x{s}": lambda a, s=s: SAN(s, 3, 4, groups=2, blocks=1, **far(a, regions)) for s in (1, 3)},
    "san_gray": lambda a: SAN(2, 1, 4, groups=1, blocks=2, **far(a, regions)),
    **{f"rnan_x{s}": lambda a, s=s: RNAN(s, 3, 4, groups=3, **far(a, masks)) for s in (1, 3)},
    "rnan_gray": lambda a: RNAN(1, 1, 4, groups=2, pixel_range=1, **far(a, masks)),
    **{f"han_x{s}": lambda a, s=s: HAN(s, 3, 4, groups=2, blocks=1, attention=a) for s in (1, 3)},
    "han_gray": lambda a: HAN(2, 1, 4, groups=1, blocks=1, attention=a),
    "mwcnn": lambda a: MWCNN(width=2, attention=a),
    "mwcnn_rgb": lambda a: MWCNN(image_channels=3, width=3, attention=a),
    "mwrcanet": lambda a: MWRCANet(widths=(4, 3, 5), blocks=1, attention=a),
    "mwrcanet_rgb": lambda a: MWRCANet(image_channels=3, widths=(3, 4, 3), blocks=2, attention=a),
    **{f"swinir_x{s}": lambda a, s=s: SwinIR(s, 3, 4, (2,), (2,), window=2, up_width=4) for s in (1, 2, 3, 4)},
    "swinir_direct": lambda a: SwinIR(3, 3, 4, blocks=(1, 2), heads=(1, 2), window=3, upsampler="direct"),
    **{
        f"swinir_nearest_x{s}": lambda a, s=s: SwinIR(
            s, 3, 4, (2,), (2,), window=2, upsampler="nearest", up_width=4, bottleneck=True
        )
        for s in (2, 4)
    },
    "swinir_slot": lambda a: SwinIR(2, 3, 4, (2,), (2,), window=2, up_width=4, attention=a),
    "swinir_gray": lambda a: SwinIR(1, 1, 4, blocks=(3,), heads=(2,), window=3, pixel_range=255),
    "unet": lambda a: UNet(widths=(4, 6), blocks=(1, 2), attention=a),
    "unet_one": lambda a: UNet(image_channels=1, widths=(4,), blocks=(1,), attention=a),
}


ROUGH = {"rnan_x1": 0.4, "rnan_x3": 0.4}
"""bfloat16's error as a share of the result where it is above 0.05: random weights on pictures of 0 to 255 make
the logits of all pairs so large that rounding them lets the softmax pick other places."""


def built(name: str, slot=attention) -> RestorationNetwork:
    """With weights by rule B, but the constants of its mean shift."""
    network = SMALL[name](slot)
    constants = {key: t.clone() for key, t in network.state_dict().items() if key.startswith(("subtract_", "add_"))}
    fill(network)
    network.load_state_dict(network.state_dict() | constants)
    return network.eval()


def level(network: RestorationNetwork) -> tuple[torch.Tensor, ...]:
    """What a network takes beside the picture."""
    return (torch.tensor([25 / 255]),) if network.takes_sigma else ()


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
        degraded = torch.rand(n, network.input_channels, h, w)
        before = degraded.clone()
        with torch.no_grad():
            restored = network(degraded, *level(network))
        assert restored.shape == (n, network.image_channels, network.scale * h, network.scale * w)
        assert restored.isfinite().all()
        assert torch.equal(degraded, before)

    @pytest.mark.parametrize(("h", "w"), [(67, 1), (2, 65), (33, 67)])
    def test_long_and_odd_sides_are_restored_the_same_each_time(self, name, h, w):
        network = built(name)
        degraded = torch.rand(1, network.input_channels, h, w)
        with torch.no_grad():
            restored, again = (network(degraded, *level(network)) for _ in range(2))
        assert restored.shape[-2:] == (network.scale * h, network.scale * w)
        assert restored.isfinite().all()
        assert torch.equal(restored, again)

    def test_every_odd_side_from_1_to_67_gives_its_size(self, name):
        network = built(name)
        with torch.no_grad():
            for h in range(1, 68, 2):
                degraded = torch.rand(1, network.input_channels, h, 68 - h)
                restored = network(degraded, *level(network))
                assert restored.shape == (1, network.image_channels, network.scale * h, network.scale * (68 - h))
                assert restored.isfinite().all(), (h, 68 - h)

    def test_a_shift_by_its_grid_shifts_the_result(self, name):
        network = built(name, no_attention).double()
        step, around = network.multiple_of, network.context
        side = 2 * around + 2 * step + (-2 * around) % step
        generator = torch.Generator().manual_seed(0)
        whole = torch.rand(1, network.input_channels, side + step, side + step, generator=generator).double()
        with torch.no_grad():
            here = network(whole[..., :side, :side], *level(network))
            there = network(whole[..., step:, step:], *level(network))
        scale = network.scale
        inner = here[
            ..., scale * (around + step) : scale * (side - around), scale * (around + step) : scale * (side - around)
        ]
        shifted = there[
            ..., scale * around : scale * (side - around - step), scale * around : scale * (side - around - step)
        ]
        assert inner.shape[-1] >= scale * step
        torch.testing.assert_close(shifted, inner, rtol=1e-9, atol=1e-11)

    def test_bfloat16_is_near(self, name):
        network = built(name)
        degraded = torch.rand(1, network.input_channels, 16, 16, generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            exact = network(degraded, *level(network))
            with torch.autocast("cpu", torch.bfloat16):
                rough = network(degraded, *level(network)).float()
        error = ((rough - exact).square().mean() / exact.square().mean()).sqrt()
        assert 0 < error <= ROUGH.get(name, 0.05)

    @pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
    def test_follows_the_type_of_its_weights(self, name, dtype):
        network = built(name).to(dtype)
        degraded = torch.rand(1, network.input_channels, 5, 6, dtype=dtype)
        assert network(degraded, *level(network)).dtype == dtype

    def test_pictures_of_a_batch_do_not_mix(self, name):
        network = built(name).double()
        degraded = torch.rand(3, network.input_channels, 7, 6, dtype=torch.float64)
        apart = torch.cat([network(one, *level(network)) for one in degraded.split(1)])
        torch.testing.assert_close(network(degraded, *level(network)), apart, rtol=1e-10, atol=1e-12)

    def test_memory_order_does_not_matter(self, name):
        network = built(name).double()
        degraded = torch.rand(2, network.input_channels, 7, 6, dtype=torch.float64)
        expected = network(degraded, *level(network))
        network.to(memory_format=torch.channels_last)
        last = network(degraded.to(memory_format=torch.channels_last), *level(network))
        torch.testing.assert_close(last, expected, rtol=1e-10, atol=1e-12)

    def test_gradient_reaches_every_parameter(self, name):
        network = built(name).train()
        result = network(torch.rand(2, network.input_channels, 9, 8), *level(network))
        (result * torch.rand_like(result)).sum().backward()
        assert [key for key, parameter in network.named_parameters() if parameter.grad is None] == []

    def test_gradient_moves_every_parameter(self, name):
        """Without attention, whose bottleneck of two channels may sleep; an idle batch normalisation hides no bias."""
        network = built(name, no_attention).double()
        generator = torch.Generator().manual_seed(0)
        degraded = torch.rand(2, network.input_channels, 16, 16, generator=generator, dtype=torch.float64)
        result = network(degraded, *level(network))
        (result * torch.rand(result.shape, generator=generator, dtype=torch.float64)).sum().backward()
        moved = {key: parameter.grad.abs().max().item() for key, parameter in network.named_parameters()}
        largest = max(moved.values())
        assert isfinite(largest)
        assert [key for key, most in moved.items() if not 1e-12 * largest < most <= largest] == []

    def test_sees_no_further_than_its_context(self, name):
        network = built(name, no_attention).double()
        side = 2 * network.context + 9 + (-9 - 2 * network.context) % network.multiple_of
        generator = torch.Generator().manual_seed(0)
        degraded = torch.rand(
            1, network.input_channels, side, side, generator=generator, dtype=torch.float64, requires_grad=True
        )
        middle, scale = side // 2, network.scale
        place = slice(scale * middle, scale * (middle + 1))
        network(degraded, *level(network))[:, :, place, place].abs().sum().backward()
        seen = degraded.grad.abs().sum((0, 1))
        reach = max(int((seen.sum(axis).nonzero() - middle).abs().max()) for axis in (0, 1))
        assert reach <= network.context

    def test_compiles_without_graph_breaks(self, name):
        torch.compiler.reset()
        network = built(name)
        degraded = torch.rand(1, network.input_channels, 8, 8)
        compiled = torch.compile(network, fullgraph=True, backend="eager")
        torch.testing.assert_close(compiled(degraded, *level(network)), network(degraded, *level(network)))

    def test_copies_are_equal(self, name, tmp_path):
        network = built(name, no_attention)
        degraded = torch.rand(1, network.input_channels, 6, 5)
        torch.save(network.state_dict(), tmp_path / "weights.pth")
        loaded = SMALL[name](no_attention).eval()
        loaded.load_state_dict(torch.load(tmp_path / "weights.pth", weights_only=True))
        for other in (copy.deepcopy(network), pickle.loads(pickle.dumps(network)), loaded):
            assert torch.equal(other(degraded, *level(other)), network(degraded, *level(network)))

    def test_other_channels_are_refused(self, name):
        network = built(name)
        for shape in ((1, 2, 8, 8), (network.input_channels, 8, 8)):
            with pytest.raises(ShapeError, match="image_channels"):
                network(torch.rand(shape), *level(network))


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
        lambda: EDSR(blocks=0),
        lambda: EDSR(scale=5, width=4, blocks=1),
        lambda: EDSR(width=4, blocks=1, mean=[0.5]),
        lambda: EDSR(width=4, blocks=1, pixel_range=-1),
        lambda: MDSR(width=0),
        lambda: MDSR(scale=4, width=4, blocks=1, scales=(2, 3)),
        lambda: MDSR(scale=2, width=4, blocks=1, scales=(2, 2)),
        lambda: RDN(growth=0),
        lambda: RDN(layers=0),
        lambda: CARN(width=-1),
        lambda: CARN(scale=8),
        lambda: CARN(width=6, groups=4),
        lambda: CARN(width=6, mobile=True, groups=4),
        lambda: IRCNN(width=0),
        lambda: FDnCNN(depth=1),
        lambda: UNet(widths=(8, 8), blocks=(1,)),
        lambda: IMDN(width=6),
        lambda: IMDN(scale=0),
        lambda: IMDN(width=8),
        lambda: IMDNAnyScale(blocks=0),
        lambda: IMDNRTC(image_channels=0),
        lambda: IMDNRTE(width=6),
        lambda: IMDNRTE(scale=0),
        lambda: RFDN(pixel_range=0),
        lambda: RFDN(width=1),
        lambda: NAFNet(width=0),
        lambda: NAFNet(width=4, encoder_blocks=(1,), decoder_blocks=(1, 1)),
        lambda: NAFNet(width=4, encoder_blocks=(), decoder_blocks=()),
        lambda: NAFNet(width=4, middle_blocks=-1),
        lambda: NAFBaseline(width=4, expand=0),
        lambda: NAFBaseline(width=4, feed_forward_expand=-1),
        lambda: Restormer(width=3),
        lambda: Restormer(width=4, heads=(1, 2)),
        lambda: Restormer(width=4, blocks=(1,), heads=(1,)),
        lambda: Restormer(width=4, heads=(1, 2, 4, 3)),
        lambda: Restormer(width=4, expand=0),
        lambda: Restormer(width=4, normalization="none"),
        lambda: PAN(scale=8),
        lambda: PAN(width=1),
        lambda: PAN(up_width=0),
        lambda: MWCNN(width=0),
        lambda: MWCNN(image_channels=0),
        lambda: MWRCANet(blocks=0),
        lambda: MWRCANet(widths=(96, 0, 128)),
        lambda: MWRCANet(widths=(96, 128)),
        lambda: SwinIR(scale=5),
        lambda: SwinIR(scale=0, upsampler="direct"),
        lambda: SwinIR(scale=3, upsampler="nearest"),
        lambda: SwinIR(upsampler="pixelshuffle"),
        lambda: SwinIR(window=0),
        lambda: SwinIR(pixel_range=0),
        lambda: SwinIR(image_channels=1, mean=[0.4, 0.4, 0.4]),
        lambda: SwinIR(blocks=()),
        lambda: SwinIR(blocks=(6, 6)),
        lambda: SwinIR(width=8, heads=(3,), blocks=(2,)),
        lambda: SwinIR(width=2, heads=(1,), blocks=(1,), bottleneck=True),
        lambda: SwinIR(width=4, heads=(1,), blocks=(1,), expansion=0.1),
        lambda: SwinIR(width=4, heads=(1,), blocks=(1,), drop=1.0),
    ],
)
def test_impossible_options_are_refused(make):
    with pytest.raises(ConfigError):
        make()
