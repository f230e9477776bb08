"""Pictures for training and evaluation. Every public name is exported here."""

from restore.data.cache import PictureCache
from restore.data.disk_cache import DiskCache, cache_folder
from restore.data.module import Pictures
from restore.data.paired import PairedPatches
from restore.data.patches import Patches, PatchSampler
from restore.data.samples import SamplePictures
from restore.data.whole import PairedPictures, WholePictures, find_pairs

__all__ = [
    "DiskCache",
    "PairedPatches",
    "PairedPictures",
    "PatchSampler",
    "Patches",
    "PictureCache",
    "Pictures",
    "SamplePictures",
    "WholePictures",
    "cache_folder",
    "find_pairs",
]
