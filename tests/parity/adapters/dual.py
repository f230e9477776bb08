"""DANet, SAGAN, CCNet, CGNL, GC, OCNet."""

from __future__ import annotations

from torch import Tensor

from restore.attention import (
    AtrousObjectContext,
    BaseObjectContext,
    ChannelSelfAttention,
    CompactNonLocalAttention,
    CrissCrossAttention,
    DualAttentionHead,
    GlobalContext,
    ObjectContextPooling,
    PositionAttention,
    PyramidObjectContext,
)
from restore.zoo.official.table import Table, batch_norm, conv, within

from .base import Adapted, Adapter, Record


def position(record: Record) -> Adapted:
    module = PositionAttention(record["config"]["in_dim"])
    return Adapted(module, _position_table(), module)


def self_attention(record: Record) -> Adapted:
    adapted = position(record)
    module = adapted.module

    def run(x: Tensor) -> tuple[Tensor, Tensor]:
        return module(x), module.affinity(x)[:, 0]

    adapted.run = run
    return adapted


def channel(record: Record) -> Adapted:
    module = ChannelSelfAttention(record["config"]["in_dim"], negated=True)
    return Adapted(module, {"gamma": "gamma"}, module)


def dual_head(record: Record) -> Adapted:
    config = record["config"]
    module = DualAttentionHead(config["in_channels"], config["out_channels"], negated=True)
    table: Table = {}
    for official, ours in (
        ("conv5a", "position.0"),
        ("conv51", "position.2"),
        ("conv5c", "channel.0"),
        ("conv52", "channel.2"),
    ):
        table |= {f"{official}.0.weight": f"{ours}.0.weight"} | batch_norm(f"{official}.1", f"{ours}.1")
    table |= within("sa", "position.1", _position_table()) | {"sc.gamma": "channel.1.gamma"}
    table |= conv("conv8.1", "outs.0.1") | conv("conv6.1", "outs.1.1") | conv("conv7.1", "outs.2.1")
    return Adapted(module, table, module)


def criss_cross(record: Record) -> Adapted:
    config = record["config"]
    module = CrissCrossAttention(config["in_dim"], loops=config.get("recurrence", 1))
    return Adapted(module, _position_table(), module)


def compact_non_local(record: Record) -> Adapted:
    config = record["config"]
    module = CompactNonLocalAttention(
        config["inplanes"],
        width=config["planes"],
        groups=config.get("groups", 8),
        kernel="gaussian" if "Gaussian" in record["family"] or "gaussian" in record["family"] else "dot",
        order=config.get("order", 2),
        scaled=config.get("use_scale", False),
    )
    names = {"t": "query", "p": "key", "g": "value", "z": "project"}
    table = {f"{official}.weight": f"{ours}.weight" for official, ours in names.items()}
    return Adapted(module, table | conv("gn", "norm"), module)


def global_context(record: Record) -> Adapted:
    """Pooling and fusions as their tensors tell, and the bottleneck's width, which the authors' ratio rounds down."""
    config, state = record["config"], record["state_dict"]
    channels = config["inplanes"]
    width = int(channels * config["ratio"])
    parts = {"channel_add": "add", "channel_mul": "scale"}
    parts = {official: ours for official, ours in parts.items() if f"{official}_conv.0.weight" in state}
    module = GlobalContext(
        channels,
        reduction=1,
        pooling="attention" if "conv_mask.weight" in state else "average",
        fusion="both" if len(parts) == 2 else next(iter(parts.values())),
    )
    table = conv("conv_mask", "weigh") if module.weigh is not None else {}
    for official, ours in parts.items():
        setattr(module, ours, type(getattr(module, ours))(channels, width))  # no whole reduction leaves every width
        for place, leaf in ((0, "squeeze"), (1, "norm"), (3, "excite")):
            table |= conv(f"{official}_conv.{place}", f"{ours}.{leaf}")
    return Adapted(module, table, module)


def object_context_pooling(record: Record) -> Adapted:
    config = record["config"]
    module = ObjectContextPooling(
        config["in_channels"],
        config["key_channels"],
        config["value_channels"],
        config.get("out_channels"),
        config.get("scale", 1),
    )
    return Adapted(module, _pooling_table(), module)


def base_object_context(record: Record) -> Adapted:
    config = record["config"]
    scales = config.get("sizes", [1])
    module = BaseObjectContext(
        config["in_channels"],
        config["out_channels"],
        config["key_channels"],
        config["value_channels"],
        scales,
        config.get("dropout", 0.05),
    )
    return Adapted(module, _base_table(len(scales)), module)


def pyramid_object_context(record: Record) -> Adapted:
    config = record["config"]
    grids = config.get("sizes", [1, 2, 3, 6])
    module = PyramidObjectContext(config["in_channels"], config["out_channels"], grids, config.get("dropout", 0.05))
    table = conv("up_dr.0", "widen.0") | _norm("up_dr.1", "widen.1")
    table |= conv("conv_bn_dropout.0", "project") | _norm("conv_bn_dropout.1", "norm")
    for level in range(len(grids)):
        table |= within(f"stages.{level}", f"cells.{level}", _pooling_table())
    return Adapted(module, table, module)


def atrous_object_context(record: Record) -> Adapted:
    config = record["config"]
    dilations = config.get("dilations", [12, 24, 36])
    module = AtrousObjectContext(config["features"], config["out_features"], dilations)
    table = conv("context.0", "context.0") | _norm("context.1", "context.1")
    table |= within("context.2", "context.2", _base_table(1))
    for branch in range(1 + len(dilations)):
        official, ours = f"conv{branch + 2}", f"branches.{branch}"
        table |= {f"{official}.0.weight": f"{ours}.0.weight"} | _norm(f"{official}.1", f"{ours}.1")
    table |= {"conv_bn_dropout.0.weight": "project.weight"} | _norm("conv_bn_dropout.1", "norm")
    return Adapted(module, table, module)


def _position_table() -> Table:
    table = {"gamma": "gamma"}
    for name in ("query", "key", "value"):
        table |= conv(f"{name}_conv", name)
    return table


def _norm(official: str, ours: str) -> Table:
    """InPlaceABN has no count of batches."""
    leaves = ("weight", "bias", "running_mean", "running_var")
    return {f"{official}.{leaf}": f"{ours}.{leaf}" for leaf in leaves}


def _pooling_table() -> Table:
    """Key and query are one module under two names; the query's comes later and holds."""
    table: Table = {}
    for name in ("f_key", "f_query"):
        table |= conv(f"{name}.0", "query.0") | _norm(f"{name}.1", "query.1")
    return table | conv("f_value", "value") | conv("W", "project")


def _base_table(poolings: int) -> Table:
    table = conv("conv_bn_dropout.0", "project") | _norm("conv_bn_dropout.1", "norm")
    for place in range(poolings):
        table |= within(f"stages.{place}", f"poolings.{place}", _pooling_table())
    return table


FAMILIES: dict[str, Adapter] = {
    "DANet PAM": position,
    "DANet CAM": channel,
    "DANet head": dual_head,
    "SAGAN self-attention (heykeetae)": self_attention,
    "CCNet criss-cross": criss_cross,
    "CCNet recurrent criss-cross (same module applied twice)": criss_cross,
    "CGNL dot kernel": compact_non_local,
    "CGNL gaussian RBF (Taylor)": compact_non_local,
    "GC block": global_context,
    "OCNet self-attention block": object_context_pooling,
    "OCNet BaseOC": base_object_context,
    "OCNet Pyramid-OC": pyramid_object_context,
    "OCNet ASP-OC": atrous_object_context,
}
