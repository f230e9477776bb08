"""CARN's official names (nmhkahn/CARN-pytorch), for CARN and CARN-M, and what they say about the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from restore import networks
from restore.blocks import Cascade
from restore.zoo.official.mean_shift import shift_options, shift_table
from restore.zoo.official.table import Family, Table, conv, within
from restore.zoo.official.upsample import upsample_scale, upsample_table

_SHIFT = ".shifter"


def residual_block_table(mobile: bool) -> Table:
    """ResidualBlock, or EResidualBlock of CARN-M -> RectifiedBlock."""
    table = conv("body.0", "conv1") | conv("body.2", "conv2")
    return table | conv("body.4", "mix.1") if mobile else table


def cascade_table(cascade: Cascade, stage: Table) -> Table:
    """Block, or the network's own cascade -> Cascade; `stage` is the table of one stage."""
    table: Table = {}
    for place in range(len(cascade.stages)):
        table |= within(f"b{place + 1}", f"stages.{place}", stage)
    for place in range(len(cascade.fusions)):
        table |= conv(f"c{place + 1}.body.0", f"fusions.{place}")
    return table


def carn_table(network: networks.CARN) -> Table:
    """CARN, CARN-M -> CARN; a network of one scale has no number in its upsampler's name."""
    block = network.body.stages[0]
    assert isinstance(block, Cascade)
    inner = cascade_table(block, residual_block_table(network.mobile))
    table = shift_table(network, _SHIFT) | conv("entry", "head")
    table |= within_body(cascade_table(network.body, inner))
    for scale in network.scales:
        theirs = "up" if len(network.scales) == 1 else f"up{scale}"
        upsample = upsample_table(network.upsamplers[str(scale)].children())
        table |= within(f"upsample.{theirs}.body", f"upsamplers.{scale}", upsample)
    return table | conv("exit", "tail")


def within_body(table: Table) -> Table:
    """The network's own cascade, which has no name of its own there."""
    return {theirs: f"body.{ours}" for theirs, ours in table.items()}


def _recognises(state: Mapping[str, Tensor]) -> bool:
    return {"entry.weight", "b1.b1.body.0.weight", "b1.c1.body.0.weight", "exit.weight"} <= state.keys()


def _options(state: Mapping[str, Tensor], pixel_range: float | None) -> dict[str, Any]:
    width, image_channels = state["entry.weight"].shape[:2]
    mobile = "b1.b1.body.4.weight" in state
    names = {f"upsample.up{scale}.body.": scale for scale in (2, 3, 4)}
    scales = [scale for name, scale in names.items() if f"{name}0.weight" in state]
    first = f"upsample.up{scales[0] if scales else ''}.body."
    if not scales:
        scales = [upsample_scale(state, first, width, every=3)]
    shift = {name.replace(_SHIFT, ""): tensor for name, tensor in state.items()}
    return {
        "scale": scales[-1],
        "scales": scales,
        "image_channels": image_channels,
        "width": width,
        "mobile": mobile,
        "groups": width // state[f"{first}0.weight"].shape[1],
    } | shift_options("CARN", shift, pixel_range)


CARN = Family(networks.CARN, _recognises, _options, carn_table)
