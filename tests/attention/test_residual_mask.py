"""The mask branch: domains, reach, options; the module around it."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.attention import ResidualAttentionModule, ResidualMaskAttention
from restore.errors import ConfigError
from tests.parity.rules import fill

DOMAINS = ("mixed", "channel", "spatial")


def mask(domain: str, channels: int = 8) -> ResidualMaskAttention:
    return fill(ResidualMaskAttention(channels, 2, domain=domain)).double().eval()


def picture(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_domains_are_activations_of_one_branch():
    x = picture(2, 8, 9, 7)
    raw = mask("mixed").gate(x).logit()
    torch.testing.assert_close(mask("channel").gate(x), raw / raw.norm(dim=1, keepdim=True))
    apart = (raw - raw.mean((2, 3), keepdim=True)) / (raw.var((2, 3), correction=0, keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(mask("spatial").gate(x), apart.sigmoid())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize(("h", "w"), [(1, 1), (1, 2), (2, 9), (6, 6)])
def test_every_domain_takes_flat_and_small_maps(domain, h, w, dtype):
    module = mask(domain).to(dtype)
    x = torch.full((1, 8, h, w), 0.5, dtype=dtype, requires_grad=True)
    result = module(x)
    result.sum().backward()
    assert result.dtype == dtype
    assert result.shape == x.shape
    assert result.isfinite().all()
    assert x.grad.isfinite().all()


def test_a_mask_of_noughts_has_a_finite_gradient():
    module = mask("channel")
    nn.init.zeros_(module.linear2.weight)
    module(picture(1, 8, 5, 5)).sum().backward()
    assert module.linear2.weight.grad.isfinite().all()


@pytest.mark.parametrize(("levels", "units"), [(1, 1), (2, 1), (2, 2), (3, 1)])
def test_reaches_no_further_than_it_says(levels, units):
    module = fill(ResidualMaskAttention(4, levels, units)).double().eval()
    for parameter in module.parameters():
        parameter.data.abs_().mul_(0.5)  # no ReLU hides a pixel
    furthest = 0
    for size in (37, 64, 131):
        for y in (0, 1, size // 2, size - 1):
            x = torch.rand(1, 4, 1, size, dtype=torch.float64, requires_grad=True)
            module.gate(x)[..., y].sum().backward()
            seen = x.grad.abs().sum((0, 1, 2)).nonzero().flatten()
            furthest = max(furthest, int((seen - y).abs().max()))
    assert module.context / 2 < furthest <= module.context


def test_the_trunk_keeps_what_the_mask_closes():
    module = fill(ResidualAttentionModule(8, 2)).double().eval()
    module.mask.linear2.weight.data.zero_()  # sigmoid(0): a mask of one half
    x = picture(1, 8, 9, 9)
    torch.testing.assert_close(module(x), module.after(1.5 * module.trunk(module.before(x))))


def test_units_are_counted_as_in_the_paper():
    module = ResidualAttentionModule(16, levels=3, outer=2, trunk=4, units=2)
    count = {name: sum(1 for part in getattr(module, name).modules() if type(part).__name__ == "PreActivationUnit")
             for name in ("before", "trunk", "after", "mask")}  # fmt: skip
    assert count == {"before": 2, "trunk": 4, "after": 2, "mask": 2 * 3 + 2 * 3 + 2}


def test_attention_56_has_the_published_sizes():
    """Parameters of the three modules of Attention-56 (FACTS 28)."""
    sizes = {
        levels: sum(parameter.numel() for parameter in ResidualAttentionModule(width, levels).parameters())
        for width, levels in ((256, 3), (512, 2), (1024, 1))
    }
    assert sizes == {3: 976896, 2: 3046912, 1: 8804352}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"channels": 3}, "channels=3"),
        ({"levels": 0}, "levels=0"),
        ({"units": 0}, "units=0"),
        ({"domain": "f1"}, "domain='f1'"),
    ],
)
@pytest.mark.parametrize("cls", [ResidualMaskAttention, ResidualAttentionModule])
def test_other_options_are_refused(cls, options, said):
    with pytest.raises(ConfigError, match=said):
        cls(**{"channels": 8} | options)


@pytest.mark.parametrize("option", ["outer", "trunk"])
def test_a_module_without_units_is_refused(option):
    with pytest.raises(ConfigError, match=f"{option}=0"):
        ResidualAttentionModule(8, **{option: 0})
