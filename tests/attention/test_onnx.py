"""Every slot leaves for ONNX and computes the same there; what cannot is listed with its reason."""

from __future__ import annotations

import inspect

import pytest
import torch

import restore.attention
from restore.attention import Attention
from tests.parity.rules import fill

pytest.importorskip("onnx", reason="the extra export is not installed: pip install 'restore[export]'")
pytest.importorskip("onnxscript", reason="the extra export is not installed: pip install 'restore[export]'")
onnxruntime = pytest.importorskip(
    "onnxruntime", reason="the extra export is not installed: pip install 'restore[export]'"
)

pytestmark = pytest.mark.slow

SLOTS = {
    name: cls
    for name in restore.attention.__all__
    if inspect.isclass(cls := getattr(restore.attention, name))
    and issubclass(cls, Attention)
    and not inspect.isabstract(cls)
}

NOT_EXPORTABLE = {"NonLocalSparseAttention": "op='aten.sort', overload='stable'"}
"""Class -> the operator that torch.onnx (of torch 2.13) has no translation for, as its error names it."""


def exported(name: str) -> tuple[torch.Tensor, torch.Tensor]:
    """What onnxruntime and torch make of one feature map."""
    module = fill(SLOTS[name](16)).eval()
    x = torch.rand(1, 16, 12, 10, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        program = torch.onnx.export(module, (x,), dynamo=True, verbose=False)
        ours = module(x)
    session = onnxruntime.InferenceSession(program.model_proto.SerializeToString(), providers=["CPUExecutionProvider"])
    (theirs,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    return torch.from_numpy(theirs), ours


@pytest.mark.parametrize("name", sorted(SLOTS.keys() - NOT_EXPORTABLE.keys()))
def test_onnx_computes_the_same(name):
    theirs, ours = exported(name)
    assert theirs.shape == ours.shape
    assert (theirs - ours).abs().max() <= 1e-5 * ours.abs().max()


def test_what_is_listed_exists_and_really_fails():
    assert NOT_EXPORTABLE.keys() <= SLOTS.keys()
    for name, operator in NOT_EXPORTABLE.items():
        with pytest.raises(Exception, match=operator):
            exported(name)
