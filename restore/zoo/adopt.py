"""Starting a network from another's weights: x2 to x4, or fine-tuning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from restore.errors import CheckpointError
from restore.zoo.catalogue import load_network


@dataclass(frozen=True)
class Adopted:
    """What was taken from a weights file."""

    source: str
    """The file."""
    taken: list[str]
    """Tensors that were copied."""
    fresh: list[str]
    """Tensors of the network that the file has not, or has in another shape; they keep their start."""
    unused: list[str]
    """Tensors of the file that the network has no place for."""

    def summary(self) -> str:
        """Two lines for a person."""
        text = f"Started from {self.source}: took {len(self.taken)} of {len(self.taken) + len(self.fresh)} tensors."
        if self.fresh:
            text += f"\nNew in this network: {_some(self.fresh)}."
        if self.unused:
            text += f"\nLeft in the file: {_some(self.unused)}."
        return text


def adopt(network: nn.Module, source: str) -> Adopted:
    """Start `network` from a shipped model or a weights file of any network (see `load_network`).

    Raises:
        CheckpointError: the file cannot be used, or nothing in it fits.
    """
    other, _ = load_network(source)
    return adopt_state(network, other.state_dict(), source)


def adopt_state(network: nn.Module, state: Mapping[str, Tensor], source: str) -> Adopted:
    """Copy every tensor of `state` that fits by name and shape into the network.

    Raises:
        CheckpointError: nothing fits.
    """
    own = network.state_dict()
    taken = [name for name in own if name in state and own[name].shape == state[name].shape]
    if not taken:
        raise CheckpointError(f"{source} holds no tensor that fits this network. Start from the same family's weights.")
    network.load_state_dict({name: state[name] for name in taken}, strict=False)
    fresh = [name for name in own if name not in set(taken)]
    return Adopted(source, taken, fresh, [name for name in state if name not in set(taken)])


def _some(names: list[str], limit: int = 6) -> str:
    return ", ".join(names[:limit]) + (f" and {len(names) - limit} more" if len(names) > limit else "")
