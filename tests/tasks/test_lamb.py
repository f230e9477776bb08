"""LAMB: the length of a step, its direction, what it leaves alone."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.errors import ConfigError
from restore.tasks import LAMB


def weights():
    generator = torch.Generator().manual_seed(0)
    return nn.Parameter(torch.randn(4, 3, generator=generator, dtype=torch.float64))


def stepped(scale=1.0, steps=1, **options):
    weight = weights()
    optimizer = LAMB([weight], lr=0.01, **options)
    generator = torch.Generator().manual_seed(1)
    for _ in range(steps):
        weight.grad = scale * torch.randn(4, 3, generator=generator, dtype=torch.float64)
        optimizer.step()
    return weight.detach(), optimizer


def test_a_step_is_as_long_as_the_weights_say():
    before = weights().detach()
    for steps in (1, 2):
        after, _ = stepped(steps=steps)
        assert (after - before).norm() / before.norm() == pytest.approx(0.01, rel=1e-6)
        before = after


def test_the_direction_is_adams():
    before = weights().detach()
    after, _ = stepped(eps=1e-12)
    gradient = torch.randn(4, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    expected = before - 0.01 * before.norm() / 12**0.5 * gradient.sign()
    torch.testing.assert_close(after, expected, rtol=1e-9, atol=1e-9)


def test_the_size_of_the_gradient_does_not_count():
    torch.testing.assert_close(stepped(1.0, 5, eps=0)[0], stepped(1000.0, 5, eps=0)[0])


def test_weight_decay_pulls_to_nought():
    weight = weights()
    weight.grad = torch.zeros_like(weight)
    before = weight.detach().clone()
    LAMB([weight], lr=0.01, weight_decay=0.1).step()
    torch.testing.assert_close(weight.detach(), 0.99 * before)


def test_weights_of_nought_take_adams_step():
    weight = nn.Parameter(torch.zeros(3))
    weight.grad = torch.tensor([1.0, -2.0, 3.0])
    LAMB([weight], lr=0.01).step()
    torch.testing.assert_close(weight.detach(), torch.tensor([-0.01, 0.01, -0.01]), rtol=1e-4, atol=0)


def test_it_goes_on_from_its_state():
    whole, _ = stepped(steps=4)
    half, optimizer = stepped(steps=2)
    weight = nn.Parameter(half)
    again = LAMB([weight], lr=0.01)
    again.load_state_dict(optimizer.state_dict())
    generator = torch.Generator().manual_seed(1)
    gradients = [torch.randn(4, 3, generator=generator, dtype=torch.float64) for _ in range(4)]
    for gradient in gradients[2:]:
        weight.grad = gradient
        again.step()
    assert torch.equal(weight.detach(), whole)


@pytest.mark.parametrize("options", [{"lr": -1}, {"betas": (0.9, 1.0)}, {"eps": -1}, {"weight_decay": -0.1}])
def test_numbers_out_of_range_are_refused(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        LAMB([weights()], **options)
