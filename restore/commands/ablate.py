"""ablate: the same small network with one attention after the other, and one table of what each costs and brings."""

from __future__ import annotations

import argparse
import contextlib
import shlex
import sys
import time
import traceback
from collections.abc import Sequence
from functools import partial
from math import ceil
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from restore.commands.arguments import Parser
from restore.commands.recipes import find_config
from restore.errors import ConfigError, RestoreError

if TYPE_CHECKING:
    from restore.commands.ablation_table import AblationTable, Row
    from restore.commands.attention_names import Choice
    from restore.commands.trial_results import TrialResults
    from restore.commands.trials import Recipe, Trial

_GROUPS = ("--data", "--model", "--trainer")
_ROUNDS = 9


def main(argv: list[str]) -> int:
    """Run `restore ablate`; 0 where every run came to its end, 1 where one failed, 130 after Ctrl-C."""
    words, overrides = split_overrides(argv)
    parser = _parser()
    options = parser.parse_args(words)
    if options.steps is not None and options.steps < 1:
        parser.error(f"--steps is {options.steps}, and must be 1 or more")
    if options.size < 1:
        parser.error(f"--size is {options.size}, and must be 1 or more")
    if any(word.startswith("--model.network.attention") for word in overrides):
        parser.error("the attentions are named by --attention alone, as in ChannelAttention:reduction=8")
    if options.branch and any(word.startswith("--model.network.branch") for word in overrides):
        parser.error("the branches are named by --branch alone, or by the recipe")
    try:
        file = find_config(options.config)
    except ConfigError as error:
        parser.error(str(error))
    from restore.commands.attention_names import read_choice  # torch takes seconds: not before --help

    try:
        choices = list({choice.label: choice for choice in map(read_choice, options.attention)}.values())
    except ConfigError as error:
        parser.error(str(error))
    command = f"restore ablate {shlex.join(argv)}"
    if options.branch:
        choices = [choice.with_branch(branch) for branch in dict.fromkeys(options.branch) for choice in choices]
    table = ablate(file, choices, list(dict.fromkeys(options.seeds)), options, overrides, command)
    if table is None:
        return 130
    print(table.markdown(), end="", flush=True)
    return 1 if any(row.failed for row in table.rows) else 0


def split_overrides(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Our own words, and those that go to the recipe: `--data...`, `--model...`, `--trainer...` with their values."""
    words: list[str] = []
    overrides: list[str] = []
    taking = False
    for word in argv:
        if word.startswith("--"):
            taking = word.partition("=")[0].split(".")[0] in _GROUPS
        (overrides if taking else words).append(word)
    return words, overrides


def ablate(
    file: Path,
    choices: list[Choice],
    seeds: list[int],
    options: argparse.Namespace,
    overrides: Sequence[str] = (),
    command: str = "",
) -> AblationTable | None:
    """Train what is not finished yet, measure, and write the table; None where Ctrl-C came between.

    Raises:
        RestoreError: the recipe cannot be used, or the folder holds results of another.
    """
    from restore.commands.ablation_table import AblationTable, Row
    from restore.commands.trial_results import TrialResults
    from restore.commands.trials import Recipe

    recipe = Recipe(file, overrides, options.steps, several_branches=any(choice.branch for choice in choices))
    for choice in choices:
        recipe.check(choice)
    results = TrialResults(options.output or Path("runs") / "ablation" / file.stem, recipe.settings())
    rows = [Row(choice) for choice in choices]
    origins = _train_all(recipe, rows, seeds, results)
    if origins is None:
        return None
    timing = _measure(recipe, rows, seeds[0], options.size)
    facts = {"command": command, "recipe": str(file), "steps": recipe.steps, "seeds": seeds}
    what = "attention and branch" if any(choice.branch for choice in choices) else "attention"
    title = f"One {recipe.network_name}, one {what} after the other ({file.stem}, {recipe.steps} steps)"
    table = AblationTable(title, origins | facts | recipe.facts() | timing, rows, options.size)
    table.write(results.folder)
    _say(f"Written: {results.folder}/table.md and table.json.")
    return table


def _train_all(recipe: Recipe, rows: list[Row], seeds: list[int], results: TrialResults) -> dict[str, Any] | None:
    """Fill the rows; where their numbers come from, or None after Ctrl-C. All attentions of a seed come together."""
    from restore.commands.origin import origin

    here = origin()
    pairs = [(row, seed) for seed in seeds for row in rows]
    missing = [seed for row, seed in pairs if results.find(row.choice, seed) is None]
    if missing:
        recipe.check_parts(missing[0])
    origins: dict[str, list[str]] = {key: [] for key in here}
    spent: list[float] = []
    for number, (row, seed) in enumerate(pairs, start=1):
        name = f"[{number}/{len(pairs)}] {row.choice.label}, seed {seed}"
        found = results.find(row.choice, seed)
        if found is not None:
            _say(f"{name}: {found['psnr']:.3f} dB, kept from {found['origin']['date']}")
        else:
            begin = time.perf_counter()
            try:
                found = _run(recipe, row, seed, results)
            except (KeyboardInterrupt, SystemExit) as stop:
                if isinstance(stop, SystemExit) and not isinstance(stop.__context__, KeyboardInterrupt):
                    raise
                _say(f"\nStopped by Ctrl-C in run {number} of {len(pairs)}; the same command goes on from there.")
                return None
            spent.append(time.perf_counter() - begin)
            missing.pop()
            rest = len(missing) * sum(spent) / len(spent) / 60
            left = f"; about {ceil(rest)} min left" if missing else ""
            if found is None:
                _say(f"{name}: failed: {row.failed[seed]}{left}")
                continue
            found |= {"steps": recipe.steps, "seconds": round(spent[-1], 2), "origin": here}
            results.keep(row.choice, seed, found)
            _say(f"{name}: {found['psnr']:.3f} dB in {spent[-1]:.0f} s{left}")
        row.psnr[seed], row.ssim[seed] = found["psnr"], found["ssim"]
        for key, value in found["origin"].items():
            if value not in origins.setdefault(key, []):
                origins[key].append(value)
    return {key: values if len(values) > 1 else (values or [here[key]])[0] for key, values in origins.items()}


def _run(recipe: Recipe, row: Row, seed: int, results: TrialResults) -> dict[str, Any] | None:
    """The scores of one run, or None where it failed, which is noted in the row."""
    from restore.commands.trials import train

    try:
        scores = train(recipe.build(row.choice, seed), seed)
    except Exception as error:  # noqa: BLE001  a stranger's module may raise anything, and the other rows shall be done
        row.failed[seed] = _reason(error)
        results.explain(row.choice, seed, traceback.format_exc())
        return None
    return {"psnr": scores.pop("psnr"), "ssim": scores.pop("ssim"), "sets": scores}


def _reason(error: BaseException, limit: int = 200) -> str:
    """What an attention died of, in a line; the whole story is in the folder's runs/*.failed.txt."""
    from restore.commands.fit import own_error

    cause = own_error(error) or error
    while "Does not validate against" in str(cause) and cause.__cause__:  # the parser wraps what a constructor says
        cause = cause.__cause__
    text = " ".join(str(cause).split())
    text = text if len(text) <= limit else text[:limit].rsplit(" ", 1)[0] + " ..."
    return text if isinstance(cause, RestoreError) else f"{type(cause).__name__}: {text}"


def _measure(recipe: Recipe, rows: list[Row], seed: int, size: int) -> dict[str, str]:
    """Parameters, multiply-adds and seconds of every network that can be built; how they were measured."""
    import torch

    from restore.inference.cost import multiply_adds, seconds

    built: list[tuple[Row, Trial]] = []
    for row in rows:
        try:
            trial = recipe.build(row.choice, seed)
        except Exception as error:  # noqa: BLE001  as in _run, which has said why where it trained
            if seed not in row.failed:
                row.failed[seed] = f"Its result is kept, but it cannot be built any more: {_reason(error)}"
                _say(f"{row.choice.label}: {row.failed[seed]}")
            continue
        built.append((row, trial))
        row.parameters = sum(parameter.numel() for parameter in trial.task.network.parameters())
    times: dict[str, list[float]] = {row.choice.label: [] for row, _ in built}
    device = torch.device("cpu")
    for turn in range(_ROUNDS):  # in turn, so that a machine that slows down slows all
        for row, trial in built:
            device = trial.trainer.strategy.root_device
            task = trial.task.to(device).eval()
            picture = torch.rand(1, task.network.image_channels, size, size, device=device)
            if turn == 0:
                with contextlib.suppress(RuntimeError, NotImplementedError, TypeError, ValueError):
                    row.multiply_adds = multiply_adds(task.network, picture)  # an operator may have no form on paper
            try:
                with torch.inference_mode():
                    times[row.choice.label].append(seconds(partial(task, picture), device, at_least=0, rounds=1))
            except (RuntimeError, NotImplementedError, TypeError, ValueError) as error:
                row.failed.setdefault(seed, f"At {size}x{size}: {' '.join(str(error).split())}")
    for row, _ in built:
        if times[row.choice.label]:
            row.milliseconds = 1000 * median(times[row.choice.label])
    threads = f", threads: {torch.get_num_threads()}" if device.type == "cpu" else ""
    told = f"median of {_ROUNDS} forward passes of a {size}x{size} input picture, float32, {device.type}{threads}"
    return {"ms": f"{told}, after all training"}


def _parser() -> Parser:
    parser = Parser(
        "restore ablate",
        "Train the network of a recipe with one attention after the other, from the same start, on the same patches, "
        "for the same steps, and write one table. Finished runs are kept: the same command goes on where it was. "
        "Options of the recipe are taken as by fit, e.g. --data.root FOLDER.",
    )
    parser.add_argument("--config", required=True, metavar="RECIPE", help="a recipe whose network has a slot")
    parser.add_argument(
        "--attention",
        required=True,
        nargs="+",
        metavar="NAME",
        help="of restore.attention, or the whole path of a class of yours; options as in ChannelAttention:reduction=8",
    )
    branches = "residual branches, each with every attention: plain, pre_activation, wide, grouped, depthwise, dense"
    parser.add_argument("--branch", nargs="+", metavar="NAME", help=branches)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], metavar="N", help="(default: 0 1 2)")
    parser.add_argument("--steps", type=int, metavar="N", help="of every run (default: the recipe's)")
    parser.add_argument(
        "--size", type=int, default=128, metavar="N", help="side of the picture that is timed (default: 128)"
    )
    parser.add_argument("--output", type=Path, metavar="DIR", help="(default: runs/ablation/RECIPE)")
    return parser


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
