"""Two processes train on one folder of shards: together they read every picture, and none twice in a pass."""

from __future__ import annotations

from collections import Counter

import pytest
import torch

from restore.data import write_shards
from tests.data.pictures import make_pictures
from tests.runs import ROOT, start, words

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("workers", ["0", "2"])
def test_two_processes_share_the_shards(tmp_path, workers):
    paths = make_pictures(tmp_path / "pictures", count=8)
    index = write_shards([(path,) for path in paths], tmp_path / "shards", megabytes=0.001)
    assert len(index.shards) == 8
    argv = words("fit", paths[0].parent, "--data.root", str(tmp_path / "shards"), "--data.workers", workers)
    argv += ["--data.patches_per_picture", "1", "--data.patches_per_epoch", "16"]  # a pass an epoch, two epochs
    argv += ["--trainer.max_steps", "8", "--trainer.limit_val_batches", "0"]
    argv += ["--trainer.devices", "2", "--trainer.strategy", "ddp"]
    argv += ["--trainer.callbacks+=tests.probe.Probe", f"--trainer.callbacks.folder={tmp_path / 'probe'}"]
    process = start(argv, tmp_path, PYTHONPATH=str(ROOT))
    said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    ranks = [torch.load(tmp_path / "probe" / f"rank{rank}.pt", weights_only=True) for rank in range(2)]
    met = [[name for step in rank["names"] for name in step] for rank in ranks]
    assert [len(names) for names in met] == [16, 16]
    assert not set(met[0]) & set(met[1])
    everything = {f"{number:08d}-{path.name}" for number, path in enumerate(paths)}
    assert set(met[0]) | set(met[1]) == everything
    assert set(Counter(met[0] + met[1]).values()) == {4}  # 32 patches of 8 pictures
