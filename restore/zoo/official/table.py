"""Rename tables, official tensor name -> ours, and loading by them with nothing left over on either side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from restore.errors import CheckpointError
from restore.networks import RestorationNetwork

Table = dict[str, str]
Shapes = dict[str, tuple[int, ...]]


def _no_question(state: Mapping[str, Tensor]) -> str | None:
    return None


def _nothing_unknown(state: Mapping[str, Tensor]) -> dict[str, str]:
    return {}


def _nothing_dead(network: Any) -> Shapes:
    return {}


def _nothing_constant(network: Any) -> dict[str, Tensor]:
    return {}


def _nothing_sized(network: Any, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {}


@dataclass(frozen=True)
class Family:
    """How one kind of official checkpoint is told from others and becomes a network of ours."""

    network: type[RestorationNetwork]
    """Our class; its name is what `load_official(..., network=...)` takes."""
    recognises: Callable[[Mapping[str, Tensor]], bool]
    """Whether these names are of this family."""
    options: Callable[[Mapping[str, Tensor], float | None], dict[str, Any]]
    """Our constructor's arguments as a recipe writes them, from names, shapes, and `pixel_range` where it was given."""
    table: Callable[[Any], Table]
    """The rename table of a network of ours."""
    question: Callable[[Mapping[str, Tensor]], str | None] = _no_question
    """What to ask where the names fit another network as well, which only the user can tell."""
    unknown: Callable[[Mapping[str, Tensor]], dict[str, str]] = _nothing_unknown
    """Our constructor's arguments that no tensor tells, each with what to ask for it."""
    assumed: Mapping[str, tuple[Any, str]] = field(default_factory=dict)
    """Arguments that the authors' code fixes and others' does not: the authors' value, and who has another one."""
    dead: Callable[[Any], Shapes] = _nothing_dead
    """Official tensors that no computation of the authors uses, for a network of ours, which has no place for them."""
    constants: Callable[[Any], dict[str, Tensor]] = _nothing_constant
    """Official tensors that are the same in every file, for a network of ours, which computes them."""
    sized: Callable[[Any, Mapping[str, Tensor]], dict[str, Tensor]] = _nothing_sized
    """Official tensors that follow from the size that the authors' network was built for, which a checkpoint tells."""


def conv(official: str, ours: str) -> Table:
    """The two tensors of a convolution with a bias."""
    return {f"{official}.{leaf}": f"{ours}.{leaf}" for leaf in ("weight", "bias")}


def batch_norm(official: str, ours: str) -> Table:
    """The five tensors of a batch normalisation."""
    leaves = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    return {f"{official}.{leaf}": f"{ours}.{leaf}" for leaf in leaves}


def within(official: str, ours: str, table: Table) -> Table:
    """`table` for a part that is called `official` there and `ours` here."""
    return {f"{official}.{theirs}": f"{ours}.{mine}" for theirs, mine in table.items()}


def count(state: Mapping[str, Tensor], before: str, after: str, every: int = 1) -> int:
    """How many of `before` 0 `after`, `before` 1 `after`, ... there are; with `every`, 0, every, 2 every."""
    number = 0
    while f"{before}{every * number}{after}" in state:
        number += 1
    return number


def load_official_state(
    module: nn.Module, state: Mapping[str, Tensor], table: Table, dead: Shapes | None = None
) -> dict[str, Tensor]:
    """Copy the official `state` into `module`.

    Args:
        module: of ours.
        state: tensors under their official names.
        table: for every tensor of both sides.
        dead: names and shapes of official tensors that are not loaded; the checkpoint may lack them.

    Returns:
        The dead tensors of the checkpoint, unchanged.

    Raises:
        CheckpointError: a tensor is left over or missing on either side, or has another shape.
    """
    beside = dead_state({name: state[name] for name in state.keys() & (dead or {})}, dead or {})
    left_over = state.keys() - table.keys() - beside.keys()
    _refuse("the checkpoint has tensors that this network has no place for", left_over)
    _refuse("the checkpoint lacks tensors", table.keys() - state.keys())
    own = module.state_dict()
    _refuse("the rename table names tensors that the network lacks", set(table.values()) - own.keys())
    _refuse("the rename table leaves out tensors of the network", own.keys() - set(table.values()))
    shapes = {
        f"{theirs} is {tuple(state[theirs].shape)}, {ours} is {tuple(own[ours].shape)}"
        for theirs, ours in table.items()
        if state[theirs].shape != own[ours].shape
    }
    _refuse("tensors have other shapes than the network's", shapes)
    module.load_state_dict({ours: state[theirs] for theirs, ours in table.items()}, strict=True)
    return beside


def official_state(module: nn.Module, table: Table) -> dict[str, Tensor]:
    """The tensors of `module` under their official names, in the order of `table`.

    Raises:
        CheckpointError: a block is of another form than any author's, or a tensor is left over or missing.
    """
    other = {str(part.branch) for part in module.modules() if getattr(part, "branch", "plain") != "plain"}
    _refuse("the authors' blocks have plain branches only, these are", other)
    own = module.state_dict()
    _refuse("the authors' network has tensors that this one lacks", set(table.values()) - own.keys())
    _refuse("this network has tensors that the authors' lacks", own.keys() - set(table.values()))
    return {theirs: own[ours] for theirs, ours in table.items()}


def dead_state(given: Mapping[str, Tensor], shapes: Shapes) -> dict[str, Tensor]:
    """The `given` tensors in the order of `shapes`; all must be named there, with their shapes.

    Raises:
        CheckpointError: a tensor is none of these, or has another shape.
    """
    _refuse("tensors are none of those that the authors' network leaves unused", given.keys() - shapes.keys())
    wrong = {f"{n} is {tuple(t.shape)}, not {shapes[n]}" for n, t in given.items() if tuple(t.shape) != shapes[n]}
    _refuse("tensors that the authors' network leaves unused have other shapes than theirs", wrong)
    return {name: given[name] for name in shapes if name in given}


def without_constants(state: Mapping[str, Tensor], constants: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """`state` without the tensors that are the same in every file, which are checked.

    Raises:
        CheckpointError: one is missing or holds other values.
    """
    _refuse("the checkpoint lacks tensors", constants.keys() - state.keys())
    other = {
        name
        for name, value in constants.items()
        if state[name].shape != value.shape or not torch.equal(state[name].to(value), value)
    }
    _refuse("tensors that are constants in the authors' network have other values", other)
    return {name: tensor for name, tensor in state.items() if name not in constants}


def _refuse(what: str, names: set[str]) -> None:
    if names:
        first = ", ".join(sorted(names)[:8])
        more = f" and {len(names) - 8} more" if len(names) > 8 else ""
        raise CheckpointError(f"Cannot convert: {what}: {first}{more}.")
