"""What every degradation promises: drawn values that can be used again, and pictures that do not mix."""

from __future__ import annotations

import pytest
import torch

from restore.degradation import (
    AnisotropicBlur,
    CameraNoise,
    Chain,
    Clip,
    CorrelatedNoise,
    Decimate,
    DefocusBlur,
    DifferentiableJpeg,
    GaussianBlur,
    GaussianNoise,
    GeneralizedGaussianBlur,
    Jpeg,
    MotionBlur,
    OneOf,
    PlateauBlur,
    PoissonGaussianNoise,
    PoissonNoise,
    Quantize,
    RandomResize,
    ResizeTo,
    Round,
    SaltAndPepperNoise,
    Shuffle,
    SincFilter,
    Sometimes,
    SpeckleNoise,
    WebP,
)
from restore.degradation.random import Stream
from restore.errors import ConfigError

STEPS = {
    "noise": GaussianNoise((0, 55)),
    "noise a channel": GaussianNoise((0, 55), per_channel=True),
    "poisson": PoissonNoise(),
    "gray poisson": PoissonNoise(strength=(0.05, 3.0), gray=True),
    "poisson-gaussian": PoissonGaussianNoise(),
    "speckle": SpeckleNoise(),
    "salt and pepper": SaltAndPepperNoise(per_channel=True),
    "correlated pixels": CorrelatedNoise((5, 55), width=(0.5, 2.0), correlation=(0.0, 1.0)),
    "random covariance": CorrelatedNoise((5, 55), covariance="random"),
    "blur": GaussianBlur((0.5, 3.0), (7, 21)),
    "anisotropic": AnisotropicBlur(),
    "generalized": GeneralizedGaussianBlur(),
    "plateau": PlateauBlur(isotropic=True),
    "sinc": SincFilter(),
    "motion": MotionBlur(),
    "defocus": DefocusBlur(),
    "camera": CameraNoise(),
    "raw plane": CameraNoise(output="plane"),
    "raw packed": CameraNoise(output="packed"),
    "jpeg": Jpeg((10, 90)),
    "webp": WebP((10, 90)),
    "smooth jpeg": DifferentiableJpeg((10, 90)),
    "resize": ResizeTo(2),
    "random resize": Chain([RandomResize((0.3, 1.7)), GaussianNoise((0, 20)), ResizeTo(2)]),
    "decimate": Chain(
        [
            Sometimes(RandomResize((1, 1), (0, 0, 1), from_scale=2)),
            OneOf([Decimate(4), RandomResize(odds=(0, 1, 0), divisor=True, smallest_scale=8, antialias=False)]),
            ResizeTo(2, antialias=False),
        ]
    ),
    "shuffle": Shuffle(
        [GaussianBlur((0.5, 2.0), (3, 9)), Jpeg(), GaussianNoise((0, 20)), RandomResize(), ResizeTo(2)], in_order=[3, 4]
    ),
    "one of": OneOf([GaussianNoise((0, 55)), Chain([GaussianBlur((0.5, 2.0)), Quantize()])]),
    "sometimes": Sometimes(GaussianNoise(20), 0.5),
    "chain": Chain([Sometimes(GaussianBlur((0.5, 2.0), (3, 9))), GaussianNoise((1, 20)), Clip(), Round()]),
}


@pytest.fixture
def clean():
    return torch.rand(6, 3, 24, 20, generator=torch.Generator().manual_seed(3))


@pytest.fixture(params=STEPS.values(), ids=STEPS.keys())
def step(request):
    return request.param


def test_drawn_values_give_the_same_pictures_again(step, clean):
    before = clean.clone()
    drawn = step.draw_each(clean, range(6))
    degraded = step.replay(clean, drawn)
    assert torch.equal(degraded, step.degrade_each(clean, range(6)))
    assert torch.equal(degraded, step.replay(clean, drawn))
    assert torch.equal(clean, before)
    shrinks = 2 if step is STEPS["raw packed"] else step.scale
    assert degraded.shape == (6, step.channels or 3, 24 // shrinks, 20 // shrinks)
    assert degraded.dtype == clean.dtype


def test_a_picture_does_not_depend_on_its_batch(step, clean):
    """Nor does its target, on any rank, in batches of any size, in any order."""
    seeds = [5, 1, 9, 2, 7, 3]
    together = step.degrade_pairs(clean, seeds)
    parts = [slice(rank, None, world) for world in (2, 3) for rank in range(world)]
    parts += [slice(0, 1), slice(1, 3), slice(3, 6)]
    for part in parts:
        for made, whole in zip(step.degrade_pairs(clean[part], seeds[part]), together, strict=True):
            assert torch.equal(made, whole[part])
    backwards = step.degrade_pairs(clean.flip(0), seeds[::-1])
    assert all(torch.equal(made.flip(0), whole) for made, whole in zip(backwards, together, strict=True))


def test_pictures_with_one_seed_and_another_differ(step, clean):
    same = clean[:1].repeat(8, 1, 1, 1)
    assert len({picture.numpy().tobytes() for picture in step.degrade_each(same, range(8))}) > 1


def test_the_global_stream_is_neither_read_nor_moved(step, clean):
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = step(clean, torch.Generator().manual_seed(0))
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    assert torch.equal(step(clean, torch.Generator().manual_seed(0)), first)


def test_one_unfolds_into_the_steps_that_were_drawn(clean):
    chain = STEPS["chain"]
    for number, drawn in enumerate(chain.draw_each(clean, range(6))):
        picture = clean[number : number + 1]
        for part, own in chain.unfold(drawn):
            picture = part.transform(picture, [own])
        assert torch.equal(picture, chain.degrade_each(clean[number : number + 1], [number]))


def test_a_label_names_the_step_and_its_values():
    step = GaussianNoise((0, 55))
    [drawn] = step.draw_each(torch.zeros(1, 3, 4, 4), [0])
    assert step.label(drawn) == f"GaussianNoise sigma {drawn['sigma']:.3g}"


def test_every_channel_may_have_a_sigma_of_its_own():
    step = GaussianNoise((0, 55), per_channel=True)
    flat = torch.full((3, 3, 128, 128), 0.5)
    drawn = step.draw_each(flat, range(3))
    measured = step.replay(flat, drawn).std(dim=(2, 3)) * 255  # (N, C)
    torch.testing.assert_close(measured, torch.tensor([one["sigma"] for one in drawn]), rtol=0.03, atol=0.05)


def test_sometimes_happens_as_often_as_it_says():
    noisy = Sometimes(GaussianNoise(20), 0.3)(torch.zeros(500, 1, 2, 2), torch.Generator().manual_seed(0))
    assert (noisy != 0).flatten(1).any(1).float().mean().item() == pytest.approx(0.3, abs=0.06)
    with pytest.raises(ConfigError, match="probability"):
        Sometimes(Quantize(), 1.5)


def test_clipping_and_rounding_are_steps_of_their_own():
    levels = torch.tensor([-3.0, 0.4, 0.6, 254.6, 300.0]).reshape(1, 1, 1, 5)
    generator = torch.Generator()
    torch.testing.assert_close(Clip()(levels / 255, generator) * 255, torch.tensor([[[[0, 0.4, 0.6, 254.6, 255]]]]))
    rounded = (Round()(levels / 255, generator) * 255).flatten()
    torch.testing.assert_close(rounded, torch.tensor([-3.0, 0.0, 1.0, 255.0, 300.0]))


def test_a_module_above_may_still_apply_a_function_to_all_its_parts():
    names = []
    torch.nn.Sequential(STEPS["chain"]).apply(lambda module: names.append(type(module).__name__))
    assert "GaussianBlur" in names


def test_every_bit_of_a_seed_counts(clean):
    seeds = [3, 3 + 2**20, 3 + 2**32, 3 + 2**45, 3 + 2**61]
    drawn = GaussianNoise((0, 55)).draw_each(clean[:5], seeds)
    assert len({one["sigma"] for one in drawn}) == 5
    streams = [Stream(seed, "cpu").generator() for seed in seeds]
    assert len({torch.rand((), generator=generator).item() for generator in streams}) == 5
