"""Every slot, with every affinity, leaves for ONNX and computes the same there; what cannot is listed."""

from __future__ import annotations

import pytest
import torch

from restore.commands.attention_names import read_choice, slots
from restore.commands.attention_page import NOT_EXPORTABLE
from tests.parity.rules import fill

pytest.importorskip("onnx", reason="the extra export is not installed: pip install 'restore[export]'")
pytest.importorskip("onnxscript", reason="the extra export is not installed: pip install 'restore[export]'")
onnxruntime = pytest.importorskip(
    "onnxruntime", reason="the extra export is not installed: pip install 'restore[export]'"
)

pytestmark = pytest.mark.slow

OPTIONS = [
    "BAM:join=product,mean_over=square,normalize=inside",
    "CBAM:poolings=[norm,log_sum_exp],normalized=true",
    "ChannelSelfAttention:negated=true",
    "CompactNonLocalAttention:kernel=gaussian",
    "ContextEncoding:join=rectified_sum",
    "GatherExcite:form=plus,extent=4",
    "GlobalContext:pooling=average,fusion=both",
    "MaskAttention:non_local=true,normalize_over=queries",
    "NonLocalAttention:normalize_over=queries",
    "NonLocalAttention:pairwise=concatenation",
    "NonLocalAttention:pairwise=dot_product",
    "NonLocalAttention:pairwise=gaussian",
    "NonLocalAttention:subsample=true,normalization=true",
    "RegionNonLocalAttention:subsample=true",
    "ResidualMaskAttention:domain=channel",
    "ResidualMaskAttention:domain=spatial",
    "SpatialAttention:normalized=true",
    "WindowAttention:shifted=true",
]
"""Slots by other computations than their defaults', as `restore ablate --attention` takes them."""


def exported(text: str) -> tuple[torch.Tensor, torch.Tensor]:
    """What onnxruntime and torch make of one feature map."""
    module = fill(read_choice(text).build(16)).eval()
    x = torch.rand(1, 16, 12, 10, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        program = torch.onnx.export(module, (x,), dynamo=True, verbose=False)
        ours = module(x)
    session = onnxruntime.InferenceSession(program.model_proto.SerializeToString(), providers=["CPUExecutionProvider"])
    (theirs,) = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    return torch.from_numpy(theirs), ours


@pytest.mark.parametrize("text", sorted({*slots(), *OPTIONS} - NOT_EXPORTABLE.keys()))
def test_onnx_computes_the_same(text):
    theirs, ours = exported(text)
    assert theirs.shape == ours.shape
    assert (theirs - ours).abs().max() <= 1e-5 * ours.abs().max()


def test_what_is_listed_exists_and_really_fails():
    assert NOT_EXPORTABLE.keys() <= {*slots(), *OPTIONS}
    for text, operator in NOT_EXPORTABLE.items():
        with pytest.raises(Exception, match=operator):
            exported(text)
