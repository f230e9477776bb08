"""Channel attention and its kin."""

from __future__ import annotations

from torch import Tensor

from restore.attention import (
    ChannelAttention,
    ContextEncoding,
    ContrastChannelAttention,
    CovariancePooling,
    EfficientChannelAttention,
    EncodingLayer,
    SecondOrderChannelAttention,
    SimpleChannelAttention,
    matrix_square_root,
)
from restore.zoo.official.rcan import channel_attention_table
from restore.zoo.official.sca import simple_channel_attention_table
from restore.zoo.official.table import Table, batch_norm, conv, within

from .base import Adapted, Adapter, Record

ENCODING = {"codewords": "codewords", "scale": "scale"}


def linear_channel_attention(record: Record) -> Adapted:
    config = record["config"]
    module = ChannelAttention(config["channel"], config.get("reduction", 16), bias=False)
    return Adapted(module, {"fc.0.weight": "squeeze.weight", "fc.2.weight": "excite.weight"}, module)


def efficient(record: Record) -> Adapted:
    """One kernel, or one a channel, as their number tells."""
    config = record["config"]
    shared = record["state_dict"]["conv.weight"][0] == 1
    module = EfficientChannelAttention(config["channel"], config.get("k_size", 3), shared)
    return Adapted(module, {"conv.weight": "excite.weight"}, module)


def second_order(record: Record) -> Adapted:
    config = record["config"]
    module = SecondOrderChannelAttention(config["channel"], config.get("reduction", 8), crop="published")
    return Adapted(module, channel_attention_table(), module)


def covariance(record: Record) -> Adapted:
    module = CovariancePooling()
    return Adapted(module, {}, module)


def covariance_root(record: Record) -> Adapted:
    module, iterations = CovariancePooling(), record["config"].get("iterN", 5)
    return Adapted(module, {}, lambda x: matrix_square_root(module(x), iterations))


def contrast(record: Record) -> Adapted:
    config = record["config"]
    module = ContrastChannelAttention(config["channel"], config.get("reduction", 16))
    return Adapted(module, channel_attention_table(), module)


def simple(record: Record) -> Adapted:
    module = SimpleChannelAttention(record["config"]["channels"])
    return Adapted(module, simple_channel_attention_table(), module)


def encoding_layer(record: Record) -> Adapted:
    module = EncodingLayer(record["config"]["D"], record["config"]["K"])
    return Adapted(module, ENCODING, module)


def context_encoding(record: Record) -> Adapted:
    config = record["config"]
    classes = config["nclass"] if config.get("se_loss", True) else None
    module = ContextEncoding(config["in_channels"], config.get("ncodes", 32), classes, join="rectified_sum")
    table: Table = {"encoding.0.weight": "project.weight"} | conv("fc.0", "excite")
    table |= batch_norm("encoding.1", "project_norm") | batch_norm("encoding.4", "encoding_norm")
    table |= within("encoding.3", "encoding", ENCODING)
    if classes is None:
        return Adapted(module, table, module)

    def with_logits(x: Tensor) -> tuple[Tensor, ...]:
        return module(x), module.logits(x)

    return Adapted(module, table | conv("selayer", "classify"), with_logits)


FAMILIES: dict[str, Adapter] = {
    "SE (moskomule senet.pytorch, Linear without bias)": linear_channel_attention,
    "ECA": efficient,
    "ECA-NS (non-shared)": efficient,
    "SOCA (SAN)": second_order,
    "MPN-COV covariance": covariance,
    "MPN-COV covariance + Newton-Schulz sqrt": covariance_root,
    "CCA layer (contrast-aware channel attention)": contrast,
    "SCA (NAFNet)": simple,
    "Encoding layer (Deep TEN / EncNet)": encoding_layer,
    "EncModule (EncNet context encoding)": context_encoding,
}
