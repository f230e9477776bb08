"""Pictures for training and evaluation. Every public name is exported here."""

from restore.data.cache import PictureCache
from restore.data.darmstadt import DarmstadtPicture, find_darmstadt, write_submission
from restore.data.disk_cache import DiskCache, cache_folder
from restore.data.layouts import find_pairs, match_small
from restore.data.manifest import Recognition, known_sets, recognize
from restore.data.module import Pictures
from restore.data.paired import PairedPatches
from restore.data.patches import Patches, PatchSampler
from restore.data.perceptual_hash import Alike, Fingerprint, find_alike, fingerprint
from restore.data.samples import SamplePictures
from restore.data.shard_patches import ShardPatches
from restore.data.shards import read_index, write_shards
from restore.data.splits import Split
from restore.data.whole import CleanPictures, PairedPictures

__all__ = [
    "Alike",
    "CleanPictures",
    "DarmstadtPicture",
    "DiskCache",
    "Fingerprint",
    "PairedPatches",
    "PairedPictures",
    "PatchSampler",
    "Patches",
    "PictureCache",
    "Pictures",
    "Recognition",
    "SamplePictures",
    "ShardPatches",
    "Split",
    "cache_folder",
    "find_alike",
    "find_darmstadt",
    "find_pairs",
    "fingerprint",
    "known_sets",
    "match_small",
    "read_index",
    "recognize",
    "write_shards",
    "write_submission",
]
