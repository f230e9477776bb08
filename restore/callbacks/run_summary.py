"""One line at the start of a run and one at its end, in place of Lightning's tables."""

from __future__ import annotations

import sys

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.callbacks import ModelCheckpoint
from torch import nn

from restore.inference.cost import multiply_adds


class RunSummary(Callback):
    """Says the network's size and cost, the machine, the run directory; at the end what was reached."""

    def __init__(self) -> None:
        self.validated = 0

    def state_dict(self) -> dict[str, int]:
        """The step of the last validation goes into checkpoints."""
        return {"validated": self.validated}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Take it from a checkpoint."""
        self.validated = state_dict["validated"]

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Parameters, multiply-adds for a 256x256 picture, device, precision, protocol, run directory."""
        network = getattr(pl_module, "network", None)
        if not trainer.is_global_zero or not isinstance(network, nn.Module):
            return
        millions = sum(parameter.numel() for parameter in network.parameters()) / 1e6
        where = f"{trainer.world_size} x {trainer.strategy.root_device.type}, {trainer.precision}"
        _say(
            f"{type(network).__name__}: {millions:.2f} M parameters, {picture_multiply_adds(network) / 1e9:.1f} G "
            f"multiply-adds at 256x256; {where}; validated by {_protocol(pl_module)}; "
            f"run directory {trainer.default_root_dir}"
        )

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Steps, the best score and its checkpoint."""
        if not trainer.is_global_zero:
            return
        text = f"Stopped at step {trainer.global_step}."
        if trainer.enable_validation and self.validated < trainer.global_step:
            text = f"{text[:-1]}, last validated at step {self.validated}; validate --ckpt_path last measures its end."
        for saver in trainer.checkpoint_callbacks:
            if isinstance(saver, ModelCheckpoint) and saver.monitor and saver.best_model_score is not None:
                best = f"{saver.monitor} {float(saver.best_model_score):.2f} ({_protocol(pl_module)})"
                text += f" Best {best}: {saver.best_model_path}"
        _say(text)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The protocol of the numbers that follow, where validation is all that was asked for."""
        if not trainer.sanity_checking:
            self.validated = trainer.global_step
        if trainer.is_global_zero and trainer.state.fn == "validate":
            _say(f"Measured by {_protocol(pl_module)}:")

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The protocol of the numbers that follow."""
        if trainer.is_global_zero:
            _say(f"Measured by {_protocol(pl_module)}:")


def picture_multiply_adds(network: nn.Module, side: int = 256) -> int:
    """Multiply-adds of convolutions and matrix products for one picture of side x side, counted without computing."""
    parameter = next(network.parameters())
    channels = int(getattr(network, "input_channels", 3))
    picture = torch.empty(1, channels, side, side, device=parameter.device, dtype=parameter.dtype)
    return multiply_adds(network, picture, *([picture.new_zeros(1)] if getattr(network, "takes_sigma", False) else []))


def _protocol(task: LightningModule) -> str:
    return str(getattr(task, "protocol", "no protocol"))


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
