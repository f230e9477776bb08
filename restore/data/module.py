"""The data of a run: training patches, named validation and test sets, pictures to predict."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pytorch_lightning import LightningDataModule
from torch.utils.data import DataLoader, Dataset, Sampler

from restore.data.augment import FlipsAndTurns, NoAugmentation
from restore.data.cache import PictureCache
from restore.data.paired import PairedPatches, training_pairs
from restore.data.patches import EvaluationSampler, Patches, PatchSampler, collate
from restore.data.samples import SamplePictures
from restore.data.whole import PairedPictures, WholePictures, find_pairs
from restore.errors import ConfigError, DataError
from restore.images import find_pictures

Roots = str | list[str]


class Pictures(LightningDataModule):
    """Random patches of clean pictures, or of pairs, for training, whole pictures for the rest.

    Args:
        root: folder or folders of clean training pictures, or of pairs (`find_pairs`), which bring their own
            degradation; None takes the built-in photographs.
        validation: sets by name, each a folder (of clean pictures, or of pairs); None takes built-in photographs
            that are not in training.
        test: the same for `test`; None takes the validation sets.
        predict: folder of pictures to restore as they are.
        scale: clean pixels a degraded pixel; must be the network's.
        image_channels: 3 (RGB) or 1 (gray).
        patch_size: side of a training patch in degraded pixels.
        batch_size: patches a step and process.
        patches_per_epoch: how many patches an epoch is, over all processes.
        augment: flips and quarter turns.
        workers: loading processes; 0 loads in the main process.
        seed: of the patches.
        cache_gigabytes: memory for decoded pictures, a process.
        halve_above: shrink training pictures whose longer side is above this (see `PictureCache`); not for pairs.
        limit: take only the first so many pictures of each validation set.
        crop: take only the middle so many pixels a side of each validation and test picture.

    Raises:
        DataError: a folder does not exist, or holds no picture.
        ConfigError: a size below 1, or fewer patches an epoch than the batches of all processes hold.
    """

    def __init__(
        self,
        root: Roots | None = None,
        validation: dict[str, str] | None = None,
        test: dict[str, str] | None = None,
        predict: str | None = None,
        scale: int = 1,
        image_channels: Literal[1, 3] = 3,
        patch_size: int = 48,
        batch_size: int = 16,
        patches_per_epoch: int = 16000,
        augment: bool = True,
        workers: int = 1,
        seed: int = 0,
        cache_gigabytes: float = 2.0,
        halve_above: int | None = None,
        limit: int | None = None,
        crop: int | None = None,
    ) -> None:
        super().__init__()
        sizes = {"patch_size": patch_size, "batch_size": batch_size, "scale": scale, "limit": limit}
        for name, value in sizes.items():
            if value is not None and value < 1:
                raise ConfigError(f"data.init_args.{name} is {value}. It must be 1 or more.")
        if crop is not None and crop < scale:
            raise ConfigError(f"data.init_args.crop is {crop}. It must be 1 or more, and at least the scale ({scale}).")
        if workers < 0:
            raise ConfigError(f"data.init_args.workers is {workers}. It must be 0 (no process of its own) or more.")
        if patches_per_epoch < batch_size:
            raise ConfigError(
                f"An epoch of {patches_per_epoch} patches holds no batch of {batch_size}. "
                "Raise data.init_args.patches_per_epoch or lower batch_size."
            )
        self.roots = [root] if isinstance(root, str) else root
        self.sets = {"validate": validation, "test": test or validation}
        self.predict = predict
        self.scale = scale
        self.image_channels = image_channels
        self.patch_size = patch_size
        self.batch_size = batch_size
        self.patches_per_epoch = patches_per_epoch
        self.augment = FlipsAndTurns() if augment else NoAugmentation()
        self.workers = workers
        self.seed = seed
        self.cache_gigabytes = cache_gigabytes
        self.halve_above = halve_above
        self.limit = limit
        self.crop = crop

    def check(self, stage: str) -> None:
        """Look the pictures of a stage up, so that an empty folder is said before anything runs.

        Raises:
            DataError: a folder does not exist, or holds no picture.
            ConfigError: there is nothing to predict.
        """
        if stage == "fit":
            self._of_pairs() or _training_pictures(self.roots)
        if stage == "predict":
            _pictures(self._to_predict())
        else:
            for name, folder in self._folders("test" if stage == "test" else "validate").items():
                self._whole(name, folder)

    def setup(self, stage: str) -> None:
        """Find the pictures of a stage."""
        if stage == "fit":
            degradation = getattr(self.trainer and self.trainer.lightning_module, "degradation", None)
            cached = self.image_channels, self.cache_gigabytes, self.halve_above
            self._patches = self._of_pairs() or Patches(
                PictureCache(_training_pictures(self.roots), *cached),
                size=self.patch_size,
                augment=self.augment,
                scale=self.scale,
                margin=getattr(degradation, "margin", 0),
                border=getattr(degradation, "border", "symmetric"),
                seed=self.seed,
            )
        if stage in ("fit", "validate", "test"):
            kind = "test" if stage == "test" else "validate"
            self._evaluated = {name: self._whole(name, folder) for name, folder in self._folders(kind).items()}
        if stage == "predict":
            self._predicted = WholePictures(_pictures(self._to_predict()), self.image_channels)

    def set_names(self, stage: str) -> list[str]:
        """Names of the validation or test sets, in the order of their loaders."""
        return list(self._folders("test" if stage == "test" else "validate"))

    def train_dataloader(self) -> DataLoader:
        """Batches of random patches; the last, smaller one of an epoch is dropped."""
        sampler = PatchSampler(self.patches_per_epoch, self._rank, self._world)
        if len(sampler) < self.batch_size:
            raise ConfigError(
                f"An epoch of {self.patches_per_epoch} patches holds no batch of {self.batch_size} for each of "
                f"{self._world} processes. Raise data.init_args.patches_per_epoch or lower batch_size."
            )
        epoch, seen = self._place(len(sampler) // self.batch_size)
        sampler.set_epoch(epoch)  # Lightning says it as well, but after the workers have begun
        sampler.skip_once(seen * self.batch_size * self._world)
        return self._loader(self._patches, sampler, self.batch_size, drop_last=True)

    def val_dataloader(self) -> list[DataLoader]:
        """One loader a named set, one picture a batch."""
        return [self._loader(pictures, self._split(pictures), 1) for pictures in self._evaluated.values()]

    def test_dataloader(self) -> list[DataLoader]:
        """One loader a named set, one picture a batch."""
        return self.val_dataloader()

    def predict_dataloader(self) -> DataLoader:
        """The pictures to restore, one a batch."""
        return self._loader(self._predicted, self._split(self._predicted), 1)

    @property
    def _rank(self) -> int:
        return self.trainer.global_rank if self.trainer else 0

    @property
    def _world(self) -> int:
        return self.trainer.world_size if self.trainer else 1

    def _of_pairs(self) -> PairedPatches | None:
        pairs = training_pairs(self.roots, self.halve_above)
        form = (self.image_channels, self.scale, self.seed, self.cache_gigabytes)
        return PairedPatches(pairs, self.patch_size, self.augment, *form) if pairs else None

    def _to_predict(self) -> str:
        if self.predict is None:
            raise ConfigError("There is nothing to predict. Set --data.predict FOLDER.")
        return self.predict

    def _folders(self, kind: str) -> dict[str, str | None]:
        given = self.sets[kind]
        return {"samples": None} if given is None else dict(given)

    def _whole(self, name: str, folder: str | None) -> WholePictures | PairedPictures:
        form = (self.image_channels, self.scale, self.crop)
        if folder is None:
            return WholePictures(SamplePictures("validation").paths[: self.limit], *form)
        if not name or "/" in name:
            raise ConfigError(f"A set cannot be called '{name}': the name stands in val/NAME/psnr.")
        pairs = find_pairs(Path(folder)) if Path(folder).is_dir() else []
        if pairs:
            return PairedPictures(pairs[: self.limit], *form)
        return WholePictures(_pictures(folder)[: self.limit], *form)

    def _place(self, batches: int) -> tuple[int, int]:
        """Where a run stands that has `batches` in an epoch: the epoch, and how many of its batches have been seen."""
        if not self.trainer:
            return 0, 0
        loop, limit = self.trainer.fit_loop, self.trainer.limit_train_batches
        whole = min(batches, limit) if isinstance(limit, int) else int(batches * limit)
        seen = loop.epoch_loop.batch_progress.current.ready
        if self.trainer.current_epoch == loop.epoch_progress.current.ready:  # between two epochs
            return self.trainer.current_epoch, 0
        if seen >= whole:
            return self.trainer.current_epoch + 1, 0
        return self.trainer.current_epoch, seen

    def _split(self, pictures: WholePictures | PairedPictures) -> Sampler[int] | None:
        """Under DDP every picture goes to one rank only; Lightning's own sampler would repeat the first ones."""
        return None if self._world == 1 else EvaluationSampler(len(pictures), self._rank, self._world)

    def _loader(
        self, pictures: Dataset[Any], sampler: Sampler[int] | None, batch_size: int, drop_last: bool = False
    ) -> DataLoader:
        return DataLoader(
            pictures,
            batch_size=batch_size,
            sampler=sampler,
            num_workers=self.workers,
            collate_fn=collate,
            drop_last=drop_last,
            persistent_workers=drop_last and self.workers > 0,  # patches are a function of their number
            worker_init_fn=_ignore_interrupt,
            pin_memory=self.trainer is not None and self.trainer.strategy.root_device.type == "cuda",
        )


def _ignore_interrupt(worker: int) -> None:
    """Ctrl-C is for the main process, which lets its step come to an end and needs the workers until then."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _training_pictures(roots: Sequence[str] | None) -> list[Path]:
    if roots is None:
        return SamplePictures("train").paths
    return [path for root in roots for path in _pictures(root)]


def _pictures(folder: str) -> list[Path]:
    if not Path(folder).is_dir():
        raise DataError(f"There is no folder {folder}. Check --data.root and the sets in the recipe.")
    paths = find_pictures(Path(folder))
    if not paths:
        raise DataError(f"{folder} holds no picture (png, jpg, tif, webp, bmp). Name a folder that does.")
    return paths
