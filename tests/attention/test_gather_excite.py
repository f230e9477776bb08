"""Gather-excite against loops, for every form and extent."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from restore.attention import ChannelAttention, GatherExcite
from restore.errors import ConfigError
from tests.parity.rules import fill
from tests.timm_layers import adopt, assert_equals, timm_layers

OPTIONS = [
    {"extent": extent, "form": form, "reduction": 2}
    for form in ("parameter-free", "parametrised", "plus")
    for extent in (None, 2, 3, 4, 8)
    if form == "parameter-free" or extent in (2, 4, 8)
]


def filled(**options) -> GatherExcite:
    return fill(GatherExcite(4, **options)).eval()


def spread(gathered: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Nearest neighbor, a place at a time."""
    h, w = gathered.shape[2:]
    result = gathered.new_empty(*gathered.shape[:2], height, width)
    for y in range(height):
        for x in range(width):
            result[:, :, y, x] = gathered[:, :, y * h // height, x * w // width]
    return result


@pytest.mark.parametrize("extent", [1, 2, 3, 4])
@pytest.mark.parametrize(("height", "width"), [(8, 12), (7, 5), (1, 1)])
def test_without_parameters_it_is_the_mean_of_a_window(extent, height, width):
    x = torch.rand(1, 4, height, width, dtype=torch.float64)
    means = x.new_empty(1, 4, -(-height // extent), -(-width // extent))
    for row in range(means.shape[2]):
        for column in range(means.shape[3]):
            y, z = row * extent, column * extent
            window = x[:, :, max(y - extent + 1, 0) : y + extent, max(z - extent + 1, 0) : z + extent]
            means[:, :, row, column] = window.mean((2, 3))
    torch.testing.assert_close(GatherExcite(4, extent)(x), x * spread(means, height, width).sigmoid())


def test_over_the_whole_map_it_is_the_mean():
    x = torch.rand(2, 4, 5, 3)
    torch.testing.assert_close(GatherExcite(4)(x), x * x.mean((2, 3), keepdim=True).sigmoid())


@pytest.mark.parametrize("form", ["parametrised", "plus"])
@pytest.mark.parametrize(("extent", "convolutions"), [(2, 1), (4, 2), (8, 3)])
def test_with_parameters_it_is_a_chain_of_convolutions(form, extent, convolutions):
    module = filled(extent=extent, form=form, reduction=2).double()
    state = module.state_dict()
    x = torch.rand(2, 4, 9, 13, dtype=torch.float64) - 0.5
    gathered, place = x, 0
    for step in range(convolutions):
        if step:
            gathered, place = gathered.clamp(min=0), place + 1
        gathered = F.conv2d(gathered, state[f"gather.{place}.weight"], stride=2, padding=1, groups=4)
        mean, var, weight, bias = (
            state[f"gather.{place + 1}.{leaf}"][:, None, None]
            for leaf in ("running_mean", "running_var", "weight", "bias")
        )
        gathered, place = (gathered - mean) / (var + 1e-5).sqrt() * weight + bias, place + 2
    if form == "plus":
        gathered = F.conv2d(gathered, state["squeeze.weight"], state["squeeze.bias"]).clamp(min=0)
        gathered = F.conv2d(gathered, state["excite.weight"], state["excite.bias"])
    torch.testing.assert_close(module(x), x * spread(gathered, 9, 13).sigmoid())


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 7), (6, 5), (17, 16)])
def test_every_form_takes_any_size(options, height, width):
    module = filled(**options)
    x = torch.full((2, 4, height, width), 0.5, requires_grad=True)
    result = module(x)
    result.sum().backward()
    assert result.shape == x.shape
    assert all(grad.isfinite().all() for grad in [x.grad, *(parameter.grad for parameter in module.parameters())])
    assert copy.deepcopy(module).bfloat16()(x.bfloat16()).dtype == torch.bfloat16


@pytest.mark.parametrize("options", [one for one in OPTIONS if one["extent"] is not None], ids=str)
@pytest.mark.parametrize(("height", "width"), [(40, 41), (37, 46)])
def test_context_bounds_what_a_place_depends_on(options, height, width):
    module = filled(**options)
    if module.squeeze is not None:
        module.squeeze.bias.data += 3  # no ReLU may hide a dependence
    farthest = 0
    for y in range(14, 26):
        x = torch.rand(1, 4, height, width, generator=torch.Generator().manual_seed(0)).requires_grad_()
        module(x)[0, :, y, 20].sum().backward()
        rows, columns = x.grad[0].abs().sum(0).nonzero(as_tuple=True)
        farthest = max(farthest, (rows - y).abs().max().item(), (columns - 20).abs().max().item())
    assert options["extent"] - 1 <= farthest <= module.context


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_every_form_compiles(options):
    torch.compiler.reset()
    module, x = filled(**options), torch.rand(1, 4, 6, 5)
    torch.testing.assert_close(torch.compile(module, fullgraph=True, backend="eager")(x), module(x))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"extent": 0}, "extent=0"),
        ({"extent": -1}, "extent=-1"),
        ({"form": "plus"}, "extent=None"),
        ({"form": "plus", "extent": 6}, "extent=6"),
        ({"form": "parametrised", "extent": 1}, "extent=1"),
        ({"form": "minus"}, "minus"),
        ({"reduction": 0}, "reduction=0"),
        ({"form": "plus", "extent": 2, "reduction": 17}, "reduction=17"),
    ],
)
def test_what_does_not_suit_is_refused(options, said):
    with pytest.raises(ConfigError, match=said):
        GatherExcite(16, **options)


TIMM = {"mlp.fc1": "squeeze", "mlp.fc2": "excite"} | {
    f"gather.{theirs}{step + 1}": f"gather.{3 * step + place}"
    for step in range(4)
    for place, theirs in enumerate(("conv", "norm"))
}


def timm_gather_excite(**options: object) -> nn.Module:
    """timm's module, with its constructor mended; the computation is as published.

    Since 1.0.21 it hands on `*dd`, which is the names of two options, where `**dd` is meant, so that no form with
    parameters can be built.
    """
    module = timm_layers().gather_excite
    text = Path(module.__file__).read_text()
    mended, calls = re.subn(r", \*dd\)", ", **dd)", text[text.index("class GatherExcite(") :])
    assert calls == 5, "this timm needs no mending: take its own"
    names = dict(vars(module))
    exec(mended, names)
    return names["GatherExcite"](**options)


@pytest.mark.parametrize(("height", "width"), [(8, 16), (7, 5), (17, 1), (32, 33)])
@pytest.mark.parametrize("extent", [2, 4, 8, 16])
@pytest.mark.parametrize("form", ["parameter-free", "parametrised", "plus"])
def test_equals_timm(form, extent, height, width):
    theirs = timm_gather_excite(
        channels=16, extent=extent, extra_params=form != "parameter-free", use_mlp=form == "plus", rd_channels=4
    )
    ours = GatherExcite(16, extent, form, reduction=4)
    adopt(ours, theirs, TIMM)
    assert_equals(ours, theirs, 2, 16, height, width)


def test_equals_timm_over_the_whole_map():
    theirs = timm_layers().GatherExcite(16, use_mlp=False)
    assert_equals(GatherExcite(16), theirs, 2, 16, 5, 4)


def test_plus_at_one_place_of_timm_is_channel_attention():
    """Gather-excite with parameters in the excite alone is squeeze-and-excitation: that is ChannelAttention here."""
    theirs, ours = timm_gather_excite(channels=16, rd_channels=4), ChannelAttention(16, 4)
    adopt(ours, theirs, TIMM)
    assert_equals(ours, theirs, 2, 16, 5, 4)


def test_kernel_of_a_whole_map_is_refused_where_timm_pads_it():
    """The paper's has no padding and gives one value; timm's gives a map of them, and any size is taken."""
    theirs = timm_gather_excite(channels=16, feat_size=(5, 7), extra_params=True, use_mlp=False)
    assert theirs.gather(torch.rand(1, 16, 5, 7)).shape == (1, 16, 5, 7)
    with pytest.raises(ConfigError, match="extent=None"):
        GatherExcite(16, None, "parametrised")
