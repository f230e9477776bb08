"""RFDN's official names (njulj/RFDN), and what they say about the network.

Nothing in a checkpoint tells its pixel range, and the names are used by others with another one, so the released
file is known by its first convolution and of any other the question is asked.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from math import isqrt
from typing import Any

from torch import Tensor

from restore import networks
from restore.errors import CheckpointError
from restore.zoo.official.esa import enhanced_spatial_attention_table
from restore.zoo.official.mean_shift import RANGE_QUESTION
from restore.zoo.official.table import Family, Table, conv, within

logger = logging.getLogger(__name__)

RELEASED = {"fe82c397767fa3bfe5f58363819ec8780f02c96173531028ca98551134e4f0f6": ("RFDN_AIM.pth", 255.0)}
"""SHA-256 of `fea_conv.weight` -> the released file, and its pixel range."""


def residual_distillation_table() -> Table:
    """RFDB -> ResidualDistillationBlock."""
    table: Table = {}
    for step in range(3):
        table |= conv(f"c{step + 1}_d", f"keep.{step}") | conv(f"c{step + 1}_r", f"refine.{step}")
    table |= conv("c4", "last") | conv("c5", "fuse")
    return table | within("esa", "attention", enhanced_spatial_attention_table())


def rfdn_table(network: networks.RFDN) -> Table:
    """RFDN -> RFDN."""
    table = conv("fea_conv", "head")
    for block in range(len(network.trunk.blocks)):
        table |= within(f"B{block + 1}", f"trunk.blocks.{block}", residual_distillation_table())
    return table | conv("c.0", "trunk.fuse") | conv("LR_conv", "trunk.conv") | conv("upsampler.0", "tail")


def _recognises(state: Mapping[str, Tensor]) -> bool:
    return {"fea_conv.weight", "B1.c1_d.weight", "B1.esa.conv_f.weight", "upsampler.0.weight"} <= state.keys()


def _options(state: Mapping[str, Tensor], pixel_range: float | None) -> dict[str, Any]:
    width, image_channels = state["fea_conv.weight"].shape[:2]
    return {
        "scale": isqrt(state["upsampler.0.weight"].shape[0] // image_channels),
        "image_channels": image_channels,
        "width": width,
        "blocks": sum(name.endswith(".c1_d.weight") for name in state),
        "pixel_range": _pixel_range(state, pixel_range),
        "attention": {
            "class_path": "restore.attention.EnhancedSpatialAttention",
            "init_args": {"reduction": width // state["B1.esa.conv1.weight"].shape[0]},
        },
    }


def _pixel_range(state: Mapping[str, Tensor], given: float | None) -> float:
    values = state["fea_conv.weight"].detach().cpu().float().contiguous().numpy()
    file, found = RELEASED.get(hashlib.sha256(values.tobytes()).hexdigest(), (None, None))
    if file is not None:
        logger.info("the first convolution is that of the released %s, for 0 to %g", file, found)
    if given is None and found is None:
        raise CheckpointError(
            "This RFDN is not the released one, so nothing in it says what its weights call white. "
            f"(The authors' code feeds 0 to 255.) {RANGE_QUESTION}"
        )
    if given is not None and found is not None and given != found:
        raise CheckpointError(
            f"These are the weights of {file}, which are for 0 to {found:g}, got pixel_range={given:g}. Leave it out."
        )
    return found if given is None else given  # type: ignore[return-value]


RFDN = Family(networks.RFDN, _recognises, _options, rfdn_table)
