"""One network of a recipe trained with one attention and one seed, as `ablate` compares them.

Trials of a seed share everything but the attention: the patches and their noise, which follow from the seed, and the
start of every tensor that is not the attention's. For that the network is built without attention first, and its
tensors are copied by name into each of the others.
"""

from __future__ import annotations

import copy
import inspect
import math
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pytorch_lightning import LightningDataModule, Trainer, seed_everything
from pytorch_lightning.callbacks import Checkpoint
from torch import Tensor

import restore.degradation
import restore.losses
import restore.networks  # noqa: F401  importing a floor makes its short class names known
from restore.callbacks import BestWeights, LossGuard, SampleImages
from restore.commands.attention_names import NO_ATTENTION, Choice
from restore.commands.fit import own_error, quieten
from restore.commands.parsed_recipe import ParsedRecipe
from restore.data import Pictures
from restore.errors import ConfigError, RestoreError
from restore.inference.fastest import fastest_precision
from restore.tasks import RestorationTask
from restore.zoo.adopt import adopt_state

Config = dict[str, Any]

_NEVER = 10**9
_TRAINER: Config = {
    "strategy": "auto",
    "devices": 1,
    "num_nodes": 1,
    "logger": False,
    "enable_checkpointing": False,
    "enable_progress_bar": False,
    "enable_model_summary": False,
    "num_sanity_val_steps": 0,
    "check_val_every_n_epoch": _NEVER,  # pictures are looked at once, at the end
    "val_check_interval": None,
    "max_epochs": -1,
}
_LEFT_OUT = (Checkpoint, BestWeights, SampleImages)


class Trial(NamedTuple):
    """What one run is made of."""

    task: RestorationTask
    data: LightningDataModule
    trainer: Trainer


class Recipe:
    """A recipe whose network has a slot for attention.

    Args:
        file: the recipe.
        overrides: options of it as `fit` takes them, e.g. `--data.root FOLDER`.
        steps: of every run; None is the recipe's `max_steps`. A WarmupStableDecay is shortened in proportion.
        several_branches: whether trials choose the network's `branch` beside its attention.

    Raises:
        ConfigError: its network has no option `attention`, or `branch` where that is chosen, or nothing says how many
            steps.
    """

    def __init__(
        self, file: Path, overrides: Sequence[str] = (), steps: int | None = None, several_branches: bool = False
    ) -> None:
        quieten()
        warnings.filterwarnings("ignore", ".*already saved during checkpointing.*")
        warnings.filterwarnings("ignore", ".*LightningCLI's args parameter.*")
        os.environ.setdefault("JSONARGPARSE_DEPRECATION_WARNINGS", "off")
        parsed = ParsedRecipe(["--config", str(file), *overrides])
        self._parser = parsed.parser
        self.config: Config = yaml.safe_load(parsed.parser.dump(parsed.config, skip_none=False, format="yaml"))
        self.config.pop("config", None)
        network = self._network(self.config)
        cls = _class(network["class_path"])
        self._axes = ("attention", "branch") if several_branches else ("attention",)
        for axis in self._axes:
            if axis not in inspect.signature(cls).parameters:
                raise ConfigError(
                    f"{network['class_path']} has no option '{axis}'. Choose a recipe whose network has one."
                )
        trainer = self.config["trainer"]
        self.steps = int(steps or trainer["max_steps"])
        if self.steps < 1:
            raise ConfigError(f"{file} does not say how many steps a run has. Give --steps.")
        _shorten(self.config["model"]["init_args"].get("scheduler"), self.steps)
        trainer |= _TRAINER | {"max_steps": self.steps}
        trainer["precision"] = trainer["precision"] or fastest_precision(trainer["accelerator"])
        self._starts: dict[tuple[int, str], dict[str, Tensor]] = {}

    def settings(self) -> Config:
        """All that the numbers depend on, what is chosen and the seed apart."""
        config = copy.deepcopy(self.config)
        options = self._network(config).get("init_args", {})
        options.pop("attention", None)
        if "branch" in self._axes or options.get("branch") == "plain":  # as the results from before there was a choice
            options.pop("branch", None)
        config.pop("seed_everything", None)
        return config

    @property
    def network_name(self) -> str:
        """Its class."""
        return str(self._network(self.config)["class_path"]).rpartition(".")[2]

    def facts(self) -> Config:
        """What a reader of the table wants to know of the recipe."""
        model, data = self.config["model"]["init_args"], self.config["data"].get("init_args", {})
        options = self._network(self.config).get("init_args", {})
        told = ", ".join(f"{k}={v}" for k, v in options.items() if k not in self._axes and v is not None)
        sets = data.get("validation")
        middle = f", the middle {data['crop']}x{data['crop']} of each" if data.get("crop") else ""
        found = {
            "network": f"{self.network_name}({told})",
            "training pictures": data.get("root") or "built-in photographs",
            "validation": (", ".join(f"{k} ({v})" for k, v in sets.items()) if sets else "built-in photographs")
            + middle,
            "patch size": data.get("patch_size"),
            "batch size": data.get("batch_size"),
            "protocol": model.get("protocol"),
            "sigma": model.get("sigma"),
            "precision": self.config["trainer"]["precision"],
            "start": "by seed, the tensors of the network without attention, in all; the same patches and noise",
        }
        return {name: value for name, value in found.items() if value is not None}

    def check(self, choice: Choice) -> None:
        """Let the parser look at the options of an attention; a mistake is printed and ends the program."""
        self._parser.parse_object(self._with(choice))

    def check_parts(self, seed: int) -> None:
        """Build the recipe once without attention, so that its own mistakes are said before anything runs.

        Raises:
            RestoreError: a part refuses its options, network and data do not fit, or there are no pictures.
        """
        try:
            trial = self._build(NO_ATTENTION, seed)
        except ValueError as error:  # the parser wraps what a constructor says into pages of its own
            raise own_error(error) or error from error
        trial.task.check(trial.data)
        if isinstance(trial.data, Pictures):
            trial.data.check("fit")

    def build(self, choice: Choice, seed: int) -> Trial:
        """A trial that begins with the tensors that the network of this seed has without attention."""
        trial = self._build(choice, seed)
        adopt_state(
            trial.task.network, self._start(seed, choice.branch), f"the network without attention, seed {seed},"
        )
        return trial

    def _start(self, seed: int, branch: str) -> dict[str, Tensor]:
        """The network without attention; what another branch shares with the recipe's own begins as there."""
        if (seed, branch) not in self._starts:
            network = self._build(replace(NO_ATTENTION, branch=branch), seed).task.network
            if branch:
                adopt_state(network, self._start(seed, ""), f"the recipe's own network, seed {seed},")
            self._starts[seed, branch] = network.state_dict()
        return self._starts[seed, branch]

    def _build(self, choice: Choice, seed: int) -> Trial:
        seed_everything(seed, verbose=False)
        built = self._parser.instantiate_classes(self._parser.parse_object(self._with(choice)))
        task, data = built.model, built.data
        task.seed = seed  # of the noise; the next one is of the patches
        if hasattr(data, "seed"):
            data.seed = seed
        options = dict(built.trainer)
        kept = [callback for callback in options.pop("callbacks") or [] if not isinstance(callback, _LEFT_OUT)]
        if not any(isinstance(callback, LossGuard) for callback in kept):
            kept.append(LossGuard())
        return Trial(task, data, Trainer(**options, callbacks=kept))

    def _with(self, choice: Choice) -> Config:
        config = copy.deepcopy(self.config)
        chosen = {"attention": choice.spec} | ({"branch": choice.branch} if choice.branch else {})
        self._network(config).setdefault("init_args", {}).update(chosen)
        return config

    @staticmethod
    def _network(config: Config) -> Config:
        network = config["model"]["init_args"].get("network")
        if not isinstance(network, Mapping) or "class_path" not in network:
            raise ConfigError("The recipe's task has no network. Name one with model.init_args.network.")
        return network  # type: ignore[return-value]


def train(trial: Trial, seed: int) -> dict[str, float]:
    """Train to the end and measure once: the values of val/psnr, val/ssim and those of each set.

    Raises:
        RestoreError: the loss or the result is no number any more.
    """
    seed_everything(seed, verbose=False)  # what an attention draws when it is built shall not shift what follows
    trial.trainer.fit(trial.task, datamodule=trial.data)
    trial.trainer.validate(trial.task, datamodule=trial.data, verbose=False)
    found = {
        name.removeprefix("val/"): float(value)
        for name, value in trial.trainer.callback_metrics.items()
        if name.startswith("val/")
    }
    if not math.isfinite(found["psnr"]):
        raise RestoreError(f"The PSNR is {found['psnr']}: the restored pictures are no numbers.")
    return found


def _class(path: str) -> type:
    place, _, name = path.rpartition(".")
    return getattr(sys.modules[place], name)


def _shorten(scheduler: Config | None, steps: int) -> None:
    """Let a warm-up, stable, decay schedule end with the run, its parts in proportion."""
    if not scheduler or not scheduler["class_path"].endswith(".WarmupStableDecay"):
        return
    options = scheduler["init_args"]
    whole = options["steps"]
    options |= {name: options[name] * steps // whole for name in ("warmup", "decay")} | {"steps": steps}
