"""What a call allocates: the largest tensor, and the most bytes that lived at one time."""

from __future__ import annotations

from typing import Any

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Memory(TorchDispatchMode):
    """Watches every operator inside `with Memory() as memory:`, those of a backward pass as well.

    Tensors that were there before do not count, nor does what an operator allocates inside and frees again.
    `F.scaled_dot_product_attention` counts as one operator where a fused kernel runs, and by its parts (with the matrix
    of all pairs) where none does.

    Attributes:
        largest: elements of the largest storage that an operator made.
        peak: the most bytes that were alive at one time.
    """

    def __init__(self) -> None:
        super().__init__()
        self.largest = 0
        self.peak = 0
        self._alive: dict[int, tuple[StorageWeakRef, int]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = {one.untyped_storage()._cdata for one in _tensors((args, kwargs))}
        self._forget_the_dead()
        result = func(*args, **(kwargs or {}))
        for one in _tensors(result):
            storage = one.untyped_storage()
            if storage._cdata not in self._alive and storage._cdata not in given:
                self._alive[storage._cdata] = StorageWeakRef(storage), storage.nbytes()
                self.largest = max(self.largest, storage.nbytes() // one.element_size())
        self.peak = max(self.peak, sum(size for _, size in self._alive.values()))
        return result

    def _forget_the_dead(self) -> None:
        self._alive = {key: (ref, size) for key, (ref, size) in self._alive.items() if not ref.expired()}


def _tensors(tree: Any) -> list[torch.Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]
