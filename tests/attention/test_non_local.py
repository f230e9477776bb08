"""Non-local blocks: every pairwise function against its formula, options, and the memory that no matrix takes."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from restore.attention import NonLocalAttention, NonLocalAttention1d, NonLocalAttention3d
from restore.attention.representation import over_queries, pairwise
from restore.errors import ConfigError, ShapeError
from tests.parity.rules import fill
from tests.timm_layers import adopt, assert_equals, timm_layers

from .memory import Memory

MIB = 1 << 20

KINDS = [
    {"pairwise": "gaussian"},
    {"pairwise": "embedded_gaussian"},
    {"pairwise": "embedded_gaussian", "normalize_over": "queries"},
    {"pairwise": "gaussian", "normalize_over": "queries", "logit_scale": 0.3},
    {"pairwise": "dot_product"},
    {"pairwise": "concatenation"},
]


def kind_name(kind):
    return "-".join(map(str, kind.values()))


def picture(*shape, seed=0, dtype=torch.float64):
    return (torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2 - 1).to(dtype)


def filled(cls, *args, **options):
    return fill(cls(*args, **options)).double().eval()


def plain(module, x):
    """The paper's equations, with the matrix of all pairs."""

    def places(x):
        return F.max_pool2d(x, 2) if module.subsample else x

    query, key = module.query(x).flatten(2), places(module.key(x)).flatten(2)
    value = places(module.value(x)).flatten(2)
    pairs = torch.einsum("nci,ncj->nij", query, key)
    if module.pairwise == "concatenation":
        both = torch.cat(
            torch.broadcast_tensors(query[:, :, :, None], key[:, :, None, :]), dim=1
        )  # [query_i ; key_j] in full
        f = F.relu(module.concatenate(both))[:, 0] / key.shape[2]
    elif module.pairwise == "dot_product":
        f = pairs / key.shape[2]
    else:
        f = (module.logit_scale * pairs).exp()
        f = f / f.sum(dim=2 if module.normalize_over == "keys" else 1, keepdim=True)
    seen = torch.einsum("nij,ncj->nci", f, value).reshape(x.shape[0], -1, *x.shape[2:])
    return x + module.norm(module.project(seen))


@pytest.mark.parametrize("subsample", [False, True])
@pytest.mark.parametrize("kind", KINDS, ids=kind_name)
class TestPairwise:
    def test_equals_the_formula_forward_and_back(self, kind, subsample, monkeypatch):
        monkeypatch.setattr(over_queries, "_BLOCK", 2 * 42 * 4)  # four keys a block, so that the last is smaller
        module = filled(NonLocalAttention, 6, subsample=subsample, normalization=True, **kind)
        inputs = [picture(2, 6, 6, 7).requires_grad_(), *module.parameters()]
        results = [road(inputs[0]) for road in (module, lambda x: plain(module, x))]
        torch.testing.assert_close(results[0], results[1], rtol=1e-11, atol=1e-12)
        weight = picture(2, 6, 6, 7, seed=1)
        ours, theirs = (torch.autograd.grad((result * weight).sum(), inputs) for result in results)
        for one, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)

    def test_affinity_is_what_forward_uses(self, kind, subsample, monkeypatch):
        monkeypatch.setattr(over_queries, "_BLOCK", 2 * 35 * 4)
        module, x = filled(NonLocalAttention, 6, subsample=subsample, **kind), picture(2, 6, 5, 7)
        affinity, row = module.affinity(x), module.affinity(x, at=(3, 1))
        torch.testing.assert_close(module.gather(x, affinity), module(x), rtol=1e-11, atol=1e-12)
        assert row.shape == (2, 1, *((2, 3) if subsample else (5, 7)))
        torch.testing.assert_close(row.flatten(2), affinity[:, :, 3 * 7 + 1])

    def test_at_any_size_and_in_half_precision(self, kind, subsample):
        module = filled(NonLocalAttention, 6, subsample=subsample, **kind).bfloat16()
        for size in ((1, 1), (1, 2), (3, 1), (6, 5)):
            for x in (picture(1, 6, *size, dtype=torch.bfloat16), torch.full((1, 6, *size), 0.5, dtype=torch.bfloat16)):
                x.requires_grad_()
                result = module(x)
                result.sum().backward()
                assert result.dtype == torch.bfloat16
                assert result.isfinite().all()
                assert x.grad.isfinite().all()

    def test_compiles_without_graph_breaks(self, kind, subsample):
        torch.compiler.reset()
        module, x = filled(NonLocalAttention, 6, subsample=subsample, **kind), picture(2, 6, 5, 4).requires_grad_()
        compiled = torch.compile(module, fullgraph=True, backend="eager")
        for one, other in zip(*(torch.autograd.grad(f(x).square().sum(), x) for f in (compiled, module)), strict=True):
            torch.testing.assert_close(one, other)

    def test_under_autocast(self, kind, subsample):
        module, x = filled(NonLocalAttention, 6, subsample=subsample, **kind).float(), picture(2, 6, 8, 8).float()
        with torch.autocast("cpu", torch.bfloat16):
            rounded = module(x.requires_grad_())
        rounded.sum().backward()
        torch.testing.assert_close(rounded.float(), module(x), rtol=0.05, atol=0.05)


def test_keys_that_leave_or_arrive_sum_to_one():
    x = picture(1, 8, 4, 5)
    for over, dim in (("keys", 3), ("queries", 2)):
        affinity = filled(NonLocalAttention, 8, normalize_over=over).affinity(x)
        torch.testing.assert_close(affinity.sum(dim), torch.ones(1, 1, 20, dtype=torch.float64))


@pytest.mark.parametrize("over", ["keys", "queries"])
def test_softmax_survives_logits_of_thousands(over):
    x = 255 * picture(1, 8, 6, 6)
    module = filled(NonLocalAttention, 8, normalize_over=over)
    assert (module.queries(x) @ module.keys(x).mT).max() > 5000
    exact = module.gather(x, module.affinity(x))
    x = x.float().requires_grad_()
    result = module.float()(x)
    result.sum().backward()
    torch.testing.assert_close(result.double(), exact, rtol=1e-3, atol=1e-2)
    assert x.grad.isfinite().all()


def test_concatenation_keeps_its_digits_in_float32():
    """Large sums that nearly cancel: prefix sums in float32 would lose them."""
    generator = torch.Generator().manual_seed(0)
    query, key = (torch.randn(1, 4096, generator=generator) for _ in range(2))
    value = torch.randn(1, 4096, 3, generator=generator) + 10
    query = query - 3  # few keys are seen: a small sum out of large ones
    expected = F.relu(query.double()[:, :, None] + key.double()[:, None]) @ value.double() / 4096
    result = pairwise.rectified_sum(query, key, value)
    torch.testing.assert_close(result.double(), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("normalization", [False, True])
def test_a_fresh_block_learns(normalization):
    """The zero-init stands where a gradient reaches it."""
    module = NonLocalAttention(8, normalization=normalization)
    x = picture(2, 8, 4, 4).float()
    assert torch.equal(module(x), x)
    module(x).square().sum().backward()
    first = module.norm.weight if normalization else module.project.weight
    assert first.abs().max() == 0
    assert first.grad.abs().max() > 0


def test_width_is_a_reduction_or_itself():
    assert NonLocalAttention(9, reduction=4).value.out_channels == 2
    assert NonLocalAttention(2, reduction=4).value.out_channels == 1
    assert NonLocalAttention(8, width=3).value.out_channels == 3


def test_logit_scale_scales_the_logits():
    x = picture(1, 8, 3, 4)
    module, scaled = filled(NonLocalAttention, 8), filled(NonLocalAttention, 8, logit_scale=4.0)
    with torch.no_grad():
        for parameter in module.query.parameters():
            parameter.mul_(4)
    torch.testing.assert_close(scaled(x), module(x))


@pytest.mark.parametrize(
    "options",
    [
        {"pairwise": "embedded"},
        {"normalize_over": "rows"},
        {"reduction": 0},
        {"width": 0},
        {"width": 4, "reduction": 4},
        {"pairwise": "dot_product", "normalize_over": "queries"},
        {"pairwise": "concatenation", "logit_scale": 2.0},
    ],
    ids=str,
)
def test_options_that_clash_are_refused(options):
    with pytest.raises(ConfigError, match=r"NonLocalAttention got .+\."):
        NonLocalAttention(8, **options)


@pytest.mark.parametrize(("cls", "sizes"), [(NonLocalAttention1d, (11,)), (NonLocalAttention3d, (3, 5, 4))])
class TestOtherAxes:
    def test_equals_the_flat_picture(self, cls, sizes):
        """Places have no neighbours without pooling: a clip is a picture of one row."""
        module, flat = filled(cls, 8), filled(NonLocalAttention, 8)
        x = picture(2, 8, *sizes)
        for one, other in zip(flat.parameters(), module.parameters(), strict=True):
            one.data = other.data.reshape(one.shape)
        torch.testing.assert_close(module(x).flatten(2), flat(x.flatten(2).unsqueeze(2)).flatten(2))

    def test_affinity_is_what_forward_uses(self, cls, sizes):
        module, x = filled(cls, 8, subsample=True, normalization=True), picture(2, 8, *sizes)
        torch.testing.assert_close(module.gather(x, module.affinity(x)), module(x))
        keys = {1: (5,), 3: (3, 2, 2)}[len(sizes)]
        assert module.affinity(x, at=tuple(size - 1 for size in sizes)).shape == (2, 1, *keys)

    def test_starts_as_identity_from_one_place(self, cls, sizes):
        x = torch.rand(1, 8, *(1 for _ in sizes))
        assert torch.equal(cls(8, subsample=True)(x), x)

    def test_other_shapes_are_refused(self, cls, sizes):
        for shape in ((1, 9, *sizes), (1, 8, *sizes, 2), (8, *sizes)):
            with pytest.raises(ShapeError, match=f"{cls.__name__} expects"):
                cls(8)(torch.rand(shape))

    def test_options_are_checked(self, cls, sizes):
        with pytest.raises(ConfigError, match=cls.__name__):
            cls(8, reduction=-1)


class TestMemory:
    @pytest.mark.parametrize("kind", [kind for kind in KINDS if "normalize_over" not in kind], ids=kind_name)
    def test_no_matrix_of_all_pairs(self, kind):
        module, places = fill(NonLocalAttention(16, **kind)), 64 * 64
        x = torch.rand(1, 16, 64, 64, requires_grad=True)
        with Memory() as memory:
            module(x).sum().backward()
        # prefix sums are two values wide, as are gradients of keys whose queries are dealt out to two threads
        allowed = 2 * 16 * (places + 1)
        assert memory.largest <= allowed
        assert allowed <= places**2 / 64

    def test_bytes_of_the_default(self):
        """128 x 128, 64 channels, 32 inside: the matrix would be 1 GiB."""
        module = fill(NonLocalAttention(64))
        x = torch.rand(1, 64, 128, 128, requires_grad=True)
        with Memory() as memory:
            result = module(x)
            forward = memory.peak
            result.sum().backward()
        assert forward <= 20 * MIB
        assert memory.peak < 30 * MIB

    def test_the_recorder_sees_the_matrix_of_affinity(self):
        module = fill(NonLocalAttention(16))
        with Memory() as memory:
            module.affinity(torch.rand(1, 16, 32, 32))
        assert memory.largest >= 1024**2


def test_module_is_one_of_torch():
    assert {name for name, _ in NonLocalAttention(8, "gaussian").named_parameters()} == {
        f"{layer}.{leaf}" for layer in ("value", "project") for leaf in ("weight", "bias")
    }
    assert isinstance(NonLocalAttention(8).norm, nn.Identity)


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize(
    ("channels", "width", "sides"), [(8, 4, (5, 4)), (16, 8, (1, 7)), (6, 9, (16, 17)), (4, 1, (1, 1))], ids=str
)
def test_equals_timm(channels, width, sides, scaled):
    """timm scales the logits by the width of the input, not of the query, and always ends in batch normalisation."""
    theirs = timm_layers().NonLocalAttn(channels, use_scale=scaled, rd_channels=width)
    scale = channels**-0.5 if scaled else 1.0
    ours = NonLocalAttention(channels, width=width, normalization=True, logit_scale=scale)
    adopt(ours, theirs, {"t": "query", "p": "key", "g": "value", "z": "project"})
    assert_equals(ours, theirs, 2, channels, *sides)
