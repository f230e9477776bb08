"""Non-local sparse attention against its definition, place by place."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from restore.attention import NonLocalSparseAttention
from restore.errors import ConfigError
from tests.parity.rules import fill

from .memory import Memory

MIB = 1 << 20


def filled(channels=8, **options):
    module = fill(NonLocalSparseAttention(channels, **options)).double().eval()
    fresh = NonLocalSparseAttention(channels, **options)
    module.rotations.copy_(fresh.rotations)  # of that seed
    return module


def by_hand(module, x):
    """Buckets, chunks and the sum by loops over places."""
    _, channels, height, width = x.shape
    rounds = module.rotations.shape[0]
    queries = module.query(x).flatten(2).mT
    values = module.value(x).flatten(2).mT
    keys = F.normalize(queries, dim=2)
    places = height * width
    buckets = min(max(2 * ((places // module.chunk + 1) // 2), 2), 128)
    pictures = []
    for query, key, value in zip(queries, keys, values, strict=True):
        seen_by = [[] for _ in range(places)]
        for number in range(rounds):
            axes = module.rotations[number, :, : buckets // 2]
            axes = torch.cat([axes, -axes], dim=1).to(query)  # a bucket an axis, either way
            code = [int((one @ axes).argmax()) for one in query]
            order = sorted(range(places), key=lambda place: (code[place], place))
            chunks = [order[start : start + module.chunk] for start in range(0, places, module.chunk)]
            for index, chunk in enumerate(chunks):
                near = [place for other in chunks[max(index - 1, 0) : index + 2] for place in other]
                for place in chunk:
                    seen_by[place] += near
        rows = []
        for place in range(places):
            weight = (key[seen_by[place]] @ query[place]).softmax(dim=0)  # a place near in two rounds is there twice
            rows.append(weight @ value[seen_by[place]])
        pictures.append(torch.stack(rows).mT.reshape(channels, height, width))
    return x + module.residual_scale * torch.stack(pictures)


@pytest.mark.parametrize(
    ("chunk", "rounds", "size"),
    [(6, 3, (7, 9)), (6, 1, (6, 7)), (5, 2, (2, 4)), (1, 2, (3, 3)), (50, 2, (5, 5)), (25, 1, (5, 5))],
)
def test_equals_the_definition_forward_and_back(chunk, rounds, size):
    module = filled(chunk=chunk, rounds=rounds, residual_scale=0.3)
    x = (torch.rand(2, 8, *size, dtype=torch.float64) * 2 - 1).requires_grad_()
    inputs = [x, *module.parameters()]
    results = [module(x), by_hand(module, x)]
    torch.testing.assert_close(results[0], results[1], rtol=1e-10, atol=1e-11)
    weight = torch.rand_like(x) - 0.5
    ours, theirs = (torch.autograd.grad((result * weight).sum(), inputs) for result in results)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-8, atol=1e-10)


def test_affinity_is_what_forward_uses_over_many_chunks():
    module, x = filled(chunk=6, rounds=3), torch.rand(2, 8, 7, 9, dtype=torch.float64)
    affinity = module.affinity(x)
    assert (affinity == 0).any()
    torch.testing.assert_close(affinity.sum(3), torch.ones(2, 1, 63, dtype=torch.float64))
    torch.testing.assert_close(module.gather(x, affinity), module(x), rtol=1e-10, atol=1e-11)
    torch.testing.assert_close(module.affinity(x, at=(4, 2)).flatten(2), affinity[:, :, 4 * 9 + 2])


def test_where_a_chunk_holds_all_the_hash_does_not_matter():
    x = torch.rand(1, 8, 5, 5, dtype=torch.float64)
    one, other = filled(chunk=25, rounds=1, seed=0), filled(chunk=100, rounds=4, seed=3)
    torch.testing.assert_close(one(x), other(x))


def test_results_come_twice_whatever_the_global_seed():
    x = torch.rand(1, 8, 12, 12)
    torch.manual_seed(0)
    module = NonLocalSparseAttention(8, chunk=9, rounds=2)
    state = torch.get_rng_state()
    first = module(x)
    torch.manual_seed(1)
    assert torch.equal(module(x), first)
    torch.manual_seed(0)
    other = NonLocalSparseAttention(8, chunk=9, rounds=2, seed=5)
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.equal(other.rotations, module.rotations)
    assert not torch.equal(other(x), first)


def test_likeness_brings_places_together():
    """Two halves of opposite colour: no place attends to the other half."""
    module = filled(chunk=4, rounds=1)
    with torch.no_grad():
        module.query.bias.zero_()
        module.query.weight[..., [0, 0, 0, 1, 1, 2, 2, 2], [0, 1, 2, 0, 2, 0, 1, 2]] = 0  # looks at its own pixel
    color = torch.rand(8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    noise = 1e-3 * torch.rand(1, 8, 8, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    x = color.reshape(1, 8, 1, 1).expand(1, 8, 8, 8) + noise
    x = torch.cat([x[..., :4], -x[..., 4:]], dim=3)
    affinity = module.affinity(x)[0, 0].unflatten(0, (8, 8)).unflatten(2, (8, 8))
    across = affinity[:, :4, :, 4:].sum() + affinity[:, 4:, :, :4].sum()
    assert across < 0.2 * affinity.sum()  # those of the two chunks where the halves meet; by chance it is a half


@pytest.mark.parametrize("option", ["reduction", "chunk", "rounds"])
def test_options_out_of_range_are_refused(option):
    with pytest.raises(ConfigError, match=f"{option}=0"):
        NonLocalSparseAttention(8, **{option: 0})


@pytest.mark.parametrize("value", [0.0, 1e-6, 300.0])
def test_extreme_values_stay_finite(value):
    module = fill(NonLocalSparseAttention(8, chunk=6))
    for dtype in (torch.float32, torch.bfloat16):
        x = (value * (torch.rand(1, 8, 7, 7) - 0.5)).to(dtype).requires_grad_()
        result = module.to(dtype)(x)
        result.sum().backward()
        assert result.isfinite().all()
        assert x.grad.isfinite().all()


def test_under_autocast():
    module, x = filled(chunk=49).float(), torch.rand(1, 8, 7, 7) - 0.5  # one chunk: no hash that rounding may flip
    with torch.autocast("cpu", torch.bfloat16):
        rounded = module(x)
    torch.testing.assert_close(rounded.float(), module(x), rtol=0.02, atol=0.02)


def test_compiles_with_many_chunks():
    torch.compiler.reset()
    module, x = fill(NonLocalSparseAttention(8, chunk=6)), torch.rand(1, 8, 7, 8)
    torch.testing.assert_close(torch.compile(module, fullgraph=True, backend="eager")(x), module(x))


def test_no_matrix_of_pairs_not_even_of_chunks():
    """64 x 64, four rounds: pairs within chunks would be 4 x 4096 x 432, a matrix of all pairs 4096 x 4096."""
    module, x = fill(NonLocalSparseAttention(16)), torch.rand(1, 16, 64, 64, requires_grad=True)
    with Memory() as memory:
        module(x).sum().backward()
    assert memory.largest <= 6 * 17 * 64 * 64  # three chunks of queries or values, wider by one, in front of a sum
    assert memory.largest < 4 * 4096 * 432 / 10
