"""Every network leaves for ONNX and restores the same picture in onnxruntime."""

from __future__ import annotations

import pytest
import torch

from restore.attention import no_attention
from tests.networks.test_contract import SMALL, built, level

pytest.importorskip("onnx", reason="the extra export is not installed: pip install 'restore[export]'")
pytest.importorskip("onnxscript", reason="the extra export is not installed: pip install 'restore[export]'")
onnxruntime = pytest.importorskip(
    "onnxruntime", reason="the extra export is not installed: pip install 'restore[export]'"
)

pytestmark = pytest.mark.slow

ONE_EACH = list({type(SMALL[name](no_attention)).__name__: name for name in SMALL}.values())
"""A form of every class."""


def exported(name: str) -> tuple[torch.Tensor, torch.Tensor]:
    """What onnxruntime and torch make of one picture."""
    network = built(name)
    generator = torch.Generator().manual_seed(0)
    inputs = (torch.rand(1, network.input_channels, 16, 24, generator=generator), *level(network))
    with torch.no_grad():
        program = torch.onnx.export(network, inputs, dynamo=True, verbose=False)
        ours = network(*inputs)
    session = onnxruntime.InferenceSession(program.model_proto.SerializeToString(), providers=["CPUExecutionProvider"])
    given = {place.name: value.numpy() for place, value in zip(session.get_inputs(), inputs, strict=True)}
    (theirs,) = session.run(None, given)
    return torch.from_numpy(theirs), ours


@pytest.mark.parametrize("name", ONE_EACH)
def test_onnx_restores_the_same(name):
    theirs, ours = exported(name)
    assert theirs.shape == ours.shape
    assert (theirs - ours).abs().max() <= 1e-4 * ours.abs().max()
