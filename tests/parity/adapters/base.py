"""What an adapter gives: our module, the rename table, how it is run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

Record = dict[str, Any]
"""One item of index.json or gradients.json; `record["state_dict"]` holds the official names and shapes."""


@dataclass
class Adapted:
    """Our side of a golden."""

    module: nn.Module
    """Holds the weights."""
    table: dict[str, str]
    """Official name -> ours, for every tensor of both sides."""
    run: Callable[..., Tensor | tuple[Tensor, ...]]
    """The golden's inputs -> its outputs."""
    dead: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Names and shapes of official tensors that no computation of theirs uses and that ours has no place for."""
    constants: dict[str, Tensor] = field(default_factory=dict)
    """Official buffers that ours makes itself, in other forms."""


Adapter = Callable[[Record], Adapted]
