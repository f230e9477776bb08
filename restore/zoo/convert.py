"""Checkpoints under the authors' names become networks of ours, and back, bit for bit."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from restore.errors import CheckpointError
from restore.networks import RestorationNetwork
from restore.zoo.build import build
from restore.zoo.official import FAMILIES, Family, Origin, origin_answers
from restore.zoo.official.table import dead_state, load_official_state, official_state, without_constants

logger = logging.getLogger(__name__)


SAVE_TENSORS = "If you trust the file, open it with its own program and save model.state_dict() alone."
"""What to do about a file that holds code."""


@dataclass(frozen=True)
class Converted:
    """An official checkpoint as a network of ours."""

    network: RestorationNetwork
    """With the checkpoint's weights, in evaluation mode."""
    spec: dict[str, Any]
    """`{class_path, init_args}`, as a recipe writes it and `restore.zoo.build` takes it."""
    dead: dict[str, Tensor] = field(default_factory=dict)
    """Tensors of the checkpoint that no computation of the authors uses, and constants for the size that their network
    was built for (SwinIR's masks), by their names; `to_official` takes them."""


def convert_file(
    path: str | PathLike[str],
    *,
    pixel_range: float | None = None,
    network: str | None = None,
    answers: Mapping[str, Any] | None = None,
    origin: str | None = None,
) -> Converted:
    """Open an official checkpoint (.pth, .pt) and recognise its network from names and shapes.

    Args:
        path: the file; only tensors are read from it, never code.
        pixel_range: what the weights call white; needed only where the file does not say.
        network: our class name, where the names fit several networks.
        answers: arguments of our network that no tensor tells, such as EDSR's `residual_scale`; an error asks for
            those that are needed.
        origin: the repository that the file comes from, see `restore.zoo.official.ORIGINS`, which answers for it.

    Raises:
        CheckpointError: the file cannot be opened, is of no known network, or leaves a question open.
    """
    try:
        state = read_official_state(path)
        return convert_state(state, pixel_range=pixel_range, network=network, answers=answers, origin=origin)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error


def load_official(
    path: str | PathLike[str],
    *,
    pixel_range: float | None = None,
    network: str | None = None,
    answers: Mapping[str, Any] | None = None,
    origin: str | None = None,
) -> RestorationNetwork:
    """The network of `convert_file` alone."""
    return convert_file(path, pixel_range=pixel_range, network=network, answers=answers, origin=origin).network


def convert_state(
    state: Mapping[str, Tensor],
    *,
    pixel_range: float | None = None,
    network: str | None = None,
    answers: Mapping[str, Any] | None = None,
    origin: str | None = None,
) -> Converted:
    """As `convert_file`, from tensors under their official names."""
    family = _recognise(state, network)
    name = family.network.__name__
    lines = origin_answers(origin, name) if origin else ()
    ranges = {line.answers.get("pixel_range") for line in lines}
    known_range = ranges.pop() if len(ranges) == 1 else None  # else it depends on the sizes
    if None not in (pixel_range, known_range) and pixel_range != known_range:
        raise CheckpointError(
            f"{name} of {origin} has pixel_range={known_range:g}, got {pixel_range:g}. Leave one out."
        )
    pixel_range = known_range if pixel_range is None else pixel_range
    try:
        options = family.options(state, pixel_range)
    except CheckpointError:
        raise
    except (ValueError, LookupError, ArithmeticError) as error:
        raise CheckpointError(f"The names are {name}'s but the shapes are not ({error}).") from error
    answers = _from_origin(lines, options, answers or {})
    options = _answered(family, state, options, answers)
    spec = {"class_path": f"restore.networks.{name}", "init_args": options}
    built = build(spec)
    sized = family.sized(built, state)
    rest = without_constants(state, family.constants(built) | sized)
    dead = load_official_state(built, rest, family.table(built), family.dead(built))
    for option, (value, others) in family.assumed.items():
        if option not in answers:
            said = "no tensor of %s tells its %s: taken to be %s, as in the authors' code (%s)"
            logger.warning(said, name, option, value, others)
    logger.info("recognised %s: %s", name, ", ".join(f"{key}={value}" for key, value in options.items()))
    return Converted(built.eval(), spec, dead | {constant: state[constant] for constant in sized})


def open_questions(state: Mapping[str, Tensor], network: str | None = None) -> dict[str, str]:
    """Arguments of our network that no tensor of `state` tells, each with what to ask for it."""
    return _recognise(state, network).unknown(state)


def to_official(network: RestorationNetwork, dead: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
    """The weights of `network` under their official names, with what is the same in every file of the authors.

    Args:
        network: of ours.
        dead: what the authors' network holds beside and never uses (SAN's `conv_last`, for one), as `Converted.dead`
            has it; it is put in again. Nothing is made up for what is not given.

    Raises:
        CheckpointError: the authors have no such network, or not with this attention, or `dead` has another's tensors.
    """
    for family in FAMILIES:
        if type(network) is family.network:
            constants = {name: value.clone() for name, value in family.constants(network).items()}
            given = dead or {}
            sized = family.sized(network, given)
            beside = dead_state(without_constants(given, sized), family.dead(network))
            beside |= {name: given[name] for name in sized}
            return official_state(network, family.table(network)) | constants | beside
    raise CheckpointError(f"There are no official names for {type(network).__name__}. Known: {_known()}.")


def read_official_state(path: str | PathLike[str]) -> dict[str, Tensor]:
    """The tensors of a checkpoint by name, without wrappers (`params_ema`, `params`, `state_dict`) and `module.`."""
    if not Path(path).is_file():
        raise CheckpointError("No such file.")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise CheckpointError(
            f"Cannot be read as tensors alone ({first}). Pickled modules are refused because they run code. "
            f"{SAVE_TENSORS}"
        ) from error
    return strip_wrappers(content)


def strip_wrappers(content: object) -> dict[str, Tensor]:
    """The innermost mapping from names to tensors; of several wrappers the averaged weights are taken."""
    while isinstance(content, Mapping):
        wrapper = next((key for key in _WRAPPERS if isinstance(content.get(key), Mapping)), None)
        if wrapper is None:
            break
        content = content[wrapper]
    if not isinstance(content, Mapping) or not content or not all(isinstance(v, Tensor) for v in content.values()):
        raise CheckpointError(
            f"Holds no weights by name. Expected tensors, at the top or under one of {', '.join(_WRAPPERS)}."
        )
    state = {str(name): tensor for name, tensor in content.items()}
    if all(name.startswith(_PARALLEL) for name in state):
        state = {name.removeprefix(_PARALLEL): tensor for name, tensor in state.items()}
    return state


def _recognise(state: Mapping[str, Tensor], network: str | None) -> Family:
    if network is not None:
        chosen = [family for family in FAMILIES if family.network.__name__ == network]
        if not chosen:
            raise CheckpointError(f"Unknown network={network!r}. Known: {_known()}.")
        candidates = [family for family in chosen if family.recognises(state)]
    else:
        candidates = [family for family in FAMILIES if family.recognises(state)]
        question = candidates[0].question(state) if candidates else None
        if question:
            raise CheckpointError(question)
    if not candidates:
        raise CheckpointError(
            f"The names are of no known network ({_known()}). The first are {', '.join(list(state)[:4])}."
        )
    return candidates[0]


def _answered(
    family: Family, state: Mapping[str, Tensor], options: Mapping[str, Any], answers: Mapping[str, Any]
) -> dict[str, Any]:
    """The options of the file and those that were answered."""
    name = family.network.__name__
    for option, question in family.unknown(state).items():
        if option not in answers and option not in options:
            raise CheckpointError(f"No tensor of this {name} tells its {option}. {question}")
    told = [option for option in answers if option in options and answers[option] != options[option]]
    if told:
        raise CheckpointError(
            f"The file tells {told[0]}={options[told[0]]} of this {name}, the answers {answers[told[0]]}. Leave it out."
        )
    return {**options, **{option: value for option, (value, _) in family.assumed.items()}, **answers}


def _from_origin(lines: tuple[Origin, ...], options: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers, and what the file's origin adds to them where the file is silent."""
    fitting = [line for line in lines if all(options.get(name) == value for name, value in line.where.items())]
    known = fitting[0].answers if fitting else {}
    said = {**options, **answers}
    contradicted = [name for name in known if name in said and said[name] != known[name]]
    if contradicted:
        name = contradicted[0]
        raise CheckpointError(
            f"Weights of {lines[0].repository} have {name}={known[name]}, the answer is {said[name]}. "
            "Leave the origin or the answer out."
        )
    return {**{name: value for name, value in known.items() if name not in options}, **answers}


def _known() -> str:
    return ", ".join(family.network.__name__ for family in FAMILIES)


UNREADABLE = (
    pickle.UnpicklingError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
)
"""What torch.load raises on a file that is damaged, of another kind, or holds more than tensors."""
_WRAPPERS = ("params_ema", "params", "state_dict")
_PARALLEL = "module."
