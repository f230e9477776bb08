"""Official names of IMDN and its three relatives (Zheng222/IMDN), and what they say about the network."""

from __future__ import annotations

from collections.abc import Mapping
from math import isqrt
from typing import Any

from torch import Tensor

from restore import networks
from restore.errors import CheckpointError
from restore.zoo.official.rcan import channel_attention_table
from restore.zoo.official.table import Family, Table, conv, within


def information_distillation_table(attention: bool = True) -> Table:
    """IMDModule -> InformationDistillationBlock; without attention, IMDModule_speed."""
    table: Table = {}
    for step in (1, 2, 3, 4):
        table |= conv(f"c{step}", f"conv{step}")
    table |= conv("c5", "fuse")
    return table | within("cca", "attention", channel_attention_table()) if attention else table


def imdn_table(network: networks.IMDN) -> Table:
    """IMDN -> IMDN."""
    return conv("fea_conv", "head") | _trunk_table(len(network.trunk.blocks))


def imdn_as_table(network: networks.IMDNAnyScale) -> Table:
    """IMDN_AS -> IMDNAnyScale."""
    head = conv("fea_conv.0", "head.0") | conv("fea_conv.2", "head.2")
    return head | _trunk_table(len(network.trunk.blocks))


def imdn_rtc_table(network: networks.IMDNRTC) -> Table:
    """IMDN_RTC -> IMDNRTC."""
    table = conv("model.0", "head")
    blocks = len(network.blocks)
    for block in range(blocks):
        table |= within(f"model.1.sub.{block}", f"blocks.{block}", information_distillation_table(attention=False))
    return table | conv(f"model.1.sub.{blocks}", "conv") | conv("model.2", "tail")


def imdn_rte_table(network: networks.IMDNRTE) -> Table:
    """IMDN_RTE -> IMDNRTE; only the first and the last convolution have a bias."""
    table = conv("fea_conv.0", "head.0") | {"fea_conv.2.weight": "head.2.weight"}
    for block in range(len(network.blocks)):
        steps = {f"c{step + 1}.weight": f"steps.{step}.weight" for step in range(6)}
        table |= within(f"block{block + 1}", f"blocks.{block}", steps | {"c7.weight": "fuse.weight"})
    return table | {"LR_conv.weight": "conv.weight"} | conv("upsampler.0", "tail")


def _trunk_table(blocks: int) -> Table:
    table: Table = {}
    for block in range(blocks):
        table |= within(f"IMDB{block + 1}", f"trunk.blocks.{block}", information_distillation_table())
    return table | conv("c.0", "trunk.fuse") | conv("LR_conv", "trunk.conv") | conv("upsampler.0", "tail")


def _options(state: Mapping[str, Tensor], pixel_range: float | None) -> dict[str, Any]:
    return _sizes(state, "fea_conv.weight", pixel_range) | _blocks_and_attention(state)


def _options_as(state: Mapping[str, Tensor], pixel_range: float | None) -> dict[str, Any]:
    options = _sizes(state, "fea_conv.0.weight", pixel_range) | _blocks_and_attention(state)
    del options["scale"]  # the picture is enlarged beforehand
    return options


def _options_rtc(state: Mapping[str, Tensor], pixel_range: float | None) -> dict[str, Any]:
    options = _sizes(state, "model.0.weight", pixel_range, tail="model.2.weight")
    return options | {"blocks": sum(name.endswith(".c1.weight") for name in state)}


def _options_rte(state: Mapping[str, Tensor], pixel_range: float | None) -> dict[str, Any]:
    options = _sizes(state, "fea_conv.0.weight", pixel_range)
    if options["scale"] % 2:
        raise CheckpointError(f"IMDN_RTE shuffles by an even number, this file by {options['scale']}.")
    options["scale"] //= 2  # the head has halved the picture
    return options | {"blocks": sum(name.endswith(".c7.weight") for name in state)}


def _sizes(
    state: Mapping[str, Tensor], head: str, pixel_range: float | None, tail: str = "upsampler.0.weight"
) -> dict[str, Any]:
    if pixel_range not in (None, 1.0):
        raise CheckpointError(
            f"IMDN's weights are for pictures of 0 to 1, got pixel_range={pixel_range}. Leave it out."
        )
    width, image_channels = state[head].shape[:2]
    scale = isqrt(state[tail].shape[0] // image_channels)
    return {"scale": scale, "image_channels": image_channels, "width": width}


def _blocks_and_attention(state: Mapping[str, Tensor]) -> dict[str, Any]:
    squeezed, width = state["IMDB1.cca.conv_du.0.weight"].shape[:2]
    return {
        "blocks": sum(name.endswith(".c1.weight") for name in state),
        "attention": {
            "class_path": "restore.attention.ContrastChannelAttention",
            "init_args": {"reduction": width // squeezed},
        },
    }


def _recognises(state: Mapping[str, Tensor]) -> bool:
    return {"fea_conv.weight", "IMDB1.c1.weight", "upsampler.0.weight"} <= state.keys()


def _recognises_as(state: Mapping[str, Tensor]) -> bool:
    return {"fea_conv.2.weight", "IMDB1.c1.weight", "upsampler.0.weight"} <= state.keys()


def _recognises_rtc(state: Mapping[str, Tensor]) -> bool:
    return {"model.0.weight", "model.1.sub.0.c1.weight", "model.2.weight"} <= state.keys()


def _recognises_rte(state: Mapping[str, Tensor]) -> bool:
    return {"fea_conv.2.weight", "block1.c7.weight", "upsampler.0.weight"} <= state.keys()


IMDN = Family(networks.IMDN, _recognises, _options, imdn_table)
IMDN_AS = Family(networks.IMDNAnyScale, _recognises_as, _options_as, imdn_as_table)
IMDN_RTC = Family(networks.IMDNRTC, _recognises_rtc, _options_rtc, imdn_rtc_table)
IMDN_RTE = Family(networks.IMDNRTE, _recognises_rte, _options_rte, imdn_rte_table)
