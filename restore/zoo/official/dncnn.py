"""Official names of DnCNN, FDnCNN and IRCNN (cszn/KAIR), and what they say about the network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from restore import networks
from restore.errors import CheckpointError
from restore.zoo.official.table import Family, Table, batch_norm, conv

_IRCNN_DEPTH = 7


def dncnn_table(network: networks.DnCNN | networks.FDnCNN | networks.IRCNN) -> Table:
    """DnCNN -> DnCNN, FDnCNN -> FDnCNN, IRCNN -> IRCNN.

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


def _convolutions(state: Mapping[str, Tensor]) -> list[Tensor]:
    """Kernels of the stack, the first to the last; none if the names are of another network."""
    if "model.0.weight" not in state or not all(re.fullmatch(r"model\.\d+\.\w+", name) for name in state):
        return []
    kernels = {int(name.split(".")[1]): tensor for name, tensor in state.items() if tensor.dim() == 4}
    return [kernels[place] for place in sorted(kernels)]


def _takes_map(state: Mapping[str, Tensor]) -> bool:
    kernels = _convolutions(state)
    return bool(kernels) and kernels[0].shape[1] == kernels[-1].shape[0] + 1


def _is_dncnn(state: Mapping[str, Tensor]) -> bool:
    names = "model.0.weight" in state and all(re.fullmatch(r"model\.\d+\.\w+", name) for name in state)
    return names and not _takes_map(state)


def _is_ircnn(state: Mapping[str, Tensor]) -> bool:
    return len(_convolutions(state)) == _IRCNN_DEPTH and not _takes_map(state)


def _stack_options(state: Mapping[str, Tensor], pixel_range: float | None, extra: int = 0) -> dict[str, Any]:
    if pixel_range not in (None, 1.0):
        raise CheckpointError(
            f"DnCNN's weights are for pictures of 0 to 1, got pixel_range={pixel_range}. Leave it out."
        )
    kernels = _convolutions(state)
    if not kernels:
        raise ValueError("there is no convolution")
    image_channels = kernels[-1].shape[0]
    if kernels[0].shape[1] != image_channels + extra:
        raise CheckpointError(
            f"This looks like DnCNN but takes {kernels[0].shape[1]} channels and gives {image_channels}. "
            "Only FDnCNN takes one more, the noise map."
        )
    return {
        "image_channels": image_channels,
        "width": kernels[0].shape[0],
        "depth": len(kernels),
        "normalization": any(name.endswith(".running_mean") for name in state),
    }


def _fdncnn_options(state: Mapping[str, Tensor], pixel_range: float | None) -> dict[str, Any]:
    return _stack_options(state, pixel_range, extra=1)


def _ircnn_options(state: Mapping[str, Tensor], pixel_range: float | None) -> dict[str, Any]:
    options = _stack_options(state, pixel_range)
    del options["depth"]
    return options


def _question(state: Mapping[str, Tensor]) -> str | None:
    if not _is_ircnn(state):
        return None
    return (
        f"{_IRCNN_DEPTH} convolutions under DnCNN's names may be DnCNN or IRCNN, whose convolutions are dilated. "
        "Give --network DnCNN or --network IRCNN to restore convert (network=... to restore.zoo.convert_file)."
    )


DNCNN = Family(networks.DnCNN, _is_dncnn, _stack_options, dncnn_table, _question)
FDNCNN = Family(networks.FDnCNN, _takes_map, _fdncnn_options, dncnn_table)
IRCNN = Family(networks.IRCNN, _is_ircnn, _ircnn_options, dncnn_table)
