"""evaluate: PSNR and SSIM of a model, or of two, on a folder of pictures, by a paper's protocol."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from restore.commands.evaluate_options import PAIRED, Subject, read_options
from restore.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor

    from restore.commands.comparison import Comparison
    from restore.commands.pairs import Pair
    from restore.commands.scores import PictureScore, ScoreTable
    from restore.metrics import Perceptual, Protocol


class Restoring(NamedTuple):
    """A subject that is ready to restore."""

    restore: Callable[[Tensor], Tensor]
    scale: int
    channels: int | None
    """How many it takes; None takes any."""


def main(argv: list[str]) -> int:
    """Run `restore evaluate`: print a table, write the JSON that was asked for; 0 where all went well."""
    options = read_options(argv)
    found = evaluate(options)
    if options.json is not None:
        found.write(options.json)
    return 0


def evaluate(options: argparse.Namespace) -> ScoreTable | Comparison:
    """Restore and compare every picture, printing each row as it is known.

    Raises:
        RestoreError: a model or picture cannot be used, or two models do not fit each other.
    """
    from restore.commands.comparison import Comparison
    from restore.commands.scores import ScoreTable
    from restore.metrics import find_protocol, perceptual

    protocol = find_protocol(options.protocol)
    also = [perceptual(name) for name in dict.fromkeys(options.also)]  # what is missing is told before anything runs
    ready = [_ready(options, subject) for subject in options.subjects]
    scale = ready[0].scale
    if len({one.scale for one in ready}) > 1:
        scales = " and ".join(f"x{one.scale}" for one in ready)
        raise ConfigError(
            f"Two models are compared on the same pictures, and these restore {scales}. Choose one scale."
        )
    tables = [ScoreTable(_settings(options, subject, scale)) for subject in options.subjects]
    for table in tables:
        if also:
            table.settings["also"] = {one.name: one.library for one in also}
        table.settings["set"] = _set_name(options) if table is tables[0] else tables[0].settings["set"]
    found = Comparison(tables[0], tables[1]) if len(tables) == 2 else tables[0]
    in_rgb = protocol.name.startswith("sr-") and any(one.channels == 3 for one in ready)
    for number, pair in enumerate(_pairs(options, scale)):
        if number == 0:
            print(found.heading(), flush=True)  # only now is it known that there are pictures
        for table, one in zip(tables, ready, strict=True):
            table.pictures.append(_score(pair, one, protocol, in_rgb, also))
        print(found.last(), flush=True)
    print(found.footer(), flush=True)
    return found


def _score(pair: Pair, ready: Restoring, protocol: Protocol, in_rgb: bool, also: Sequence[Perceptual]) -> PictureScore:
    import torch  # torch takes seconds: not before --help

    from restore.commands.scores import PictureScore

    target, degraded = pair.target, pair.degraded
    if in_rgb and target.shape[1] == 1:
        # Tables of RGB networks take Set14's one gray picture as RGB; the bicubic row takes it as it is.
        target, degraded = target.expand(-1, 3, -1, -1), degraded.expand(-1, 3, -1, -1)
    with torch.inference_mode():
        restored = ready.restore(degraded)
        scores = protocol.compare(restored, target, ready.scale)
        beside = _beside(restored, target, ready.scale, protocol.cut_border, also)
        noisy = None if protocol.name.startswith("sr-") else protocol.psnr(degraded, target).item()
    return PictureScore(pair.name, scores.psnr.item(), scores.ssim.item(), noisy, beside)


def _beside(
    restored: Tensor, target: Tensor, scale: int, cut_border: bool, also: Sequence[Perceptual]
) -> dict[str, float]:
    """Perceptual measures, of the three channels in 8 bit with the border cut that the protocol cuts."""
    from restore.metrics import PROTOCOLS

    color = PROTOCOLS["sr-rgb" if cut_border else "real-srgb"]
    pictures = [color.prepare(one.expand(-1, 3, -1, -1), scale) for one in (restored, target)] if also else []
    return {one.name: one(*pictures).item() for one in also}


def _ready(options: argparse.Namespace, subject: Subject) -> Restoring:
    """Load what restores."""
    if subject.method and subject.name == "noisy":
        return Restoring(lambda degraded: degraded, 1, None)
    if subject.method:
        return Restoring(lambda small: _enlarge(small, subject.name, options), options.scale, None)
    from restore.inference import Restorer
    from restore.zoo import load_network

    network, _ = load_network(subject.name, options.scale, options.sigma)
    scale = options.scale or network.scale
    if options.protocol.startswith("sr-") != (network.scale > 1) or scale != network.scale:
        raise ConfigError(
            f"{subject.name} restores x{network.scale}, but the protocol {options.protocol} was asked for at x{scale}. "
            "Choose a protocol and a --scale that fit the model (sr-* for x2 and more)."
        )
    if network.takes_sigma and options.sigma is None:
        raise ConfigError(f"{subject.name} must be told the noise level. Give --sigma in grey levels.")
    restorer = Restorer(
        network,
        device=options.device,
        precision=options.precision,
        self_ensemble=options.self_ensemble,
        sigma=options.sigma if network.takes_sigma else None,
        local_pooling=options.local_pooling,
    )
    return Restoring(restorer, network.scale, network.image_channels)


def _enlarge(small: Tensor, method: Any, options: argparse.Namespace) -> Tensor:
    """By a method without weights; luma is cut to the range that it has, as it is in the tables' bicubic rows."""
    from restore.degradation import enlarge
    from restore.metrics import STUDIO_RANGE

    large = enlarge(small, options.scale, options.preset if method == "bicubic" else method)
    return large.clamp(*STUDIO_RANGE) if options.luma else large


def _pairs(options: argparse.Namespace, scale: int) -> Iterator[Pair]:
    from restore.commands.pairs import Selection, noisy_pairs, real_pairs, small_pairs

    selection = Selection(crop=options.crop, ids=options.ids, limit=options.limit)
    if options.protocol in PAIRED:
        return real_pairs(options.data, selection)
    if options.protocol.startswith("awgn-"):
        channels = 3 if options.protocol == "awgn-rgb" else 1
        return noisy_pairs(options.data, selection, channels, options.sigma, options.clip)
    return small_pairs(options.data, selection, scale, options.preset, options.lr, options.luma)


def _set_name(options: argparse.Namespace) -> str:
    """What the pictures are: a published set, whole or in part, or none."""
    from restore.commands.pairs import Selection, targets
    from restore.data import recognize

    selection = Selection(crop=options.crop, ids=options.ids, limit=options.limit)
    found = recognize(targets(options.data, selection, options.protocol in PAIRED))
    return str(found) if found else "none that is known"


def _settings(options: argparse.Namespace, subject: Subject, scale: int) -> dict[str, object]:
    """Everything that the numbers depend on, under the names of the options."""
    settings: dict[str, object] = {"protocol": options.protocol, "model": subject.name, "data": str(options.data)}
    if options.protocol.startswith("sr-"):
        settings |= {"scale": scale, "preset": options.preset, "luma": options.luma}
        settings |= {"lr": str(options.lr) if options.lr else None}
    if options.protocol.startswith("awgn-"):
        settings |= {"sigma": options.sigma, "clip": options.clip}
    if not subject.method:
        settings |= {"precision": options.precision, "device": options.device, "self_ensemble": options.self_ensemble}
        settings |= {"local_pooling": options.local_pooling}
    ids = str(options.ids) if options.ids else None
    return settings | {"crop": options.crop, "ids": ids, "limit": options.limit}
