"""Ctrl-C between two steps: the state is saved, and the run can go on from there."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer


class SaveOnInterrupt(Callback):
    """Lets the running step come to its end, writes the last checkpoint and stops. A second Ctrl-C stops at once.

    Under several processes the first one decides and the others are ended by it; what it saves is whole, because it is
    never in the middle of a step.

    Args:
        checkpoint: the file to write.
    """

    def __init__(self, checkpoint: str | Path) -> None:
        self.checkpoint = Path(checkpoint)
        self.asked = False
        self._before: Any = None

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Listen for Ctrl-C."""
        if stage == "fit" and threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._ask if trainer.is_global_zero else signal.SIG_IGN)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Listen no more."""
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        """Stop where that was asked for."""
        if self.asked:
            raise KeyboardInterrupt

    def on_validation_batch_end(self, trainer: Trainer, *_: Any) -> None:
        """Stop where that was asked for."""
        if self.asked:
            raise KeyboardInterrupt

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Save the state and say how to go on."""
        if not isinstance(exception, KeyboardInterrupt) or not trainer.is_global_zero or self._before is None:
            return
        if trainer.global_step == 0:
            sys.stderr.write("\nStopped by Ctrl-C before the first step; nothing was saved.\n")
            return
        state = trainer._checkpoint_connector.dump_checkpoint(weights_only=False)
        trainer.strategy.save_checkpoint(state, self.checkpoint)  # trainer.save_checkpoint would wait for the others
        sys.stderr.write(
            f"\nStopped by Ctrl-C at step {trainer.global_step}; saved {self.checkpoint}. "
            "The same command with --ckpt_path last goes on.\n"
        )

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
