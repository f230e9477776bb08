"""The data of a run: training patches, named validation and test sets, pictures to predict."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from pytorch_lightning import LightningDataModule
from torch.utils.data import DataLoader

from restore.data.advice import advise, usable_cores
from restore.data.augment import FlipsAndTurns, NoAugmentation
from restore.data.cache import DecodedPictures
from restore.data.choice import HELD_OUT, Choice, WholeForm, held_out_pictures, pictures_in, whole_pictures
from restore.data.lanes import Reading
from restore.data.loaders import make_loader, place_of
from restore.data.patches import EvaluationSampler, PatchSampler
from restore.data.shard_patches import PatchForm
from restore.data.sources import CacheKind, check_roots, opener, training_patches
from restore.data.splits import Split
from restore.data.whole import CleanPictures, PairedPictures
from restore.errors import ConfigError

Roots = str | list[str]


class Pictures(LightningDataModule):
    """Random patches of clean pictures, or of pairs, for training, whole pictures for the rest.

    Args:
        root: folder or folders of clean training pictures, or of pairs (`find_pairs`), which bring their own
            degradation; or one folder or URL of shards (`restore data pack`); None takes the built-in photographs.
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
        cache: where decoded training pictures are kept: "disk" in a file that is decoded once for all runs and mapped
            by all processes (`DiskCache`; built-in photographs stay in memory), "memory" of each process, "none".
        cache_gigabytes: how much the cache may hold; None is 32 on the disk, 2 in the memory of each process.
        cache_folder: of the cache on the disk; None is $RESTORE_CACHE, $XDG_CACHE_HOME/restore or ~/.cache/restore.
        halve_above: shrink training pictures whose longer side is above this (see `PictureCache`); not for pairs.
        patches_per_picture: cut from a picture of shards each time it is decoded.
        limit: take only the first so many pictures of each validation set.
        crop: take only the middle so many pixels a side of each validation and test picture.
        split: train on all but one fold of `root`, by scenes; the fold is validated and tested as the set "held_out".
        skip_broken: name files that cannot be read in a warning and leave them out, instead of refusing the run.

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
        cache: CacheKind = "disk",
        cache_gigabytes: float | None = None,
        cache_folder: str | None = None,
        halve_above: int | None = None,
        patches_per_picture: int = 8,
        limit: int | None = None,
        crop: int | None = None,
        split: Split | None = None,
        skip_broken: bool = False,
    ) -> None:
        super().__init__()
        sizes = {"patch_size": patch_size, "batch_size": batch_size, "scale": scale, "limit": limit}
        sizes["patches_per_picture"] = patches_per_picture
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
        self.cache = cache
        self.cache_gigabytes = cache_gigabytes
        self.cache_folder = cache_folder
        self.halve_above = halve_above
        self.patches_per_picture = patches_per_picture
        self.limit = limit
        self.crop = crop
        self.choice = Choice(split, skip_broken)

    def check(self, stage: str) -> None:
        """Look the pictures of a stage up, so that an empty folder is said before anything runs.

        Raises:
            DataError: a folder does not exist, or holds no picture.
            ConfigError: there is nothing to predict.
        """
        if stage == "fit":
            check_roots(self.roots, self.halve_above, self.scale, self.choice)
        if stage == "predict":
            pictures_in(self._to_predict())
        else:
            for name, folder in self._folders("test" if stage == "test" else "validate").items():
                self._whole(name, folder)

    def setup(self, stage: str) -> None:
        """Find the pictures of a stage."""
        if stage == "fit":
            degradation = getattr(self.trainer and self.trainer.lightning_module, "degradation", None)
            form = PatchForm(
                size=self.patch_size,
                augment=self.augment,
                image_channels=self.image_channels,
                scale=self.scale,
                margin=getattr(degradation, "margin", 0),
                border=getattr(degradation, "border", "symmetric"),
                halve_above=self.halve_above,
                seed=self.seed,
            )
            reading = Reading(self.patches_per_epoch, self.batch_size, self._world, self.workers)
            chosen = self.patches_per_picture, self.choice
            self._patches = training_patches(self.roots, form, self._opener(), reading, *chosen)
        if stage in ("fit", "validate", "test"):
            kind = "test" if stage == "test" else "validate"
            self._evaluated = {name: self._whole(name, folder) for name, folder in self._folders(kind).items()}
        if stage == "predict":
            self._predicted = CleanPictures(pictures_in(self._to_predict()), self.image_channels)

    def set_names(self, stage: str) -> list[str]:
        """Names of the validation or test sets, in the order of their loaders."""
        return list(self._folders("test" if stage == "test" else "validate"))

    def rate(self, patches: int = 64) -> float:
        """Patches a second that one core makes, measured here and now; after `setup("fit")`."""
        self._patches[0]
        loader = make_loader(self._patches, range(1, patches + 1), min(self.batch_size, patches), workers=0)
        begin = time.perf_counter()
        made = sum(len(batch["name"]) for batch in loader)
        return made / (time.perf_counter() - begin)

    def advise(self, share: float, processes: int, wanted: float | None = None, rate: float | None = None) -> list[str]:
        """What would make this run wait less (`restore.data.advice.advise`); after `setup("fit")`.

        Args:
            share: of the time spent waiting for pictures, 0 to 1.
            processes: of the run, on this machine.
            wanted: images a second that one process would take.
            rate: images a second that one core makes.
        """
        cores = max(usable_cores() // processes, 1)
        pictures = getattr(self._patches, "pictures", None)  # shards have none
        again, cache = (pictures.decoded_each_time(), self.cache) if pictures else (0, "shards")
        return advise(share, self.workers, cores, self.patch_size, again, cache, wanted, rate)

    def train_dataloader(self) -> DataLoader:
        """Batches of random patches; the last, smaller one of an epoch is dropped."""
        sampler = PatchSampler(self.patches_per_epoch, self._rank, self._world)
        if len(sampler) < self.batch_size:
            raise ConfigError(
                f"An epoch of {self.patches_per_epoch} patches holds no batch of {self.batch_size} for each of "
                f"{self._world} processes. Raise data.init_args.patches_per_epoch or lower batch_size."
            )
        epoch, seen = place_of(self.trainer, len(sampler) // self.batch_size)
        sampler.set_epoch(epoch)  # Lightning says it as well, but after the workers have begun
        sampler.skip_once(seen * self.batch_size * self._world)
        return make_loader(self._patches, sampler, self.batch_size, self.workers, True, self._pinned)

    def val_dataloader(self) -> list[DataLoader]:
        """One loader a named set, one picture a batch."""
        return [self._whole_loader(pictures) for pictures in self._evaluated.values()]

    def test_dataloader(self) -> list[DataLoader]:
        """One loader a named set, one picture a batch."""
        return self.val_dataloader()

    def predict_dataloader(self) -> DataLoader:
        """The pictures to restore, one a batch."""
        return self._whole_loader(self._predicted)

    @property
    def _rank(self) -> int:
        return self.trainer.global_rank if self.trainer else 0

    @property
    def _world(self) -> int:
        return self.trainer.world_size if self.trainer else 1

    def _opener(self) -> Callable[[list[Path]], DecodedPictures]:
        kind: CacheKind = "memory" if self.roots is None and self.cache == "disk" else self.cache
        gigabytes = self.cache_gigabytes if kind == self.cache else None
        return opener(kind, self.image_channels, self.halve_above, gigabytes, self.cache_folder)

    def _to_predict(self) -> str:
        if self.predict is None:
            raise ConfigError("There is nothing to predict. Set --data.predict FOLDER.")
        return self.predict

    def _folders(self, kind: str) -> dict[str, str | None]:
        given = self.sets[kind]
        if self.choice.split is not None:
            return {**(given or {}), HELD_OUT: None}
        return {"samples": None} if given is None else dict(given)

    def _whole(self, name: str, folder: str | None) -> CleanPictures | PairedPictures:
        form = WholeForm(self.image_channels, self.scale, self.crop, self.limit)
        if folder is None:
            return held_out_pictures(self.roots, form, self.choice)
        if not name or "/" in name:
            raise ConfigError(f"A set cannot be called '{name}': the name stands in val/NAME/psnr.")
        return whole_pictures(folder, form, self.choice)

    def _whole_loader(self, pictures: CleanPictures | PairedPictures) -> DataLoader:
        """Under DDP every picture goes to one rank only; Lightning's own sampler would repeat the first ones."""
        sampler = None if self._world == 1 else EvaluationSampler(len(pictures), self._rank, self._world)
        return make_loader(pictures, sampler, 1, self.workers, pin_memory=self._pinned)

    @property
    def _pinned(self) -> bool:
        return self.trainer is not None and self.trainer.strategy.root_device.type == "cuda"
