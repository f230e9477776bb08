"""TLC, the test-time local converter: its pool, its attention, and networks under it."""

from __future__ import annotations

from typing import Any, cast

from torch import Tensor, nn

from restore.attention import TransposedAttention
from restore.inference import with_local_pooling
from restore.layers import LocalInstanceNorm, LocalPool, OverlappingWindows
from restore.networks import RestorationNetwork
from restore.zoo.official.transposed import transposed_attention_table

from .base import Adapted, Adapter, Record
from .nafnet import nafnet, restormer
from .rcan import in_official_range, rcan


def local_pool(record: Record) -> Adapted:
    config = record["config"]
    if config.get("fast_imp"):
        raise ValueError(f"LocalPool of ours has no form for {config}")
    module = LocalPool(_sides(config["kernel_size"]))
    if config.get("auto_pad", True):
        return Adapted(module, {}, module)

    def without_padding(x: Tensor) -> Tensor:
        """The windows alone; ours repeats the outer ones over the border."""
        pooled = module(x)
        if pooled.shape[2:] == (1, 1):
            return pooled
        top, left = ((min(side, most) - 1) // 2 for side, most in zip(module.kernel_size, x.shape[2:], strict=True))
        rows, columns = (max(most - side, 0) + 1 for side, most in zip(module.kernel_size, x.shape[2:], strict=True))
        return pooled[..., top : top + rows, left : left + columns]

    return Adapted(module, {}, without_padding)


def local_attention(record: Record) -> Adapted:
    config = record["config"]
    module = TransposedAttention(config["dim"], config["num_heads"], config.get("bias", False))
    module.extent = OverlappingWindows(_sides(config["kernel_size"]))
    return Adapted(module, transposed_attention_table(config.get("bias", False)), module)


def local_instance_norm(record: Record) -> Adapted:
    config = record["config"]
    norm = nn.InstanceNorm2d(config["num_features"], config.get("eps", 1e-5), affine=config.get("affine", False))
    module = LocalInstanceNorm(norm, _sides(config["kernel_size"]))
    return Adapted(module, {key: key for key in module.state_dict()}, module)


def local_rcan(record: Record) -> Adapted:
    """The windows are made before the weights are loaded: what they are does not depend on these."""
    plain = rcan(record)
    network = _local(plain, record)
    return Adapted(network, plain.table, in_official_range(network, network))


def local_nafnet(record: Record) -> Adapted:
    plain = nafnet(record)
    network = _local(plain, record)
    return Adapted(network, plain.table, network)


def local_restormer(record: Record) -> Adapted:
    plain = restormer(record)
    network = _local(plain, record)
    return Adapted(network, plain.table, network)


def _local(plain: Adapted, record: Record) -> Any:
    return with_local_pooling(cast(RestorationNetwork, plain.module), _sides(record["config"]["train_size"][2:]))


def _sides(pair: list[int]) -> tuple[int, int]:
    height, width = pair
    return height, width


FAMILIES: dict[str, Adapter] = {
    "TLC local average pool (NAFNet repo)": local_pool,
    "TLC LocalAttention (MDTA)": local_attention,
    "TLC LocalInstanceNorm2d": local_instance_norm,
    "RCAN with TLC local pooling (own composition)": local_rcan,
    "NAFNetLocal (TLC)": local_nafnet,
    "RestormerLocal (TLC)": local_restormer,
}
