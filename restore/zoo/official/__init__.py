"""The authors' names for the tensors of each network, and ours: one network a file."""

from restore.zoo.official.dncnn import DNCNN
from restore.zoo.official.rcan import RCAN
from restore.zoo.official.table import Family

FAMILIES: tuple[Family, ...] = (RCAN, DNCNN)
"""Networks whose official checkpoints are recognised."""

__all__ = ["DNCNN", "FAMILIES", "RCAN", "Family"]
