"""The command line: names to functions. Only the standard library is imported until a command runs."""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Sequence
from typing import NamedTuple

import restore
from restore.commands.recipes import find_config
from restore.errors import RestoreError


class Command(NamedTuple):
    """One line of the table."""

    module: str
    """Has `main(argv) -> int`."""
    help: str
    """What it does, in one line."""
    lightning: bool = False
    """Whether it is a LightningCLI subcommand, which takes recipes and its own name as first argument."""


COMMANDS = {
    "fit": Command("restore.commands.fit", "train a network by a recipe: fit --config rcan_small.yaml", True),
    "validate": Command("restore.commands.fit", "measure a checkpoint on the validation pictures", True),
    "test": Command("restore.commands.fit", "measure a checkpoint on the test sets", True),
    "predict": Command("restore.commands.fit", "run a checkpoint over the data of a recipe", True),
    "denoise": Command("restore.commands.denoise", "denoise pictures and folders: denoise photos --output clean"),
    "upscale": Command("restore.commands.upscale", "enlarge pictures: upscale photos --output large --scale 4 ..."),
    "degrade": Command("restore.commands.degrade", "degrade pictures by a recipe: degrade a.png --config bsrgan"),
    "ablate": Command("restore.commands.ablate", "one network, one attention after the other, one table"),
    "evaluate": Command("restore.commands.evaluate", "PSNR and SSIM of a model on a folder, by a paper's protocol"),
    "data": Command("restore.commands.data", "check pictures, or pack them into shards: data check photos"),
    "attention": Command("restore.commands.attention", "every attention module: paper, size, time, memory"),
    "convert": Command("restore.commands.convert", "authors' weights to ours and back: convert official.pth ..."),
    "demo": Command("restore.commands.demo", "denoise the built-in pictures and show what was gained"),
}


_TORCHVISION = (
    "torchvision is installed, but built for another torch than the one that is installed, and cannot be imported. "
    "Install both from one index, or uninstall torchvision: only `evaluate --also lpips dists` needs it."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status: 0 done, 1 failed, 2 misused, 130 stopped by Ctrl-C."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        if not words or words[0] in ("-h", "--help", "help"):
            sys.stdout.write(_help())
            return 0
        if words[0] in ("-V", "--version"):
            sys.stdout.write(f"restore {restore.__version__}\n")
            return 0
        name = words[0]
        if name not in COMMANDS:
            return _complain(_unknown(name))
        command = COMMANDS[name]
        if command.lightning:
            words = expand_configs(words)
            if argv is None:
                sys.argv = [sys.argv[0], *words]  # DDP starts its other processes with sys.argv
        module = importlib.import_module(command.module)
        return int(module.main(words if command.lightning else words[1:]))
    except UsageError as error:
        return _complain(str(error))
    except RestoreError as error:
        sys.stderr.write(f"restore: error: {error}\n")
        return 1
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        sys.stderr.write(f"restore: error: {_TORCHVISION}\n")  # torchmetrics imports it wherever it is installed
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nrestore: stopped by Ctrl-C\n")
        return 130
    except BrokenPipeError:
        return 1


class UsageError(RestoreError):
    """The command line itself is wrong."""


def expand_configs(words: Sequence[str]) -> list[str]:
    """Replace the names after --config and -c by the recipes' files.

    Raises:
        UsageError: there is no such recipe; the nearest is suggested.
    """
    expanded: list[str] = []
    for word in words:
        if expanded and expanded[-1] in ("--config", "-c"):
            expanded.append(_config(word))
        elif word.startswith("--config="):
            expanded.append("--config=" + _config(word.removeprefix("--config=")))
        else:
            expanded.append(word)
    return expanded


def _config(name: str) -> str:
    try:
        return str(find_config(name))
    except RestoreError as error:
        raise UsageError(str(error)) from error


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, COMMANDS, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"choose one of {', '.join(COMMANDS)}"
    what = "option" if name.startswith("-") else "command"
    return f"there is no {what} '{name}': {hint}"


def _complain(message: str) -> int:
    sys.stderr.write(f"restore: error: {message}\n")
    return 2


def _help() -> str:
    lines = [f"  {name:<10}{command.help}" for name, command in COMMANDS.items()]
    return (
        "usage: restore COMMAND [options]\n\n"
        "Restore pictures, and train the networks that do it.\n\n"
        + "\n".join(lines)
        + "\n\n  restore COMMAND --help    the options of one command\n  restore --version\n"
    )
