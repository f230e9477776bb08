"""Use a network without training: tiles, self-ensemble, pictures, folders."""

from restore.inference.folder import FolderReport, plan, restore_folder
from restore.inference.local_pooling import still_global, with_local_pooling
from restore.inference.restorer import Restorer
from restore.inference.self_ensemble import self_ensemble
from restore.inference.tiling import default_overlap, restore_tiled

__all__ = [
    "FolderReport",
    "Restorer",
    "default_overlap",
    "plan",
    "restore_folder",
    "restore_tiled",
    "self_ensemble",
    "still_global",
    "with_local_pooling",
]
