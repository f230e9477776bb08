"""What an authors' file has no place for: options of a network of ours that its tensors do not tell."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from restore.errors import CheckpointError
from restore.layers import DIV2K_MEAN
from restore.networks import RestorationNetwork
from restore.zoo.build import build
from restore.zoo.official import FAMILIES, Family

_DERIVED = {"training", "context", "multiple_of", "train_size", "shifts", "scale"}
"""Attributes that follow from options, or from what is done with a network."""


def unheld(network: RestorationNetwork, spec: Mapping[str, Any], state: Mapping[str, Tensor]) -> dict[str, Any]:
    """Options of `network` that a reader of `state` would ask for, or would take another value of, with their values.

    The network is read again as a stranger would read it; where a module's class or attribute is another then, it is
    named, a class by the last word of its place.

    Args:
        network: of ours.
        spec: `{class_path, init_args}` of it.
        state: its tensors under their official names, as `to_official` gives them.

    Raises:
        CheckpointError: there are no official names for it, or they cannot be read again.
    """
    family = next((one for one in FAMILIES if type(network) is one.network), None)
    if family is None:
        raise CheckpointError(f"There are no official names for {type(network).__name__}.")
    asked, options = _read_again(family, network, state)
    again = build({"class_path": f"restore.networks.{family.network.__name__}", "init_args": options})
    first = next(one for one in FAMILIES if one.recognises(state))
    found: dict[str, Any] = {"network": family.network.__name__} if first.question(state) else {}
    others, stranger = dict(again.named_modules()), "no place"
    for place, module in network.named_modules():
        if place.startswith(f"{stranger}.") or place not in others:
            continue  # a part of what was named already
        stranger = stranger if type(module) is type(others[place]) else place
        found |= _differences(place, module, others[place])
    given = _arguments(network) | dict(spec.get("init_args") or {})
    if given.get("mean", ()) is None:
        given["mean"] = list(DIV2K_MEAN) if network.image_channels == len(DIV2K_MEAN) else []
    return {name: given.get(name, found.get(name)) for name in [*found, *(asked - found.keys())]}


def _read_again(
    family: Family, network: RestorationNetwork, state: Mapping[str, Tensor]
) -> tuple[set[str], dict[str, Any]]:
    """What the tensors leave open, and the options as a reader has them who knows the range and the scale."""
    asked = set(family.unknown(state))
    try:
        options = family.options(state, None)
    except CheckpointError:
        asked.add("pixel_range")
        options = family.options(state, getattr(network, "pixel_range", None))
    known = {name: getattr(network, name) for name in asked & {"scale", "pixel_range"}}
    return asked, {name: value for name, (value, _) in family.assumed.items()} | known | options


def _differences(place: str, mine: nn.Module, other: nn.Module) -> dict[str, Any]:
    """The class, or the plain attributes, of a module that another has not."""
    if type(mine) is not type(other):
        words = [word for word in place.split(".") if not word.isdigit()]
        return {words[-1]: type(mine).__name__}
    theirs = vars(other)
    return {name: value for name, value in vars(mine).items() if _tells(name, value) and theirs.get(name) != value}


def _tells(name: str, value: object) -> bool:
    return not name.startswith("_") and name not in _DERIVED and isinstance(value, str | int | float | bool | tuple)


def _arguments(network: RestorationNetwork) -> dict[str, Any]:
    """The constructor's defaults that are plain values."""
    parameters = inspect.signature(type(network)).parameters.values()
    return {one.name: one.default for one in parameters if not callable(one.default)}
