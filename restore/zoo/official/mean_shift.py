"""The official mean shift of the EDSR lineage: checked against the published constants, and kept as it is.

The authors switch off the gradient of the module and not of its tensors, so a checkpoint may hold trained values.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from restore.errors import CheckpointError
from restore.layers import DIV2K_MEAN, DIV_FLICKR2K_MEAN, mean_shift_constants
from restore.networks import ShiftedNetwork
from restore.zoo.official.table import Table

logger = logging.getLogger(__name__)

PUBLISHED = {"DIV2K": DIV2K_MEAN, "DIVFlickr2K": DIV_FLICKR2K_MEAN}
RANGE_QUESTION = (
    "Was it trained on pictures of 0 to 255 or of 0 to 1? "
    "Give --pixel-range 255 or --pixel-range 1 to restore convert (pixel_range=... to restore.zoo.convert_file)."
)
"""What to ask where the constants do not say it."""

_NAMES = {"sub_mean.weight", "sub_mean.bias", "add_mean.weight", "add_mean.bias"}


def shift_table(network: ShiftedNetwork, inner: str = "") -> Table:
    """MeanShift -> the buffers of ours, if there is a shift; `inner` is how the convolution inside is called."""
    if not network.shifts:
        return {}
    sides = (("sub_mean", "subtract"), ("add_mean", "add"))
    return {f"{theirs}{inner}.{leaf}": f"{ours}_{leaf}" for theirs, ours in sides for leaf in ("weight", "bias")}


def shift_options(name: str, state: Mapping[str, Tensor], pixel_range: float | None) -> dict[str, Any]:
    """`pixel_range`, and `mean` where there is no shift, of the network `name`.

    Raises:
        CheckpointError: nothing says what the weights call white, or the shift is not understood.
    """
    if "sub_mean.bias" in state:
        return {"pixel_range": pixel_range_of(state, pixel_range)}
    if pixel_range is None:
        raise CheckpointError(
            f"This {name} has no mean shift, so nothing in it says what its weights call white. {RANGE_QUESTION}"
        )
    return {"pixel_range": pixel_range, "mean": []}


def pixel_range_of(state: Mapping[str, Tensor], given: float | None = None) -> float:
    """What the weights call white, from `sub_mean` and `add_mean`; says so where these are not as published.

    Raises:
        CheckpointError: the shift fits no range and none was given, or fits another than the given one.
    """
    missing = _NAMES - state.keys()
    if missing:
        raise CheckpointError(
            f"The checkpoint has a part of a mean shift only: {', '.join(sorted(missing))} is missing."
        )
    found = _found(state)
    if found is None and given is None:
        raise CheckpointError(
            f"The mean shift of this checkpoint, {state['sub_mean.bias'].tolist()}, is no known mean times 255 or 1. "
            f"{RANGE_QUESTION}"
        )
    if found is not None and given is not None and found != given:
        raise CheckpointError(
            f"The mean shift of this checkpoint is for 0 to {found:g}, got pixel_range={given:g}. Leave it out."
        )
    return given if found is None else found  # type: ignore[return-value]


def _found(state: Mapping[str, Tensor]) -> float | None:
    bias = torch.cat([-state["sub_mean.bias"], state["add_mean.bias"]]).double()
    if bias.numel() != 2 * len(DIV2K_MEAN):
        return None
    for name, mean in PUBLISHED.items():
        for pixel_range in (255.0, 1.0, float(f"{bias[0].item() / mean[0]:.6g}")):
            if pixel_range > 0 and _is_published(state, mean, pixel_range):
                logger.info("the mean shift is the published one of %s for 0 to %g", name, pixel_range)
                return pixel_range
    ratio = bias / torch.tensor(DIV2K_MEAN, dtype=torch.float64).repeat(2)
    for pixel_range in (255.0, 1.0):
        if bool(((ratio > 0.5 * pixel_range) & (ratio < 2 * pixel_range)).all()):
            logger.warning(
                "the mean shift is not a published one but trained: it is kept as it is, range 0 to %g, subtracts %s",
                pixel_range,
                [round(value, 4) for value in (bias[:3] / pixel_range).tolist()],
            )
            return pixel_range
    return None


def _is_published(state: Mapping[str, Tensor], mean: tuple[float, ...], pixel_range: float) -> bool:
    """Both shifts equal the constants: in the file's own numbers, to the last places of float32."""
    for name, sign in (("sub_mean", -1), ("add_mean", 1)):
        weight, bias = mean_shift_constants(mean, sign * pixel_range)
        found = state[f"{name}.bias"]
        expected = bias.to(found.dtype).double()  # half precision has three digits
        same = torch.equal(state[f"{name}.weight"].to(weight), weight)
        if not same or not torch.allclose(found.double(), expected, rtol=1e-6, atol=0):
            return False
    return True
