"""Gaussian noise: its width, its generator, and the protocols' draw."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from restore.degradation import GaussianBlur, GaussianNoise, Quantize, protocol_noise
from restore.errors import ConfigError, ShapeError

STEPS = [GaussianNoise(25), GaussianNoise((0, 55)), GaussianBlur((0.5, 2.0), 9)]
NAMES = ["one sigma", "a range", "blur"]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_sigma_is_in_grey_levels_and_nothing_is_clipped():
    clean = torch.ones(4, 3, 128, 128)
    noise = (GaussianNoise(25)(clean, seeded()) - clean) * 255
    assert noise.std().item() == pytest.approx(25, rel=0.01)
    assert noise.mean().item() == pytest.approx(0, abs=0.2)
    assert noise.max() > 25


def test_each_picture_has_its_own_sigma_within_the_range():
    clean = torch.zeros(200, 1, 32, 32)
    sigmas = GaussianNoise((5, 55))(clean, seeded()).std(dim=(1, 2, 3)) * 255
    assert 4.5 < sigmas.min() < 8
    assert 52 < sigmas.max() < 60
    assert sigmas.mean().item() == pytest.approx(30, abs=3)


@pytest.mark.parametrize("step", STEPS, ids=NAMES)
def test_the_seed_decides(step):
    clean = torch.rand(2, 3, 16, 16)
    before = clean.clone()
    assert torch.equal(step(clean, seeded(1)), step(clean, seeded(1)))
    assert torch.equal(clean, before)
    if step is not STEPS[2]:
        assert not torch.equal(step(clean, seeded(1)), step(clean, seeded(2)))


@pytest.mark.parametrize("step", STEPS, ids=NAMES)
def test_the_global_stream_is_neither_read_nor_moved(step):
    clean = torch.rand(2, 3, 16, 16)
    torch.manual_seed(1)
    first, state = step(clean, seeded()), torch.get_rng_state()
    torch.manual_seed(2)
    assert torch.equal(step(clean, seeded()), first)
    torch.manual_seed(1)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("step", STEPS, ids=NAMES)
def test_with_a_seed_a_picture_batches_do_not_matter(step):
    clean, seeds = torch.rand(5, 3, 16, 16), torch.tensor([7, 1, 4, 0, 9])
    together = step.degrade_each(clean, seeds)
    split = [step.degrade_each(clean[part], seeds[part]) for part in (slice(0, 2), slice(2, 3), slice(3, 5))]
    assert torch.equal(together, torch.cat(split))
    backwards = step.degrade_each(clean.flip(0), seeds.flip(0))
    assert torch.equal(backwards.flip(0), together)


def test_one_seed_a_picture_is_needed():
    with pytest.raises(ShapeError, match="one seed a picture"):
        GaussianNoise(25).degrade_each(torch.rand(2, 1, 4, 4), [1])


@pytest.mark.parametrize("sigma", [-1, (5, 2), (-1, 2)])
def test_a_wrong_sigma_is_refused(sigma):
    with pytest.raises(ConfigError, match="grey levels"):
        GaussianNoise(sigma)


@pytest.mark.parametrize("channels", [1, 3])
def test_protocol_noise_is_numpys_with_seed_zero_in_the_picture_s_own_order(channels):
    target = np.random.default_rng(1).integers(0, 256, (9, 7, channels)).astype(np.float32) / np.float32(255)
    np.random.seed(0)
    expected = target.copy()
    expected += np.random.normal(0, 25 / 255.0, target.shape)
    found = protocol_noise(torch.from_numpy(target).permute(2, 0, 1)[None], 25)
    np.testing.assert_array_equal(found[0].permute(1, 2, 0).numpy(), expected)


def test_protocol_noise_does_not_depend_on_the_batch_or_the_global_stream():
    target = torch.full((3, 3, 8, 8), 0.5)
    np.random.seed(5)
    noisy = protocol_noise(target, 50)
    assert torch.equal(noisy[0], noisy[2])
    assert torch.equal(noisy[:1], protocol_noise(target[:1], 50))
    assert np.random.randint(1000) == np.random.RandomState(5).randint(1000)


def test_protocol_noise_of_gray_is_that_of_two_axes():
    noise = protocol_noise(torch.zeros(1, 1, 6, 5, dtype=torch.float64), 25)[0, 0]
    np.testing.assert_array_equal(noise.numpy(), np.random.RandomState(0).normal(0, 25 / 255, (6, 5)))


def test_quantize_clips_and_rounds():
    levels = torch.tensor([-3.0, 0.4, 0.6, 254.6, 300.0]).reshape(1, 1, 1, 5)
    assert (Quantize()(levels / 255, seeded()) * 255).round().flatten().tolist() == [0, 0, 1, 255, 255]


def test_blur_keeps_a_flat_picture_and_its_margin_is_enough():
    flat = torch.full((1, 3, 20, 20), 0.3)
    blur = GaussianBlur(1.5, 9)
    torch.testing.assert_close(blur(flat, seeded()), flat)
    picture = torch.rand(1, 1, 40, 40)
    patch = blur(picture[..., 6:34, 6:34], seeded())[..., blur.margin : -blur.margin, blur.margin : -blur.margin]
    torch.testing.assert_close(patch, blur(picture, seeded())[..., 10:30, 10:30])


def test_a_wider_sigma_blurs_more():
    picture = torch.rand(1, 1, 64, 64)
    spreads = [GaussianBlur(sigma, 13)(picture, seeded()).std().item() for sigma in (0.3, 1.0, 2.0)]
    assert spreads == sorted(spreads, reverse=True)


def test_blur_options_are_checked():
    with pytest.raises(ConfigError, match="odd"):
        GaussianBlur(1.0, 4)
    with pytest.raises(ConfigError, match="above 0"):
        GaussianBlur(0.0)
