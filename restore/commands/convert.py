"""convert: authors' weights to a file of ours, which says itself what it is, and ours to the authors' names."""

from __future__ import annotations

import argparse
import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from restore.commands.arguments import Parser
from restore.errors import CheckpointError, ConfigError, DataError

if TYPE_CHECKING:
    from restore.networks import RestorationNetwork

_OFFICIAL = (".pth", ".pt")


def main(argv: list[str]) -> int:
    """Run `restore convert`; 0 where the file is written."""
    options = _parser().parse_args(argv)
    _check(options)
    try:
        (_write_official if options.to == "official" else _write_ours)(options)
    except OSError as error:
        raise DataError(f"{options.output} cannot be written: {error.strerror}. Choose another place.") from error
    return 0


def _write_ours(options: argparse.Namespace) -> None:
    """Recognise the network, save it, and say what it was."""
    from restore.zoo import load_network, save_network  # torch takes seconds: not before --help
    from restore.zoo.catalogue import read_beside, read_weights
    from restore.zoo.convert import convert_state
    from restore.zoo.official.noise_levels import levels_of
    from restore.zoo.official_file import unwrap

    card, content = read_weights(options.input)
    if card is not None:
        given = _given(options)
        if given:
            raise ConfigError(f"{options.input} is of restore and says itself what it is. Leave {given[0]} out.")
        network, card = load_network(options.input)
        card["model"] = options.output.stem
        beside = read_beside(options.input)
    else:
        try:
            file = unwrap(content, options.part, options.sigma)
            if options.sigma is not None and file.part is None:
                raise CheckpointError(
                    "Holds weights for one noise level or all, not a set for each. Leave --sigma out."
                )
            converted = convert_state(
                file.state,
                pixel_range=options.pixel_range,
                network=options.network or file.network,
                answers=_answers(options),
                origin=options.origin,
            )
        except CheckpointError as error:
            raise CheckpointError(f"{options.input}: {error}") from error
        network, card = converted.network, {"network": converted.spec, "converted_from": _source(options)}
        if file.part is not None:
            card["weights_for_sigma"] = levels_of(file.part)
        if file.part or options.part:
            card["converted_from"]["part"] = file.part or options.part
        if converted.dtype is not None:
            card["converted_from"]["dtype"] = str(converted.dtype).removeprefix("torch.")
        beside = converted.dead
    print(f"{options.input} is {_described(network, card['network'])}{_levels(card)}.")
    save_network(options.output, network, card, beside)
    more = f", with {len(beside)} tensors that only its authors' file has" if beside else ""
    print(f"Wrote {options.output}, which --checkpoint takes{more}.")


def _write_official(options: argparse.Namespace) -> None:
    """Save a network of ours under its authors' names."""
    import torch

    from restore.images import replacing
    from restore.zoo import load_network, to_official
    from restore.zoo.catalogue import read_beside
    from restore.zoo.convert import NARROW
    from restore.zoo.unheld import unheld

    given = _given(options)
    if given:
        raise ConfigError(f"{given[0]} is for official files; with --to official the file is one of restore.")
    network, card = load_network(options.input)
    source = card.get("converted_from")
    dtype = NARROW.get(source.get("dtype", "")) if isinstance(source, dict) else None
    try:
        named = to_official(network, read_beside(options.input), dtype)
        state = {name: tensor.detach().clone() for name, tensor in named.items()}
        silent = unheld(network, card["network"], state)
    except CheckpointError as error:
        raise CheckpointError(f"{options.input}: {error}") from error
    print(f"{options.input} is {_described(network, card['network'])}.")
    file = io.BytesIO()
    torch.save(state, file)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    with replacing(options.output) as temporary:
        temporary.write_bytes(file.getvalue())
    print(f"Wrote {options.output}: {len(state)} tensors under the authors' names.")
    if silent:
        said = ", ".join(f"{name}={_value(value)}" for name, value in silent.items())
        print(f"Such a file cannot hold {said}: who reads it must be told.")


def _check(options: argparse.Namespace) -> None:
    """What can be told before a file is opened."""
    if not options.input.is_file():
        raise ConfigError(f"There is no file {options.input}. Check the name.")
    wanted = _OFFICIAL if options.to == "official" else (".safetensors",)
    if options.output.suffix not in wanted:
        other = " For the authors' names give --to official." if options.output.suffix in _OFFICIAL else ""
        raise ConfigError(f"The output {options.output} must end in {' or '.join(wanted)}.{other}")
    if options.output.exists():
        if options.output.is_dir() or options.output.samefile(options.input):
            raise ConfigError(f"The output {options.output} is a folder or the input itself. Choose another name.")
        if not options.overwrite:
            raise ConfigError(f"{options.output} exists. Choose another name, or give --overwrite.")


def _answers(options: argparse.Namespace) -> dict[str, Any]:
    answers: dict[str, Any] = dict(options.answer)
    if options.scale is not None:
        answers["scale"] = options.scale
    return answers


def _given(options: argparse.Namespace) -> list[str]:
    """Which options speak of an official file."""
    names = ("network", "pixel_range", "origin", "scale", "part", "sigma", "answer")
    return [f"--{name.replace('_', '-')}" for name in names if getattr(options, name) not in (None, [])]


def _source(options: argparse.Namespace) -> dict[str, Any]:
    """Where the weights come from, for the card."""
    source = {"file": options.input.name, "sha256": hashlib.sha256(options.input.read_bytes()).hexdigest()}
    return source | ({"origin": options.origin} if options.origin else {})


def _levels(card: Mapping[str, Any]) -> str:
    """Which noise the weights are for, where the file has a set for each."""
    levels = card.get("weights_for_sigma")
    return f", for noise of sigma {levels[0]:g} to {levels[1]:g}" if levels else ""


def _described(network: RestorationNetwork, spec: Mapping[str, Any]) -> str:
    """One line on a network: its class, scale, size and options."""
    count = sum(parameter.numel() for parameter in network.parameters())
    options = {name: value for name, value in spec.get("init_args", {}).items() if name != "scale"}
    return f"{_call(spec['class_path'], options)}, x{network.scale}, {count:,} parameters"


def _call(path: str, options: Mapping[str, Any]) -> str:
    """A class and its options as Python writes them."""
    return f"{path.rpartition('.')[2]}({', '.join(f'{name}={_value(value)}' for name, value in options.items())})"


def _value(value: Any) -> str:
    if isinstance(value, Mapping) and "class_path" in value:
        return _call(value["class_path"], value.get("init_args") or {})
    return value.rpartition(".")[2] if isinstance(value, str) else f"{value}"


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="restore convert",
        description="Turn weights under their authors' names into a .safetensors file that restore uses, or back. The "
        "network is recognised from names and shapes; what these do not tell is asked for and never guessed.",
    )
    parser.add_argument("input", type=Path, metavar="FILE", help="an official .pth; with --to official a file of ours")
    parser.add_argument(
        "--output", required=True, type=Path, metavar="FILE", help="the .safetensors (or .pth) to write"
    )
    parser.add_argument("--to", choices=("restore", "official"), default="restore", help="(default: %(default)s)")
    parser.add_argument("--origin", metavar="OWNER/NAME", help="whose file it is: answers what is known of theirs")
    parser.add_argument("--network", metavar="CLASS", help="which network, where the names fit several")
    parser.add_argument(
        "--pixel-range", "--pixel_range", type=float, metavar="R", help="what the weights call white: 255 or 1"
    )
    parser.add_argument(
        "--scale", type=int, metavar="S", help="how many times larger, where no tensor tells it or several are held"
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--sigma", type=float, metavar="S", help="noise in grey levels, where the file has a set of weights for each"
    )
    which.add_argument("--part", metavar="NAME", help="which set of weights, where the file holds several")
    parser.add_argument(
        "--answer",
        type=_answer,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another argument of the network, in JSON: residual_scale=0.1, mean=[]",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the output if it exists")
    return parser


def _answer(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value
