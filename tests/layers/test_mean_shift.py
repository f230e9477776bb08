"""The mean shift: the published constants, an exact way back, float32 under autocast."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from restore.layers import DIV2K_MEAN, mean_shift, mean_shift_constants


def test_constants_are_the_float32_product():
    weight, bias = mean_shift_constants(DIV2K_MEAN, -255)
    assert torch.equal(weight[:, :, 0, 0], torch.eye(3))
    assert torch.equal(bias, -255 * torch.tensor(DIV2K_MEAN))


def test_equals_a_1x1_convolution():
    x, weight, bias = torch.rand(2, 3, 4, 5).double(), torch.rand(3, 3, 1, 1).double(), torch.rand(3).double()
    torch.testing.assert_close(mean_shift(x, weight, bias), F.conv2d(x, weight, bias), rtol=1e-14, atol=1e-14)


def test_autocast_leaves_it_in_float32():
    x = torch.linspace(0, 255, 48).reshape(1, 3, 4, 4)
    weight, bias = mean_shift_constants(DIV2K_MEAN, 255)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        shifted = mean_shift(x, weight, bias)
    assert torch.equal(shifted, mean_shift(x, weight, bias))


def test_constants_follow_the_default_type():
    before = torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float64)
        bias = mean_shift_constants(DIV2K_MEAN, 255)[1]
    finally:
        torch.set_default_dtype(before)
    assert bias.dtype == torch.float64
    assert torch.equal(bias, (255 * torch.tensor(DIV2K_MEAN, dtype=torch.float32)).double())
