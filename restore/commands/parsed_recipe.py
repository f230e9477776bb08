"""A recipe as the command line of `fit` parses it, with nothing built: what `ablate` makes its trials of."""

from __future__ import annotations

import sys

from pytorch_lightning import LightningDataModule
from pytorch_lightning.cli import LightningCLI

from restore.commands.parser import ShortErrorParser
from restore.tasks import RestorationTask


class ParsedRecipe(LightningCLI):
    """A recipe as it is parsed, without sub-commands; nothing is built."""

    def __init__(self, words: list[str]) -> None:
        before, sys.argv = sys.argv, sys.argv[:1]
        try:
            super().__init__(
                RestorationTask,
                LightningDataModule,
                subclass_mode_model=True,
                subclass_mode_data=True,
                auto_configure_optimizers=False,
                seed_everything_default=0,
                load_from_checkpoint_support=False,
                save_config_callback=None,
                parser_class=ShortErrorParser,
                parser_kwargs={"allow_abbrev": False},
                run=False,
                args=words,
            )
        finally:
            sys.argv = before

    def _set_seed(self) -> None:
        """Each trial has its own."""

    def instantiate_classes(self) -> None:
        """Not here: each trial is built when its turn comes."""
