"""The global context block: one context for all, its options, its cost."""

from __future__ import annotations

import itertools

import pytest
import torch

from restore.attention import GlobalContext
from restore.errors import ConfigError
from tests.attention.memory import Memory
from tests.parity.rules import fill
from tests.timm_layers import adopt, assert_equals, timm_layers

FORMS = list(itertools.product(("attention", "average"), ("add", "scale", "both")))


def picture(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2 - 1


@pytest.mark.parametrize(("pooling", "fusion"), FORMS)
class TestForms:
    def test_affinity_is_what_forward_uses(self, pooling, fusion):
        module, x = fill(GlobalContext(16, pooling=pooling, fusion=fusion)).double(), picture(2, 16, 5, 4)
        torch.testing.assert_close(module.gather(x, module.affinity(x)), module(x), rtol=1e-9, atol=1e-11)
        torch.testing.assert_close(module.affinity(x, at=(3, 1)).flatten(2), module.affinity(x)[:, :, 13])

    def test_starts_as_the_input_or_as_half_of_it(self, pooling, fusion):
        module, x = GlobalContext(16, pooling=pooling, fusion=fusion).double(), picture(2, 16, 5, 4)
        torch.testing.assert_close(module(x), x if fusion == "add" else x / 2)
        assert module.starts_as_identity == (fusion == "add")

    def test_memory_grows_with_the_places(self, pooling, fusion):
        module = fill(GlobalContext(16, pooling=pooling, fusion=fusion))
        x = torch.rand(1, 16, 32, 32, requires_grad=True)
        with Memory() as memory:
            module(x).sum().backward()
        assert memory.largest <= x.numel()


def test_all_places_get_the_same_sum():
    module, x = fill(GlobalContext(16)).double(), picture(2, 16, 5, 4)
    added = module(x) - x
    torch.testing.assert_close(added, added[:, :, :1, :1].expand_as(added))


def test_average_counts_all_places_alike():
    weights = GlobalContext(16, pooling="average").affinity(torch.rand(1, 16, 5, 4))
    torch.testing.assert_close(weights, torch.full((1, 1, 20, 20), 1 / 20))


def test_bottleneck_of_one_channel_lets_nothing_through():
    module, x = fill(GlobalContext(16, reduction=16)).double(), picture(2, 16, 5, 4)
    added = module(x) - x
    torch.testing.assert_close(added, added[:1, :, :1, :1].expand_as(added))


@pytest.mark.parametrize(
    ("channels", "reduction", "fusion", "size"), [(256, 16, "add", 8753), (64, 4, "both", 4385)], ids=str
)
def test_is_as_large_as_the_authors(channels, reduction, fusion, size):
    module = GlobalContext(channels, reduction, fusion=fusion)
    assert sum(parameter.numel() for parameter in module.parameters()) == size


@pytest.mark.parametrize(
    "options", [{"reduction": 0}, {"reduction": 17}, {"pooling": "att"}, {"fusion": "channel_add"}], ids=str
)
def test_wrong_options_are_refused(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        GlobalContext(16, **options)


TIMM = {"conv_attn": "weigh"} | {
    f"mlp_{fusion}.{theirs}": f"{fusion}.{ours}"
    for fusion in ("add", "scale")
    for theirs, ours in (("fc1", "squeeze"), ("norm", "norm"), ("fc2", "excite"))
}


def timm_pair(pooling: str, fusion: str, channels: int = 16) -> tuple[GlobalContext, torch.nn.Module]:
    theirs = timm_layers().GlobalContext(
        channels,
        use_attn=pooling == "attention",
        fuse_add=fusion != "scale",
        fuse_scale=fusion != "add",
        rd_channels=channels // 4,
    )
    ours = GlobalContext(channels, pooling=pooling, fusion=fusion)
    adopt(ours, theirs, TIMM)
    return ours, theirs


@pytest.mark.parametrize(("pooling", "fusion"), FORMS)
@pytest.mark.parametrize(("channels", "height", "width"), [(16, 5, 4), (8, 1, 1), (24, 17, 9)])
def test_equals_timm_with_our_epsilon(pooling, fusion, channels, height, width):
    ours, theirs = timm_pair(pooling, fusion, channels)
    for layer in theirs.modules():
        if isinstance(layer, torch.nn.LayerNorm):
            layer.eps = 1e-5
    assert_equals(ours, theirs, 2, channels, height, width)


@pytest.mark.parametrize(("pooling", "fusion"), FORMS)
def test_timm_s_epsilon_is_a_tenth_of_ours(pooling, fusion):
    """timm's layer norm has 1e-6; ours has 1e-5, as the authors' code."""
    epsilons = [
        {layer.eps for layer in module.modules() if isinstance(layer, torch.nn.LayerNorm)}
        for module in timm_pair(pooling, fusion)
    ]
    assert epsilons == [{1e-5}, {1e-6}]
    ours, theirs = (module.double() for module in timm_pair(pooling, fusion))
    x = picture(2, 16, 5, 4)
    assert not torch.allclose(ours(x), theirs(x), rtol=1e-7, atol=1e-7)
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-3, atol=1e-3)
