"""Checkpoints under the authors' names become networks of ours, and back, bit for bit."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

import torch
from torch import Tensor

from restore.errors import CheckpointError
from restore.networks import RestorationNetwork
from restore.zoo.build import build
from restore.zoo.official import FAMILIES, Family, Origin, origin_answers
from restore.zoo.official.table import dead_state, load_official_state, official_state, without_constants
from restore.zoo.official_file import read_official_file

logger = logging.getLogger(__name__)


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
    dtype: torch.dtype | None = None
    """The checkpoint's own, where it is a narrower one than our float32; `to_official` takes it."""


def convert_file(
    path: str | PathLike[str],
    *,
    pixel_range: float | None = None,
    network: str | None = None,
    answers: Mapping[str, Any] | None = None,
    origin: str | None = None,
    part: str | None = None,
    sigma: float | None = None,
) -> Converted:
    """Open an official checkpoint (.pth, .pt) and recognise its network from names and shapes.

    Args:
        path: the file; only tensors are read from it, never code.
        pixel_range: what the weights call white; needed only where the file does not say.
        network: our class name, where the names fit several networks.
        answers: arguments of our network that no tensor tells, such as EDSR's `residual_scale`; an error asks for
            those that are needed.
        origin: the repository that the file comes from, see `restore.zoo.official.ORIGINS`, which answers for it.
        part: which set of weights, where the file holds several.
        sigma: noise in grey levels, which chooses among the sets of IRCNN's files.

    Raises:
        CheckpointError: the file cannot be opened, is of no known network, or leaves a question open.
    """
    try:
        file = read_official_file(path, part, sigma)
        return convert_state(
            file.state, pixel_range=pixel_range, network=network or file.network, answers=answers, origin=origin
        )
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error


def load_official(
    path: str | PathLike[str],
    *,
    pixel_range: float | None = None,
    network: str | None = None,
    answers: Mapping[str, Any] | None = None,
    origin: str | None = None,
    part: str | None = None,
    sigma: float | None = None,
) -> RestorationNetwork:
    """The network of `convert_file` alone."""
    return convert_file(
        path, pixel_range=pixel_range, network=network, answers=answers, origin=origin, part=part, sigma=sigma
    ).network


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
    beside = dead | {constant: state[constant] for constant in sized}
    return Converted(built.eval(), spec, beside, _narrow_dtype(state))


def open_questions(state: Mapping[str, Tensor], network: str | None = None) -> dict[str, str]:
    """Arguments of our network that no tensor of `state` tells, each with what to ask for it."""
    return _recognise(state, network).unknown(state)


def to_official(
    network: RestorationNetwork, dead: Mapping[str, Tensor] | None = None, dtype: torch.dtype | None = None
) -> dict[str, Tensor]:
    """The weights of `network` under their official names, with what is the same in every file of the authors.

    Args:
        network: of ours.
        dead: what the authors' network holds beside and never uses (SAN's `conv_last`, for one), as `Converted.dead`
            has it; it is put in again. Nothing is made up for what is not given.
        dtype: of the floating-point tensors, as `Converted.dtype` has it; the network's where it is None.

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
            state = official_state(network, family.table(network)) | constants | beside
            return {name: value.to(dtype) if value.is_floating_point() else value for name, value in state.items()}
    raise CheckpointError(f"There are no official names for {type(network).__name__}. Known: {_known()}.")


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
    held = options.get("scales", ())
    if "scale" in told and held:  # the weights of several scales: the answer selects one
        if answers["scale"] not in held:
            scales = ", ".join(map(str, held))
            raise CheckpointError(
                f"The file holds the scales {scales}, got scale={answers['scale']}. Give one of them."
            )
        told.remove("scale")
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


def _narrow_dtype(state: Mapping[str, Tensor]) -> torch.dtype | None:
    """float16 or bfloat16 where all numbers are of it; what else does not come back to the bit is said."""
    types = {tensor.dtype for tensor in state.values() if tensor.is_floating_point()}
    if len(types) == 1 and types <= set(NARROW.values()):
        return types.pop()
    if types - {torch.float32}:
        others = ", ".join(sorted(str(one).removeprefix("torch.") for one in types))
        logger.warning("the numbers of the file are of %s: they are kept as float32, and come back as float32", others)
    return None


def _known() -> str:
    return ", ".join(family.network.__name__ for family in FAMILIES)


NARROW = {"float16": torch.float16, "bfloat16": torch.bfloat16}
"""Types whose numbers float32 holds exactly, by the names that a card has for them."""
