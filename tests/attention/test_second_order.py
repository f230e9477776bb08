"""Second-order channel attention, covariance pooling and the matrix square root."""

from __future__ import annotations

import pytest
import torch

from restore.attention import CovariancePooling, SecondOrderChannelAttention, matrix_square_root
from restore.errors import ConfigError, ShapeError
from tests.parity.rules import fill

from .memory import Memory


def filled(**options) -> SecondOrderChannelAttention:
    return fill(SecondOrderChannelAttention(8, 2, **options))


def test_covariance_is_torchs():
    x = torch.rand(2, 5, 4, 3, dtype=torch.float64)
    expected = torch.stack([torch.cov(one.flatten(1), correction=0) for one in x])
    torch.testing.assert_close(CovariancePooling()(x), expected)


def test_covariance_of_a_large_offset_keeps_its_digits():
    x = torch.rand(1, 5, 16, 16, dtype=torch.float64) + 1000
    torch.testing.assert_close(CovariancePooling()(x.float()).double(), CovariancePooling()(x), rtol=0, atol=1e-5)


def test_covariance_needs_a_map():
    with pytest.raises(ShapeError, match="5, 12"):
        CovariancePooling()(torch.rand(2, 5, 12))


def test_root_squared_is_the_matrix():
    turn = torch.linalg.qr(torch.rand(2, 6, 6, dtype=torch.float64)).Q
    matrix = turn @ torch.diag(torch.linspace(1, 9, 6, dtype=torch.float64)) @ turn.transpose(1, 2)
    root = matrix_square_root(matrix, iterations=12)
    torch.testing.assert_close(root @ root, matrix)


@pytest.mark.parametrize("iterations", [1, 2, 5])
def test_root_equals_the_recursion_of_the_paper(iterations):
    points = torch.rand(1, 6, 20, dtype=torch.float64)
    matrix = points @ points.transpose(1, 2)
    one, trace = torch.eye(6, dtype=torch.float64), matrix[0].trace()
    root, inverse = matrix[0] / trace, one
    for _ in range(iterations):
        step = (3 * one - inverse @ root) / 2
        root, inverse = root @ step, step @ inverse
    torch.testing.assert_close(matrix_square_root(matrix, iterations)[0], trace.sqrt() * root)


def test_root_of_zero_is_zero_and_so_is_its_gradient():
    matrix = torch.zeros(2, 4, 4, requires_grad=True)
    root = matrix_square_root(matrix)
    (gradient,) = torch.autograd.grad(root.sum(), matrix)
    assert not root.any()
    assert gradient.isfinite().all()


@pytest.mark.parametrize("iterations", [0, -1])
def test_root_without_iterations_is_refused(iterations):
    with pytest.raises(ConfigError, match=f"iterations={iterations}"):
        matrix_square_root(torch.eye(3), iterations)
    with pytest.raises(ConfigError, match=f"iterations={iterations}"):
        SecondOrderChannelAttention(16, iterations=iterations)


def test_gate_does_not_depend_on_the_mean_or_on_the_order_of_places():
    module, x = filled().double(), torch.rand(2, 8, 5, 6, dtype=torch.float64)
    shuffled = x.flatten(2)[..., torch.randperm(30)].unflatten(2, (6, 5))
    torch.testing.assert_close(module.gate(shuffled), module.gate(x))
    torch.testing.assert_close(module.gate(x + torch.rand(1, 8, 1, 1, dtype=torch.float64)), module.gate(x))


def test_descriptor_grows_with_the_contrast():
    module, x = filled().double(), torch.rand(2, 8, 5, 6, dtype=torch.float64)
    torch.testing.assert_close(module.descriptor(3 * x), 3 * module.descriptor(x))


@pytest.mark.parametrize("noise", [0, 1e-30, 1e-18, 1e-12, 1e-6])
@pytest.mark.parametrize("value", [0.0, 0.5, 0.1, 1e4])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_nearly_flat_features_have_finite_gradients(value, noise, dtype):
    module = filled().to(dtype)
    noise = noise * torch.rand(1, 8, 6, 7, generator=torch.Generator().manual_seed(0))
    x = (value + noise).to(dtype).requires_grad_()
    result = module(x)
    result.sum().backward()
    assert result.isfinite().all()
    assert x.grad.isfinite().all()
    assert all(parameter.grad.isfinite().all() for parameter in module.parameters())


def test_half_precision_is_that_of_the_input_alone():
    module = filled().bfloat16()
    x = torch.rand(1, 8, 16, 16).bfloat16() + 4  # an offset that eats bfloat16's digits
    descriptor = module.descriptor(x)
    torch.testing.assert_close(descriptor.float(), module.descriptor(x.float()), rtol=2**-8, atol=0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(module.descriptor(x), descriptor)


def test_no_matrix_of_places_is_built():
    module, x = filled(), torch.rand(1, 8, 32, 32, requires_grad=True)
    with Memory() as memory:
        module(x).sum().backward()
    assert memory.largest == x.numel()


@pytest.mark.parametrize(
    ("size", "rows", "columns"),
    [
        ((2, 999), slice(None), slice(None)),
        ((2, 1003), slice(None), slice(1, 1001)),
        ((1010, 3), slice(5, 1005), slice(None)),
        ((1001, 1002), slice(0, 1000), slice(1, 1001)),
        ((600, 1000), slice(400, 600), slice(None)),  # what a slice with a negative start keeps
        ((1000, 333), slice(None), slice(None)),
        ((334, 1000), slice(1, 334), slice(None)),
    ],
)
def test_published_crop(size, rows, columns):
    published, paper = filled(crop="published"), filled()
    x = torch.rand(1, 8, *size, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(published.gate(x), paper.gate(x[..., rows, columns]))
    cropped = x[..., rows, columns].shape != x.shape
    assert torch.equal(published.gate(x), paper.gate(x)) != cropped


def test_unknown_crop_is_refused():
    with pytest.raises(ConfigError, match="center"):
        SecondOrderChannelAttention(16, crop="center")
