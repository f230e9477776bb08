"""Chains of degradations, and one out of several."""

import pytest
import torch

from restore.degradation import Bicubic, Chain, GaussianNoise, OneOf, Quantize
from restore.errors import ConfigError


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_chain_applies_its_steps_in_order():
    clean = torch.rand(2, 3, 8, 8, generator=generator())
    expected = Quantize()(GaussianNoise(80)(clean, generator(3)), generator())
    torch.testing.assert_close(Chain([GaussianNoise(80), Quantize()])(clean, generator(3)), expected, rtol=0, atol=0)


def test_a_chain_multiplies_scales_and_counts_margins_in_its_last_pixels():
    first, second = Bicubic(2), Bicubic(3)
    chain = Chain([first, second])
    assert chain.scale == 6
    assert chain.margin == -(-first.margin // 3) + second.margin


def test_one_of_draws_by_weight_and_gives_each_picture_one_choice():
    clean = torch.zeros(600, 1, 2, 2)
    noisy = OneOf([GaussianNoise(0), GaussianNoise(25)], weights=[1.0, 3.0])(clean, generator())
    share = (noisy != 0).any(dim=3).any(dim=2).float().mean().item()
    assert share == pytest.approx(0.75, abs=0.06)


def test_one_of_repeats_with_its_seed():
    clean = torch.rand(4, 3, 8, 8, generator=generator())
    both = OneOf([GaussianNoise((0, 50)), Quantize()])
    assert torch.equal(both(clean, generator(1)), both(clean, generator(1)))


def test_nonsense_is_refused():
    with pytest.raises(ConfigError, match="no step"):
        Chain([])
    with pytest.raises(ConfigError, match="weight"):
        OneOf([Quantize()], weights=[0.0])
    with pytest.raises(ConfigError, match="scales"):
        OneOf([Quantize(), Bicubic(2)])
