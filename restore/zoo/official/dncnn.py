"""DnCNN's official names (cszn/KAIR), and what they say about the network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from restore import networks
from restore.errors import CheckpointError
from restore.zoo.official.table import Family, Table, batch_norm, conv

_IRCNN_DEPTH = 7


def dncnn_table(network: networks.DnCNN) -> Table:
    """DnCNN -> DnCNN.

    One running number counts the layers of one nn.Sequential: convolution, ReLU, then convolution, (normalisation,)
    ReLU again and again, and a convolution.
    """
    table = conv("model.0", "head")
    place = 2
    for index, layer in enumerate(network.layers):
        table |= conv(f"model.{place}", f"layers.{index}.conv")
        if isinstance(layer.norm, nn.BatchNorm2d):
            table |= batch_norm(f"model.{place + 1}", f"layers.{index}.norm")
            place += 1
        place += 2
    return table | conv(f"model.{place}", "tail")


def _recognises(state: Mapping[str, Tensor]) -> bool:
    return "model.0.weight" in state and all(re.fullmatch(r"model\.\d+\.\w+", name) for name in state)


def _options(state: Mapping[str, Tensor], pixel_range: float | None) -> dict[str, Any]:
    if pixel_range not in (None, 1.0):
        raise CheckpointError(
            f"DnCNN's weights are for pictures of 0 to 1, got pixel_range={pixel_range}. Leave it out."
        )
    first = state["model.0.weight"]
    convolutions = [name for name, tensor in state.items() if tensor.dim() == 4]
    last = state[max(convolutions, key=lambda name: int(name.split(".")[1]))]
    if first.dim() != 4 or first.shape[1] != last.shape[0]:
        raise CheckpointError(
            f"This looks like DnCNN but takes {tuple(first.shape)[1:2]} channels and gives {last.shape[0]}. "
            "FDnCNN, which takes a noise map beside the picture, is not supported."
        )
    return {
        "image_channels": first.shape[1],
        "width": first.shape[0],
        "depth": len(convolutions),
        "normalization": any(name.endswith(".running_mean") for name in state),
    }


def _question(state: Mapping[str, Tensor]) -> str | None:
    if len(state) != 2 * _IRCNN_DEPTH:
        return None
    return (
        f"{_IRCNN_DEPTH} convolutions under DnCNN's names may as well be IRCNN, whose convolutions are dilated. "
        'If it is DnCNN, give network="DnCNN" to restore.zoo.convert_file; IRCNN is not supported.'
    )


DNCNN = Family(networks.DnCNN, _recognises, _options, dncnn_table, _question)
