"""The negative PSNR as a loss."""

from __future__ import annotations

import pytest
import torch

from restore.errors import ConfigError
from restore.losses import PSNRLoss
from restore.metrics import psnr


def test_is_minus_the_mean_psnr_of_the_pictures():
    generator = torch.Generator().manual_seed(0)
    target = torch.rand(3, 3, 8, 9, generator=generator, dtype=torch.float64)
    restored = target + torch.tensor([0.01, 0.1, 0.5], dtype=torch.float64)[:, None, None, None]
    expected = -psnr(restored, target).mean()
    assert PSNRLoss(1e-15)(restored, target).item() == pytest.approx(expected.item(), rel=1e-6)
    assert PSNRLoss()(restored, target).item() == pytest.approx(-(40 + 20 + 6.0206) / 3, abs=1e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_equal_pictures_have_a_finite_loss_and_gradient(dtype):
    target = torch.rand(2, 3, 4, 4).to(dtype)
    restored = target.clone().requires_grad_()
    loss = PSNRLoss()(restored, target)
    loss.backward()
    assert loss.item() == pytest.approx(-80, abs=1e-3)
    assert restored.grad.isfinite().all()


def test_an_eps_that_is_not_positive_is_refused():
    with pytest.raises(ConfigError, match="eps=0"):
        PSNRLoss(0)
