"""Spatial transformer: the identity at the start, known maps, sizes, precision."""

from __future__ import annotations

import pytest
import torch

from restore.attention import SpatialTransformer, affine_sample
from restore.errors import ConfigError, ShapeError
from tests.parity.rules import fill


@pytest.mark.parametrize("padding", ["zeros", "border"])
@pytest.mark.parametrize("align_corners", [True, False])
@pytest.mark.parametrize(("height", "width"), [(5, 9), (2, 2), (1, 1)])
def test_fresh_module_is_the_identity(padding, align_corners, height, width):
    module = SpatialTransformer(3, padding=padding, align_corners=align_corners).double()
    x = torch.rand(2, 3, height, width, dtype=torch.float64)
    torch.testing.assert_close(module(x), x)


def test_known_maps():
    x = torch.rand(1, 2, 6, 6, dtype=torch.float64)
    mirror = torch.tensor([[[-1.0, 0, 0], [0, 1, 0]]], dtype=torch.float64)
    turn = torch.tensor([[[0, 1.0, 0], [-1, 0, 0]]], dtype=torch.float64)
    shift = torch.tensor([[[1.0, 0, 2 * 2 / 6], [0, 1, 0]]], dtype=torch.float64)  # two pixels to the right
    torch.testing.assert_close(affine_sample(x, mirror)[0], x.flip(3))
    torch.testing.assert_close(affine_sample(x, turn)[0], x.rot90(1, (2, 3)).flip(2, 3))
    shifted = affine_sample(x, shift)[0]
    torch.testing.assert_close(shifted[..., :4], x[..., 2:])
    torch.testing.assert_close(shifted[..., 4:], torch.zeros_like(shifted[..., 4:]))
    torch.testing.assert_close(affine_sample(x, shift, padding="border")[0][..., 4:], x[..., 5:].expand(1, 2, 6, 2))


def test_each_picture_has_its_own_map_and_gradients_reach_it():
    module = fill(SpatialTransformer(3, size=(4, 5))).double()
    x = torch.rand(2, 3, 8, 7, dtype=torch.float64)
    result = module(x)
    assert result.shape == (2, 3, 4, 5)
    torch.testing.assert_close(result, torch.cat([module(one) for one in x.split(1)]))
    assert not torch.allclose(*module.matrix(x))
    result.square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in module.parameters())


def test_gradient_is_right():
    module = fill(SpatialTransformer(2, width=4)).double()
    x = torch.rand(1, 2, 5, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(module, (x,), fast_mode=True)


def test_half_precision_does_not_round_the_places():
    x = torch.rand(1, 1, 1, 900).bfloat16()
    torch.testing.assert_close(SpatialTransformer(1).bfloat16()(x), x)


@pytest.mark.parametrize(
    "options", [{"channels": 0}, {"width": 0}, {"size": (4, 0)}, {"padding": "reflection"}], ids=lambda o: next(iter(o))
)
def test_wrong_options_are_refused(options):
    with pytest.raises(ConfigError, match=f"got {next(iter(options))}="):
        SpatialTransformer(**({"channels": 3} | options))


@pytest.mark.parametrize("shape", [(1, 4, 5, 5), (3, 5, 5)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ShapeError, match=r"\(N, 3, H, W\)"):
        SpatialTransformer(3)(torch.rand(shape))
