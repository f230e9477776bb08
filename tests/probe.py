"""A callback that lets a test look into the processes of a run."""

from __future__ import annotations

from pathlib import Path

import torch
from pytorch_lightning import Callback


class Probe(Callback):
    """Writes every rank's first gradients, last weights, batches and run directory into `folder`."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.found: dict = {"names": []}

    def on_before_optimizer_step(self, trainer, pl_module, optimizer):
        self.found["names"].append(list(pl_module.current_names))
        gradients = {name: p.grad.clone() for name, p in pl_module.network.named_parameters()}
        self.found.setdefault("gradients", gradients)

    def on_validation_batch_end(self, trainer, pl_module, outputs, batch, *_):
        self.found.setdefault("validated", []).extend(batch["name"])

    def on_train_end(self, trainer, pl_module):
        self.found["weights"] = {name: p.detach().clone() for name, p in pl_module.network.named_parameters()}

    def teardown(self, trainer, pl_module, stage):
        self.found |= {"run": trainer.default_root_dir, "world": trainer.world_size}
        self.folder.mkdir(parents=True, exist_ok=True)
        torch.save(self.found, self.folder / f"rank{trainer.global_rank}.pt")
