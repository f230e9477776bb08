"""Weights that ship, by name, and weights files of one's own: a network and what is known about it.

A weights file is safetensors. Its metadata has one key, `restore`, with a JSON card: `network` is what `build`
takes, the rest says where the weights come from. What an authors' file held beside and no network of ours has stands
under `official.`; it is kept for the way back, and loading leaves it alone. A checkpoint of a training run works as
well, and so do the authors' own files where `restore.zoo.convert` recognises them.
"""

from __future__ import annotations

import difflib
import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

import restore
from restore.errors import CheckpointError
from restore.images import replacing
from restore.networks import RestorationNetwork
from restore.zoo.build import build
from restore.zoo.convert import convert_state, open_questions
from restore.zoo.official.noise_levels import levels_of
from restore.zoo.official_file import SAVE_TENSORS, UNREADABLE, unwrap

MODELS: dict[str, Path] = {
    path.stem: path for path in sorted((Path(__file__).parent / "weights").glob("*.safetensors"))
}
"""The weights that came with the package: name -> file."""

_BESIDE = "official."
_FILES = (".safetensors", ".ckpt", ".pth", ".pt")


def find_weights(name_or_path: str | Path) -> Path:
    """The file of a shipped model, or the file that is named.

    Raises:
        CheckpointError: there is none; the message says which names are near.
    """
    name = str(name_or_path)
    if name in MODELS:
        return MODELS[name]
    path = Path(name_or_path)
    if path.is_file():
        return path
    if path.suffix.lower() in _FILES or len(path.parts) > 1:
        raise CheckpointError(f"There is no weights file {path}. Check the path.")
    if not MODELS:
        raise CheckpointError(f"There is no model '{name}': no weights came with this installation. Give a file.")
    near = difflib.get_close_matches(name, MODELS, n=1)
    hint = f"Did you mean '{near[0]}'?" if near else f"Choose one of {', '.join(MODELS)}, or give a file."
    raise CheckpointError(f"There is no model '{name}'. {hint}")


def load_network(
    name_or_path: str | Path, scale: int | None = None, sigma: float | None = None
) -> tuple[RestorationNetwork, dict[str, Any]]:
    """Load a shipped model, a weights file or a checkpoint: the network in eval mode, and its card.

    Only classes of `restore` and `torch.nn` are built and only tensors are unpickled, so that the file may be a
    stranger's.

    Args:
        name_or_path: a name of `MODELS`, or a file.
        scale: how many times larger the result is, for the authors' files that do not say it (PAN x2 and x3).
        sigma: noise in grey levels, for the authors' files with weights for each level (IRCNN); the card says then by
            `weights_for_sigma` what it settled, see `sigma_to_tell`.

    Raises:
        CheckpointError: the file is missing, damaged, of another program, or its tensors do not fit its network.
    """
    path = find_weights(name_or_path)
    card, state = read_weights(path)
    if card is None:
        card, state = _from_official(path, state, scale, sigma)
    try:
        network = build(card["network"])
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from error
    _fill(network, state, path)
    if isinstance(card.get("patch_size"), int):
        network.train_size = card["patch_size"]
    return network.eval(), card


def save_network(
    file: str | Path, network: nn.Module, card: Mapping[str, Any], beside: Mapping[str, Tensor] | None = None
) -> None:
    """Write weights and card, under a temporary name until the file is whole.

    Args:
        file: ends in .safetensors.
        network: what `build(card["network"])` gives, trained.
        card: JSON values; `network` (class_path, init_args) is needed, `model` and `restore_version` are filled in.
        beside: tensors of the authors' file that the network has no place for (`Converted.dead`), for `read_beside`.

    Raises:
        CheckpointError: the name, the card or the network do not allow that the file is read back.
    """
    file = Path(file)
    if file.suffix != ".safetensors":
        raise CheckpointError(f"{file}: weights are saved as .safetensors. Name the file so.")
    if "network" not in card:
        raise CheckpointError(f"{file}: the card lacks 'network'. Give its class_path and init_args.")
    state = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in network.state_dict().items()}
    _fill(build(card["network"]), state, file)
    full = {"model": file.stem, "restore_version": restore.__version__, **card}
    kept, places = _once(beside or {})
    metadata = {"restore": json.dumps(full, ensure_ascii=False)} | ({"official": json.dumps(places)} if kept else {})
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as temporary:
        temporary.write_bytes(save(state | kept, metadata=metadata))


def read_beside(path: Path) -> dict[str, Tensor]:
    """What `save_network` was given beside the network's tensors, under the authors' names; nothing for other files.

    Raises:
        CheckpointError: the file is damaged.
    """
    if path.suffix.lower() != ".safetensors":
        return {}
    try:
        with safe_open(path, framework="pt") as file:
            places = json.loads((file.metadata() or {}).get("official", "{}"))
            return {str(name): file.get_tensor(_BESIDE + str(place)) for name, place in places.items()}
    except (SafetensorError, OSError, ValueError, AttributeError) as error:
        raise CheckpointError(f"{path} is damaged: what it keeps for its authors is not there ({error}).") from error


def _once(beside: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Equal tensors a single time: tensors by their names in the file, and authors' name -> whose is the same."""
    kept: dict[str, Tensor] = {}
    places: dict[str, str] = {}
    for name, tensor in beside.items():
        one = tensor.detach().cpu().contiguous().clone()
        places[name] = next((place for place, other in kept.items() if _same_bits(one, other)), name)
        if places[name] == name:
            kept[name] = one
    return {_BESIDE + name: tensor for name, tensor in kept.items()}, places


def _same_bits(one: Tensor, other: Tensor) -> bool:
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    return torch.equal(one.reshape(-1).view(torch.uint8), other.reshape(-1).view(torch.uint8))


def read_weights(path: Path) -> tuple[dict[str, Any] | None, Any]:
    """The card and the tensors of a file of ours; None and the content of another program's.

    Raises:
        CheckpointError: the file is damaged, or holds more than names, numbers and tensors.
    """
    return _read_safetensors(path) if path.suffix.lower() == ".safetensors" else _read_checkpoint(path)


def _read_safetensors(path: Path) -> tuple[dict[str, Any] | None, Any]:
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get("restore")
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  it is no mapping
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is damaged or no safetensors file ({error}). Copy it again.") from error
    try:
        card = json.loads(text) if text else None
    except json.JSONDecodeError as error:
        raise CheckpointError(f"{path} has a card that is not JSON ({error}). Save it again.") from error
    if not isinstance(card, dict) or "network" not in card:
        return None, state
    return card, {name: tensor for name, tensor in state.items() if not name.startswith(_BESIDE)}


def _read_checkpoint(path: Path) -> tuple[dict[str, Any] | None, Any]:
    """A checkpoint of one of our tasks: its network's part, without running anything that is in the file."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path} is damaged, or holds more than names and numbers and is not opened, because code could be in it. "
            f"{SAVE_TENSORS}"
        ) from error
    except UNREADABLE as error:
        raise CheckpointError(f"{path} is damaged or no checkpoint ({error}). Copy it again.") from error
    parts = content if isinstance(content, dict) else {}
    options, state = parts.get("hyper_parameters"), parts.get("state_dict")
    if not isinstance(options, dict) or not isinstance(state, dict) or "network" not in options:
        return None, content
    prefix = "network."
    own = {str(name).removeprefix(prefix): value for name, value in state.items() if str(name).startswith(prefix)}
    own = {name.removeprefix("_orig_mod."): value for name, value in own.items()}  # of a compiled network
    card = {"model": path.stem, "network": options["network"]}
    card |= {key: parts[key] for key in ("epoch", "global_step") if key in parts}
    return card, own


def _from_official(
    path: Path, content: object, scale: int | None, sigma: float | None
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """A file that does not say which network it is for, unless the names of its tensors do."""
    try:
        file = unwrap(content, sigma=sigma)
        asked = scale is not None and "scale" in open_questions(file.state, file.network)
        converted = convert_state(file.state, network=file.network, answers={"scale": scale} if asked else None)
    except CheckpointError as error:
        raise CheckpointError(
            f"{path} does not say which network it is for, as files of restore do. Taken for an official one: {error}"
        ) from error
    card: dict[str, Any] = {"model": path.stem, "network": converted.spec}
    card |= {"weights_for_sigma": levels_of(file.part)} if file.part else {}
    return card, converted.network.state_dict()


def _fill(network: nn.Module, state: Mapping[str, Any], path: Path) -> None:
    """Copy every tensor by name; all must be there, in the right shape, and none may be left over."""
    own = network.state_dict()
    problems = [f"lacks {name}" for name in own if name not in state]
    problems += [f"has {name}, which the network has not" for name in state if name not in own]
    for name, tensor in own.items():
        if name in state and (not isinstance(state[name], Tensor) or state[name].shape != tensor.shape):
            got = tuple(state[name].shape) if isinstance(state[name], Tensor) else type(state[name]).__name__
            problems.append(f"has {name} as {got} where the network has {tuple(tensor.shape)}")
    if problems:
        more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise CheckpointError(f"{path} does not fit its own {type(network).__name__}: {'; '.join(problems[:3])}{more}.")
    network.load_state_dict(dict(state))
