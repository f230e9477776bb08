"""The official upsampler of the EDSR lineage: running numbers, with pixel shuffles (and ReLUs) between."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from torch import Tensor, nn

from restore.zoo.official.table import Table, conv, count


def upsample_table(upsample: Iterable[nn.Module]) -> Table:
    """Upsampler -> Upsample; the running numbers are the same."""
    table: Table = {}
    for place, layer in enumerate(upsample):
        if isinstance(layer, nn.Conv2d):
            table |= conv(str(place), str(place))
    return table


def upsample_scale(state: Mapping[str, Tensor], before: str, width: int, every: int = 2) -> int:
    """The scale, from the tensors `before` 0, every, 2 every and so on, and the channels after a shuffle."""
    steps = count(state, before, ".weight", every)
    if steps == 1:
        return 3 if state[f"{before}0.weight"].shape[0] == 9 * width else 2
    return 2**steps
