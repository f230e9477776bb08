"""Deformable convolution: integer places, the border, gradients, memory; the pack and the attention."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from restore.attention import DeformableAttention, DeformableConv, DeformableConvPack, deformable_conv
from restore.errors import ConfigError, ShapeError
from tests.attention.memory import Memory
from tests.parity.rules import fill


def random(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("options", [{}, {"stride": 2}, {"padding": 2, "dilation": 2}, {"stride": 3, "padding": 4}])
@pytest.mark.parametrize("groups", [1, 2])
def test_without_offsets_it_is_a_convolution(options, groups):
    x, weight, bias = random(2, 4, 7, 8), random(6, 4 // groups, 3, 5), random(6)
    expected = F.conv2d(x, weight, bias, groups=groups, **options)
    offset = torch.zeros(2, 2 * 2 * 15, *expected.shape[2:], dtype=torch.float64)
    torch.testing.assert_close(deformable_conv(x, offset, weight, bias, offset_groups=2, **options), expected)
    mask = torch.full((2, 2 * 15, *expected.shape[2:]), 0.25, dtype=torch.float64)
    torch.testing.assert_close(
        deformable_conv(x, offset, weight, None, mask, offset_groups=2, **options),
        F.conv2d(x, weight, groups=groups, **options) / 4,
    )


def test_offsets_go_down_first_and_then_right():
    x, one = random(1, 1, 9, 9), torch.ones(1, 1, 1, 1, dtype=torch.float64)
    offset = torch.tensor([2.0, -1.0], dtype=torch.float64).view(1, 2, 1, 1).expand(1, 2, 9, 9)
    result = deformable_conv(x, offset, one)
    torch.testing.assert_close(result[..., :7, 1:], x[..., 2:, :8], rtol=0, atol=0)
    assert result[..., 7:, :].abs().max() == result[..., 0].abs().max() == 0


@pytest.mark.parametrize(
    ("place", "value"),
    [(-1.0, 0), (-1.5, 0), (-0.25, 0.75), (0.0, 1), (1.5, 2.5), (2.0, 3), (2.75, 0.75), (3.0, 0), (9, 0)],
)
def test_outside_the_picture_is_nought(place, value):
    x = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    one = torch.ones(1, 1, 1, 1, dtype=torch.float64)
    for axis, shaped in ((0, x.view(1, 1, 3, 1)), (1, x.view(1, 1, 1, 3))):
        offset = torch.zeros(1, 2, *shaped.shape[2:], dtype=torch.float64)
        offset[0, axis].view(-1)[0] = place
        assert deformable_conv(shaped, offset, one).flatten()[0].item() == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradient_of_a_whole_place_is_that_of_the_right_hand_side(dtype):
    """As in torchvision; a form whose places are rounded on the way would take either side."""
    x = random(1, 1, 1, 301).to(dtype)
    offset = torch.zeros(1, 2, 3, 303, dtype=dtype, requires_grad=True)
    deformable_conv(x, offset, torch.ones(1, 1, 1, 1, dtype=dtype), padding=1).sum().backward()
    around = F.pad(x[0, 0, 0], (1, 2))  # from the place -1, which is nought but on its way to pixel 0, to 301
    torch.testing.assert_close(offset.grad[0, 1, 1], around.diff())


def test_bfloat16_still_finds_pixels_beyond_256():
    x = random(1, 1, 1, 700).bfloat16()
    offset = torch.zeros(1, 2, 1, 700).bfloat16()
    assert torch.equal(deformable_conv(x, offset, torch.ones(1, 1, 1, 1).bfloat16()), x)


def test_a_place_that_is_no_number_gives_none():
    offset = torch.zeros(1, 2, 2, 2)
    offset[0, 1, 0, 1] = torch.nan
    result = deformable_conv(torch.rand(1, 3, 2, 2), offset, torch.rand(3, 3, 1, 1))
    assert torch.equal(result.isnan()[0, 0], offset.isnan()[0, 1])


@pytest.mark.parametrize(("modulated", "offset_groups", "groups"), [(True, 1, 1), (True, 3, 2), (False, 2, 6)])
def test_equals_torchvision(modulated, offset_groups, groups):
    ops = pytest.importorskip("torchvision.ops")
    x, weight = random(2, 6, 7, 5).requires_grad_(), random(12, 6 // groups, 3, 3).requires_grad_()
    offset = (random(2, 18 * offset_groups, 4, 3) * 2).requires_grad_()
    offset.data[..., 0] = offset.data[..., 0].round()
    mask = random(2, 9 * offset_groups, 4, 3, seed=1).sigmoid().requires_grad_() if modulated else None
    ours = deformable_conv(x, offset, weight, None, mask, stride=2, padding=1, offset_groups=offset_groups)
    theirs = ops.deform_conv2d(x, offset, weight, None, stride=2, padding=1, mask=mask)
    torch.testing.assert_close(ours, theirs)
    given = [one for one in (x, offset, weight, mask) if one is not None]
    probe = random(*ours.shape, seed=2)
    for mine, other in zip(
        torch.autograd.grad((ours * probe).sum(), given),
        torch.autograd.grad((theirs * probe).sum(), given),
        strict=True,
    ):
        torch.testing.assert_close(mine, other)


def test_no_column_matrix_is_kept_in_training():
    channels, side, size = 32, 32, 5
    module = fill(DeformableConv(channels, kernel_size=size))
    x = torch.rand(1, channels, side, side, requires_grad=True)
    offset = torch.randn(1, 2 * size**2, side, side, requires_grad=True)
    column = channels * size**2 * side**2
    with Memory() as memory:
        module(x, offset).sum().backward()
    assert memory.largest < column / 8
    assert memory.peak < column * x.element_size() / 2


def test_exported_program_computes_the_same():
    """Export takes another road, without an operator that ONNX lacks."""
    module, x = fill(DeformableAttention(6, offset_groups=2)).eval(), random(2, 6, 4, 5).float()
    program = torch.export.export(module, (x,))
    assert "embedding_bag" not in program.graph_module.code
    torch.testing.assert_close(program.module()(x), module(x))


def test_fresh_pack_is_a_convolution():
    x = random(1, 4, 6, 5).float()
    first, second = DeformableConvPack(4, 3, modulated=False), DeformableConvPack(4, 3, stride=2)
    torch.testing.assert_close(first(x), F.conv2d(x, first.deform.weight, padding=1))
    expected = F.conv2d(x, second.deform.weight, stride=2, padding=1) / 2 + second.deform.bias.view(1, -1, 1, 1)
    torch.testing.assert_close(second(x), expected)
    assert first.deform.bias is None


@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": 0},
        {"stride": 0},
        {"padding": -1},
        {"dilation": 0},
        {"out_channels": -1},
        {"groups": 4},
        {"groups": 0},
        {"offset_groups": 4},
        {"offset_groups": -1},
    ],
)
def test_wrong_numbers_are_refused(options):
    ((name, value),) = options.items()
    for cls in (DeformableConv, DeformableConvPack):
        with pytest.raises(ConfigError, match=f"{name}={value}"):
            cls(6, **options)


def test_pack_with_dilation_is_refused():
    with pytest.raises(ConfigError, match="dilation=2"):
        DeformableConvPack(6, dilation=2)


def test_wrong_shapes_are_refused():
    module, x = DeformableConv(6), torch.rand(1, 6, 4, 4)
    with pytest.raises(ShapeError, match=r"offset \(1, 18, 4, 4\), got \(1, 9, 4, 4\)"):
        module(x, torch.zeros(1, 9, 4, 4))
    with pytest.raises(ShapeError, match=r"mask \(1, 9, 4, 4\), got \(1, 18, 4, 4\)"):
        module(x, torch.zeros(1, 18, 4, 4), torch.zeros(1, 18, 4, 4))
    for wrong in (x[:, 1:], x[0]):
        with pytest.raises(ShapeError, match=r"\(N, 6, H, W\)"):
            module(wrong, torch.zeros(1, 18, 4, 4))
        with pytest.raises(ShapeError, match=r"\(N, 6, H, W\)"):
            DeformableConvPack(6)(wrong)


@pytest.mark.parametrize(("modulated", "offset_groups", "kernel_size"), [(False, 2, 3), (True, 4, 1), (True, 1, 5)])
def test_attention_attends_to_the_places_of_its_taps(modulated, offset_groups, kernel_size):
    module = fill(DeformableAttention(8, kernel_size, offset_groups, modulated)).double()
    x = random(2, 8, 6, 5)
    affinity = module.affinity(x)
    assert affinity.shape == (2, offset_groups * kernel_size**2, 30, 30)
    assert ((affinity > 0).sum(-1) <= 4).all()
    torch.testing.assert_close(module.gather(x, affinity), module(x))


def test_attention_of_a_fresh_module_looks_at_its_window():
    module = DeformableAttention(8)
    affinity = module.affinity(torch.rand(1, 8, 5, 5), at=(2, 3))
    for tap in range(9):
        expected = torch.zeros(5, 5)
        expected[2 - 1 + tap // 3, 3 - 1 + tap % 3] = 0.5  # the mask before training
        assert torch.equal(affinity[0, tap], expected)


@pytest.mark.parametrize("kernel_size", [2, 0])
def test_even_windows_are_refused(kernel_size):
    with pytest.raises(ConfigError, match=f"kernel_size={kernel_size}"):
        DeformableAttention(8, kernel_size)
