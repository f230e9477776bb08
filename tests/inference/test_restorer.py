"""A picture comes back in the form in which it was given."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from restore.errors import ConfigError, DataError, ShapeError
from restore.inference import Restorer
from restore.inference.memory import auto_tile, peak_bytes
from restore.networks import MWRCANet, Restormer, UNet
from tests.inference.networks import Blur, Brighter, Broken, Informed

random = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("dtype", "step"), [(np.uint8, 25.5), (np.uint16, 6553.5), (np.float32, 0.1), (np.float64, 0.1)]
)
@pytest.mark.parametrize("shape", [(7, 9), (7, 9, 1), (7, 9, 3)])
def test_arrays_keep_type_range_and_axes(shape, dtype, step):
    high = 200 if dtype == np.uint8 else 50000 if dtype == np.uint16 else 0.8
    picture = (random.random(shape) * high).astype(dtype)
    before = picture.copy()
    restored = Restorer(Brighter())(picture)
    assert restored.dtype == dtype
    assert restored.shape == shape
    assert np.abs(restored.astype(float) - picture - step).max() <= (0.51 if dtype in (np.uint8, np.uint16) else 1e-6)
    np.testing.assert_array_equal(picture, before)


def test_integers_are_clipped_and_floats_are_not():
    assert Restorer(Brighter())(np.full((2, 2), 250, np.uint8)).tolist() == [[255, 255]] * 2
    assert Restorer(Brighter())(np.full((1, 1), 0.95, np.float32))[0, 0] == pytest.approx(1.05)


@pytest.mark.parametrize("shape", [(3, 5, 6), (1, 5, 6), (2, 3, 5, 6)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.uint8])
def test_tensors_keep_type_and_axes(shape, dtype):
    picture = torch.full(shape, 0.5, dtype=dtype) if dtype.is_floating_point else torch.full(shape, 100, dtype=dtype)
    restored = Restorer(Brighter())(picture)
    assert restored.dtype == dtype
    assert restored.shape == shape
    expected = 0.6 if dtype.is_floating_point else 126.0
    torch.testing.assert_close(restored.double(), torch.full(shape, expected, dtype=torch.float64), atol=1.0, rtol=0)


def test_an_enlarging_network_enlarges():
    picture = random.integers(0, 200, (5, 7, 3), np.uint8)
    restored = Restorer(Brighter(scale=3))(picture)
    assert restored.shape == (15, 21, 3)
    assert (np.abs(restored[::3, ::3].astype(int) - picture - 25.5) <= 0.51).all()


def test_an_rgb_network_restores_gray_by_the_mean_and_a_gray_one_rgb_channel_by_channel():
    gray = random.random((6, 8)).astype(np.float32)
    colour = random.random((6, 8, 3)).astype(np.float32)
    plain = Restorer(Blur(1))
    np.testing.assert_allclose(Restorer(Blur(3))(gray), plain(gray), atol=1e-6)
    each = np.dstack([plain(np.ascontiguousarray(colour[:, :, c])) for c in range(3)])
    np.testing.assert_allclose(plain(colour), each, atol=1e-6)


def test_tiles_do_not_change_the_result():
    picture = random.integers(0, 256, (150, 210, 3), np.uint8)
    whole = Restorer(Blur(), tile=256)(picture).astype(int)
    tiled = Restorer(Blur(), tile=40)(picture).astype(int)
    assert np.abs(whole - tiled)[8:-8, 8:-8].max() <= 8  # the cap of a quarter tile is less than the blur wants
    assert np.abs(whole - tiled).mean() < 0.5


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 2000, 3), (2000, 3, 3), (17, 13, 1)])
def test_awkward_sizes_are_restored(shape):
    network = UNet(widths=(8, 8), blocks=(1, 1))
    picture = random.integers(0, 256, shape, np.uint8)
    assert Restorer(network, tile=64)(picture).shape == shape


def test_the_callers_network_is_left_alone():
    network = UNet(widths=(8,), blocks=(1,)).train()
    Restorer(network)(np.zeros((4, 4, 3), np.uint8))
    assert network.training
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_the_self_ensemble_is_the_mean_of_eight():
    network = UNet(widths=(8,), blocks=(1,)).eval()
    picture = torch.rand(3, 10, 12)
    from restore.inference import self_ensemble

    with torch.no_grad():
        expected = self_ensemble(network, picture[None])[0]
    torch.testing.assert_close(Restorer(network, self_ensemble=True, precision="fp32")(picture), expected)


def test_sigma_is_given_in_grey_levels_and_only_to_networks_that_take_it():
    restored = Restorer(Informed(), sigma=51)(np.full((2, 2, 3), 0.7, np.float32))
    np.testing.assert_allclose(restored, 0.5, atol=1e-6)
    with pytest.raises(ConfigError, match="blind"):
        Restorer(Blur(), sigma=25)
    with pytest.raises(ConfigError, match="must be told"):
        Restorer(Informed())
    with pytest.raises(ConfigError, match="0 to 255"):
        Restorer(Informed(), sigma=-1)


def test_bf16_is_near_fp32():
    torch.manual_seed(0)
    network = UNet(widths=(8,), blocks=(1,))
    picture = random.integers(0, 256, (16, 16, 3), np.uint8)
    exact = Restorer(network, precision="fp32")(picture).astype(int)
    near = Restorer(network, precision="bf16")(picture).astype(int)
    assert np.abs(exact - near).max() <= 3


def test_values_that_are_no_numbers_are_not_written_as_black():
    with pytest.raises(DataError, match="not numbers"):
        Restorer(Broken())(np.zeros((4, 4, 3), np.uint8))


@pytest.mark.parametrize("options", [{"device": "tpu"}, {"precision": "fp8"}, {"tile": 4}])
def test_options_out_of_range_are_refused(options):
    with pytest.raises(ConfigError, match="Choose"):
        Restorer(Blur(), **options)


@pytest.mark.parametrize(
    "picture", [np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8), np.zeros((4, 4, 3), int)]
)
def test_other_shapes_and_types_are_refused(picture):
    with pytest.raises(ShapeError, match="Restorer expects"):
        Restorer(Blur())(picture)


@pytest.mark.parametrize(
    ("network", "says"),
    [
        (Restormer(width=4, blocks=(1, 1), heads=(1, 1), dual_pixel=True), "6 channels, several views of 3 each"),
        (MWRCANet(image_channels=4, widths=(16, 16, 16), blocks=1), "4 channels, no gray or RGB picture"),
    ],
)
def test_a_network_that_takes_no_picture_is_refused_up_front(network, says):
    with pytest.raises(ConfigError, match=says):
        Restorer(network)


def test_floats_up_to_255_are_noticed():
    with pytest.raises(ConfigError, match=r"\[0, 1\]"):
        Restorer(Blur())(np.full((4, 4), 255.0))


def test_memory_is_counted_and_the_tile_keeps_to_the_budget(monkeypatch):
    network, cpu = UNet(widths=(8, 8), blocks=(1, 1)), torch.device("cpu")
    small, large = (peak_bytes(network, side, cpu) for side in (64, 128))
    assert 3.5 < large / small < 4.5
    assert small > 64 * 64 * 4 * 3  # the picture itself is only a part
    monkeypatch.setattr("restore.inference.memory._CPU_BUDGET", large)
    assert 112 <= auto_tile(network, cpu) <= 144
    assert auto_tile(network, cpu) % network.multiple_of == 0


def test_a_tile_that_does_not_fit_is_tried_at_half_its_side(monkeypatch):
    class Small(Blur):
        def forward(self, degraded):
            if degraded.shape[-1] > 70:
                raise torch.OutOfMemoryError("too large")
            return super().forward(degraded)

    picture = random.integers(0, 256, (140, 150, 3), np.uint8)
    restored = Restorer(Small(), tile=200)(picture)
    assert np.abs(restored.astype(int) - Restorer(Blur(), tile=200)(picture)).mean() < 0.5


@pytest.mark.gpu
def test_a_gpu_restores_as_the_cpu_does():
    torch.manual_seed(0)
    network = UNet(widths=(16, 16), blocks=(1, 1))
    picture = random.integers(0, 256, (100, 120, 3), np.uint8)
    exact = Restorer(network, device="cpu", precision="fp32")(picture).astype(int)
    assert np.abs(Restorer(network, device="cuda", precision="fp32", tile=64)(picture) - exact).max() <= 30
    assert np.abs(Restorer(network, device="cuda", precision="fp32")(picture) - exact).max() <= 1


def test_what_is_no_array_is_told_what_to_give():
    with pytest.raises(ShapeError, match=r"got list\. Give an array"):
        Restorer(Brighter())([[0, 1]])
