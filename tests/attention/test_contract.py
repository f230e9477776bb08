"""What every exported attention module promises; a new one is under test by being exported."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

import restore.attention
from restore.attention import Attention, Recalibration, Representation
from restore.errors import ConfigError, ShapeError
from tests.parity.rules import fill

CHANNELS = 16  # the default reduction of ChannelAttention

EXPORTED = [getattr(restore.attention, name) for name in restore.attention.__all__]
SLOTS = [cls for cls in EXPORTED if inspect.isclass(cls) and issubclass(cls, Attention) and not inspect.isabstract(cls)]
OPTIONS = [
    (cls, name)
    for cls in SLOTS
    for name, parameter in inspect.signature(cls).parameters.items()
    if parameter.annotation in (int, "int")
]


def filled(cls: type[Attention]) -> Attention:
    """The module by its own defaults, with weights by rule B: one that starts at zero does not pass as an identity."""
    return fill(cls(CHANNELS)).eval()


def picture(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(dtype) * 2 - 1


def test_something_is_under_test():
    assert restore.attention.ChannelAttention in SLOTS
    assert restore.attention.NoAttention in SLOTS


@pytest.mark.parametrize("cls", SLOTS, ids=lambda cls: cls.__name__)
class TestContract:
    @settings(max_examples=15, deadline=None)
    @given(
        n=st.integers(1, 2),
        h=st.integers(1, 9),
        w=st.integers(1, 9),
        dtype=st.sampled_from([torch.float32, torch.float64, torch.bfloat16]),
    )
    def test_keeps_shape_dtype_and_input(self, cls, n, h, w, dtype):
        x = picture(n, CHANNELS, h, w, dtype=dtype)
        before = x.clone()
        with torch.no_grad():
            result = filled(cls).to(dtype)(x)
        assert result.shape == x.shape
        assert result.dtype == dtype
        assert result.isfinite().all()
        assert torch.equal(x, before)

    @pytest.mark.parametrize(("h", "w"), [(1, 1), (5, 4)])
    def test_pictures_of_a_batch_do_not_mix(self, cls, h, w):
        module, x = filled(cls).double(), picture(3, CHANNELS, h, w, dtype=torch.float64)
        apart = torch.cat([module(one) for one in x.split(1)])
        torch.testing.assert_close(module(x), apart, rtol=1e-11, atol=1e-12)

    def test_memory_order_does_not_matter(self, cls):
        module, x = filled(cls).double(), picture(2, CHANNELS, 5, 4, dtype=torch.float64)
        last = module.to(memory_format=torch.channels_last)(x.to(memory_format=torch.channels_last))
        torch.testing.assert_close(last, module(x), rtol=1e-11, atol=1e-12)

    def test_gradient_is_right(self, cls):
        module = filled(cls).double()
        x = picture(1, CHANNELS, 2, 3, dtype=torch.float64).requires_grad_()
        assert torch.autograd.gradcheck(module, (x,), fast_mode=True)

    @pytest.mark.parametrize("value", ["flat", "random"])
    @pytest.mark.parametrize(("h", "w"), [(1, 1), (1, 2), (6, 5)])
    def test_gradient_is_finite(self, cls, h, w, value):
        module = filled(cls)
        x = picture(1, CHANNELS, h, w) if value == "random" else torch.full((1, CHANNELS, h, w), 0.5)
        module(x.requires_grad_()).sum().backward()
        gradients = [x.grad, *(parameter.grad for parameter in module.parameters())]
        assert all(gradient.isfinite().all() for gradient in gradients)

    def test_starts_as_it_says(self, cls):
        torch.manual_seed(0)
        module, x = cls(CHANNELS).eval(), picture(2, CHANNELS, 5, 4)
        assert torch.allclose(module(x), x, rtol=0, atol=1e-6) == cls.starts_as_identity

    def test_gradient_reaches_every_parameter(self, cls):
        module = filled(cls).double()
        weight = picture(2, CHANNELS, 5, 4, dtype=torch.float64)
        (module(picture(2, CHANNELS, 5, 4, dtype=torch.float64).requires_grad_()) * weight).sum().backward()
        untouched = [name for name, parameter in module.named_parameters() if parameter.grad is None]
        assert untouched == []

    @pytest.mark.parametrize(("h", "w"), [(6, 5), (33, 32)])  # large maps go by other roads
    def test_compiles_without_graph_breaks(self, cls, h, w):
        torch.compiler.reset()
        module, x = filled(cls), picture(1, CHANNELS, h, w).requires_grad_()
        compiled = torch.compile(module, fullgraph=True, backend="eager")
        results = compiled(x), module(x)
        torch.testing.assert_close(*results)
        torch.testing.assert_close(*(torch.autograd.grad(result.square().mean(), x)[0] for result in results))

    def test_survives_a_checkpoint(self, cls, tmp_path):
        module, x = filled(cls), picture(1, CHANNELS, 5, 4)
        torch.save(module.state_dict(), tmp_path / "weights.pth")
        save_file(module.state_dict(), tmp_path / "weights.safetensors")
        for state in (
            torch.load(tmp_path / "weights.pth", weights_only=True),
            load_file(tmp_path / "weights.safetensors"),
        ):
            other = cls(CHANNELS).eval()
            other.load_state_dict(state, strict=True)
            assert torch.equal(other(x), module(x))

    def test_copies_are_equal(self, cls):
        module, x = filled(cls), picture(1, CHANNELS, 5, 4)
        assert torch.equal(copy.deepcopy(module)(x), module(x))
        assert torch.equal(pickle.loads(pickle.dumps(module))(x), module(x))

    def test_other_shapes_are_refused(self, cls):
        module = filled(cls)
        for shape in ((1, CHANNELS + 1, 4, 4), (CHANNELS, 4, 4), (1, CHANNELS, 4), (1, 1, CHANNELS, 4, 4)):
            with pytest.raises(ShapeError, match=str(CHANNELS)):
                module(picture(*shape))


@pytest.mark.parametrize(("cls", "option"), OPTIONS, ids=lambda value: getattr(value, "__name__", value))
def test_negative_options_are_refused(cls, option):
    with pytest.raises(ConfigError):
        cls(**{"channels": CHANNELS, option: -1})


@pytest.mark.parametrize("cls", [cls for cls in SLOTS if issubclass(cls, Recalibration)], ids=lambda cls: cls.__name__)
def test_gate_is_what_forward_uses(cls):
    module, x = filled(cls), picture(2, CHANNELS, 5, 4)
    gate = module.gate(x)
    assert torch.broadcast_shapes(gate.shape, x.shape) == x.shape
    torch.testing.assert_close(module(x), module.combine(x, gate))


REPRESENTATIONS = [cls for cls in SLOTS if issubclass(cls, Representation)]


@pytest.mark.parametrize("cls", REPRESENTATIONS, ids=lambda cls: cls.__name__)
def test_affinity_of_one_place_is_a_row_of_all(cls):
    module, x = filled(cls), picture(2, CHANNELS, 5, 4)
    whole, row = module.affinity(x), module.affinity(x, at=(3, 1))
    if whole.shape[-2] == 5 * 4:
        torch.testing.assert_close(row.flatten(2), whole[:, :, 3 * 4 + 1])
    else:  # over channels
        assert whole.shape[-2] == whole.shape[-1]
        assert torch.equal(row, whole)


@pytest.mark.parametrize("cls", REPRESENTATIONS, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize(("h", "w"), [(1, 1), (5, 4), (9, 12)])
def test_affinity_is_what_forward_uses(cls, h, w):
    module, x = filled(cls).double(), picture(2, CHANNELS, h, w, dtype=torch.float64)
    torch.testing.assert_close(module.gather(x, module.affinity(x)), module(x), rtol=1e-9, atol=1e-11)
