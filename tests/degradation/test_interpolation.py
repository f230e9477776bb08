"""Area, bilinear, Lanczos and nearest against torch and Pillow; resizing by random factors."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from restore.degradation import Chain, Decimate, GaussianNoise, Jpeg, RandomResize, ResizeTo, Shuffle, imresize
from restore.degradation.resize import resize
from restore.errors import ConfigError, ShapeError

METHODS = ["area", "bilinear", "bicubic", "lanczos", "nearest"]


@pytest.fixture
def picture():
    return torch.rand(2, 3, 48, 60, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("method", METHODS)
def test_a_flat_picture_stays_flat_and_keeping_the_size_changes_nothing(method, picture):
    for size in ((7, 11), (48, 60), (100, 61)):
        flat = resize(torch.full_like(picture, 0.3), size, method)
        torch.testing.assert_close(flat, torch.full((2, 3, *size), 0.3, dtype=torch.float64))
    torch.testing.assert_close(resize(picture, (48, 60), method), picture)


@pytest.mark.parametrize("size", [(12, 15), (24, 20), (96, 180), (33, 47)])
def test_bilinear_agrees_with_torch_away_from_the_border(picture, size):
    theirs = F.interpolate(picture, size=size, mode="bilinear", antialias=True)
    torch.testing.assert_close(resize(picture, size, "bilinear")[..., 3:-3, 3:-3], theirs[..., 3:-3, 3:-3])


@pytest.mark.parametrize("size", [(12, 15), (24, 20), (96, 180), (33, 47)])
def test_bilinear_that_aliases_agrees_with_torch(picture, size):
    theirs = F.interpolate(picture, size=size, mode="bilinear")
    torch.testing.assert_close(resize(picture, size, "bilinear", antialias=False), theirs)


@pytest.mark.parametrize("method", METHODS)
def test_aliasing_is_for_shrinking_by_kernels_that_would_widen(method, picture):
    wider = (96, 120)
    assert torch.equal(resize(picture, wider, method, antialias=False), resize(picture, wider, method))
    smaller = (12, 15)
    alike = torch.equal(resize(picture, smaller, method, antialias=False), resize(picture, smaller, method))
    assert alike == (method in ("area", "nearest"))


@pytest.mark.parametrize("size", [(12, 15), (24, 20), (96, 180), (33, 47)])
def test_nearest_agrees_with_torch(picture, size):
    theirs = F.interpolate(picture, size=size, mode="nearest-exact")
    assert torch.equal(resize(picture, size, "nearest"), theirs)


def test_area_is_the_mean_of_what_a_pixel_covers(picture):
    torch.testing.assert_close(resize(picture, (12, 15), "area"), F.avg_pool2d(picture, 4))
    often = picture.repeat_interleave(5, 2).repeat_interleave(7, 3)  # 240 x 420: (30, 42) is 8 x 10 of these
    torch.testing.assert_close(resize(picture, (30, 42), "area"), F.avg_pool2d(often, (8, 10)))


@pytest.mark.parametrize("size", [(12, 15), (96, 180), (33, 47)])
def test_lanczos_agrees_with_pillow_away_from_the_border(picture, size):
    theirs = np.asarray(Image.fromarray(picture[0, 0].float().numpy()).resize(size[::-1], Image.Resampling.LANCZOS))
    ours = resize(picture[:1, :1], size, "lanczos")[0, 0].numpy()
    edge = 4 if min(size) < 48 else 8
    np.testing.assert_allclose(ours[edge:-edge, edge:-edge], theirs[edge:-edge, edge:-edge], atol=2e-5)


@pytest.mark.parametrize("method", METHODS)
def test_it_has_the_right_gradient(method):
    picture = torch.rand(1, 1, 6, 9, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: imresize(x, 3, method), picture)
    assert torch.autograd.gradcheck(lambda x: resize(x, (7, 11), method), picture)


@pytest.mark.parametrize("method", METHODS)
def test_pixel_centres_stay_aligned(method):
    ramp = torch.arange(64, dtype=torch.float64).reshape(1, 1, 1, 64).expand(1, 1, 8, 64)
    for width in (16, 23, 40, 91):
        middle = resize(ramp, (8, width), method)[0, 0, 4]
        expected = (torch.arange(width) + 0.5) * 64 / width - 0.5
        inside = slice(width // 4, -width // 4)
        off = (middle - expected)[inside]
        assert off.abs().max() <= (0.5 if method in ("nearest", "area") else 0.07)
        if method != "nearest" or width % 2:  # of two that are equally near it takes the right one
            assert abs(off.mean().item()) < 0.1


def test_random_factors_are_as_often_up_and_down_as_the_odds_say():
    step = RandomResize((0.25, 2.0), odds=(0.2, 0.7, 0.1))
    drawn = step.draw_each(torch.zeros(1000, 1, 40, 60), range(1000))
    factors = torch.tensor([one["factor"] for one in drawn])
    assert (factors > 1).float().mean().item() == pytest.approx(0.2, abs=0.04)
    assert (factors == 1).float().mean().item() == pytest.approx(0.1, abs=0.03)
    assert factors[factors < 1].mean().item() == pytest.approx((0.25 + 1) / 2, abs=0.03)
    assert factors.min() >= 0.25
    assert factors.max() <= 2
    assert {one["method"] for one in drawn} == {"area", "bilinear", "bicubic"}
    assert all(one["size"] == (round(40 * one["factor"]), round(60 * one["factor"])) for one in drawn)


def test_the_divisor_may_be_what_is_uniform():
    step = RandomResize((0.125, 1.0), odds=(0, 1, 0), divisor=True)
    divisors = torch.tensor([1 / one["factor"] for one in step.draw_each(torch.zeros(500, 1, 40, 60), range(500))])
    assert divisors.mean().item() == pytest.approx(4.5, abs=0.3)


def test_the_factor_may_count_from_a_fixed_part_of_the_clean_picture():
    chain = Chain([RandomResize((0.3, 1.5)), RandomResize((0.5, 1.0), odds=(0, 1, 0), from_scale=4)])
    for drawn in chain.draw_each(torch.zeros(50, 1, 80, 120), range(50)):
        last = drawn["steps"][1]
        assert 0.5 <= last["factor"] <= 1
        assert last["size"] == (round(20 * last["factor"]), round(30 * last["factor"]))
    quarter = RandomResize((1, 1), odds=(0, 0, 1), methods=["area"], from_scale=4)
    clean = torch.rand(2, 1, 16, 24)
    torch.testing.assert_close(quarter.degrade_each(clean, [0, 1]), F.avg_pool2d(clean, 4))


def test_a_picture_may_shrink_no_further_than_to_a_part_of_the_clean_one():
    half = RandomResize((1, 1), odds=(0, 0, 1), from_scale=2)
    chain = Chain([half, RandomResize((0.1, 1.0), odds=(0, 1, 0), divisor=True, smallest_scale=8)])
    divisors = [1 / one["steps"][1]["factor"] for one in chain.draw_each(torch.zeros(500, 1, 80, 120), range(500))]
    assert 1 <= min(divisors) < 1.1
    assert 3.9 < max(divisors) <= 4
    assert sum(divisors) / 500 == pytest.approx(2.5, abs=0.1)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_decimation_with_a_thin_kernel_is_the_middle_of_every_so_many_pixels(scale, picture):
    step = Decimate(scale, sigma=0.025)
    middle = {2: F.avg_pool2d(picture, 2), 3: picture[..., 1::3, 1::3]}
    middle[4] = F.avg_pool2d(F.pad(picture, (-1, -1, -1, -1)), 2, stride=4)
    torch.testing.assert_close(step.degrade_each(picture, range(2)), middle[scale])


def test_decimation_blurs_in_steps_and_keeps_centres_aligned():
    ramp = torch.arange(96, dtype=torch.float64).expand(1, 1, 96, 96)
    for chain in (
        Decimate(4),
        Chain([RandomResize((1, 1), odds=(0, 0, 1), methods=["area"], from_scale=2), Decimate(4)]),
    ):
        small = chain.degrade_each(ramp, [3])
        torch.testing.assert_close(small[0, 0, 12, 8:-8], torch.arange(8, 16, dtype=torch.float64) * 4 + 1.5)
    point = torch.zeros(1, 1, 96, 96, dtype=torch.float64)
    point[..., 45:47, 45:47] = 4
    row = Decimate(4, sigma=0.6).degrade_each(point, [0])[0, 0, 11]
    assert row[12] / row[11] == pytest.approx(math.exp(-1 / (2 * 0.6**2)), abs=0.03)
    with pytest.raises(ConfigError, match="multiple"):
        Chain([RandomResize((0.5, 1.0), odds=(0, 1, 0)), Decimate(4)]).draw_each(ramp, [0])
    with pytest.raises(ConfigError, match="to_scale"):
        Decimate(0)


def test_resizing_may_alias(picture):
    steps = (
        RandomResize((1, 1), odds=(0, 0, 1), methods=["bilinear"], from_scale=4, antialias=False),
        ResizeTo(4, methods=["bilinear"], antialias=False),
    )
    for step in steps:
        torch.testing.assert_close(
            step.degrade_each(picture, range(2)), F.interpolate(picture, size=(12, 15), mode="bilinear")
        )


def test_a_chain_of_random_resizes_ends_at_the_size_it_names_whatever_lies_between():
    chain = Chain([RandomResize((0.3, 1.5)), GaussianNoise((0, 10)), RandomResize(), ResizeTo(4), Jpeg((30, 95))])
    clean = torch.rand(5, 3, 40, 56, generator=torch.Generator().manual_seed(1))
    together = chain.degrade_each(clean, range(5))
    assert together.shape == (5, 3, 10, 14)
    assert chain.scale == 4
    split = [chain.degrade_each(clean[number : number + 1], [number]) for number in range(5)]
    assert torch.equal(together, torch.cat(split))


def test_what_is_degraded_lies_where_the_clean_picture_does():
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(96.0), indexing="ij")
    clean = ((x + 2 * y) / 300).expand(8, 3, 64, 96)
    chain = Chain([RandomResize((0.3, 1.5)), RandomResize((0.5, 1.2)), ResizeTo(2)])
    expected = F.avg_pool2d(clean, 2)
    degraded = chain.degrade_each(clean, range(8))
    inside = (slice(None), slice(None), slice(8, -8), slice(8, -8))
    torch.testing.assert_close(degraded[inside], expected[inside], rtol=0, atol=0.004)


def test_different_sizes_without_a_last_one_are_told():
    clean = torch.rand(4, 3, 40, 40)
    with pytest.raises(ShapeError, match="ResizeTo"):
        RandomResize((0.2, 1.0), odds=(0, 1, 0)).degrade_each(clean, range(4))


def test_a_picture_never_shrinks_to_nothing():
    chain = Chain([RandomResize((0.05, 1.0), odds=(0, 1, 0)), ResizeTo(1)])
    assert chain.degrade_each(torch.rand(3, 3, 2, 5), range(3)).shape == (3, 3, 2, 5)


def test_a_shuffle_draws_every_order_and_keeps_what_must_be_in_order():
    shuffle = Shuffle([GaussianNoise(5), RandomResize(), ResizeTo(2), Jpeg()], in_order=[1, 2])
    assert (shuffle.scale, shuffle.margin) == (2, 6)
    orders = [tuple(one["order"]) for one in shuffle.draw_each(torch.zeros(300, 3, 8, 8), range(300))]
    assert all(order.index(1) < order.index(2) for order in orders)
    assert len(set(orders)) == 12
    clean = torch.rand(6, 3, 16, 12, generator=torch.Generator().manual_seed(0))
    together = shuffle.degrade_each(clean, range(6))
    assert together.shape == (6, 3, 8, 6)
    assert torch.equal(together[3:], shuffle.degrade_each(clean[3:], range(3, 6)))


def test_nonsense_is_refused():
    for wrong in (
        lambda: RandomResize((0.0, 1.0)),
        lambda: RandomResize((1.2, 1.5)),
        lambda: RandomResize(odds=(0, 0, 0)),
        lambda: RandomResize(methods=["cubic"]),
        lambda: RandomResize(methods=[]),
        lambda: RandomResize(from_scale=0),
        lambda: RandomResize(smallest_scale=0),
        lambda: ResizeTo(0),
        lambda: Shuffle([]),
        lambda: Shuffle([Jpeg()], in_order=[1]),
    ):
        with pytest.raises(ConfigError):
            wrong()
    with pytest.raises(ConfigError, match="Crop to 8 x 8"):
        ResizeTo(4).degrade_each(torch.rand(1, 1, 9, 10), [0])
