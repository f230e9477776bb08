"""MWCNN's official names (lpj-github-io/MWCNNv2), and what they say about the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from restore import networks
from restore.errors import CheckpointError
from restore.zoo.official.table import Family, Table, conv


def mwcnn_table(network: networks.MWCNN) -> Table:
    """MWCNN -> MWCNN; d_l is the way down, pro_l3 the middle, i_l the way up."""
    table = conv("head.0.body.0", "down0.0") | _pair("d_l0.0", "down0", 2)
    for level in (1, 2):
        table |= conv(f"d_l{level}.0.body.0", f"down{level}.0") | _pair(f"d_l{level}.1", f"down{level}", 2)
    table |= conv("pro_l3.0.body.0", "middle.0") | _pair("pro_l3.1", "middle", 2) | _pair("pro_l3.2", "middle", 4)
    table |= conv("pro_l3.3.body.0", "middle.6")
    for level in (2, 1):
        table |= _pair(f"i_l{level}.0", f"up{level}", 0) | conv(f"i_l{level}.1.body.0", f"up{level}.2")
    return table | _pair("i_l0.0", "up0", 0) | conv("tail.0", "up0.2")


def _pair(official: str, ours: str, place: int) -> Table:
    """DBlock_com, DBlock_com1 or DBlock_inv -> two dilated layers, the first at `place`."""
    first, second = (f"{ours}.{number}.conv" for number in (place, place + 1))
    return conv(f"{official}.body.0", first) | conv(f"{official}.body.2", second)


def _recognises(state: Mapping[str, Tensor]) -> bool:
    return {"head.0.body.0.weight", "d_l0.0.body.0.weight", "pro_l3.0.body.0.weight", "tail.0.weight"} <= state.keys()


def _options(state: Mapping[str, Tensor], pixel_range: float | None) -> dict[str, Any]:
    if pixel_range not in (None, 1.0):
        raise CheckpointError(f"MWCNN's weights are for pictures of 0 to 1, got {pixel_range=}. Leave it out.")
    if any(name.endswith(".running_mean") for name in state):
        raise CheckpointError(
            "This MWCNN has batch normalisation, an option of its code that no published network uses. "
            "Ours has none: train one without."
        )
    width, image_channels = state["head.0.body.0.weight"].shape[:2]
    return {"image_channels": image_channels, "width": width}


MWCNN = Family(networks.MWCNN, _recognises, _options, mwcnn_table)
