"""Networks: one paper a file. Every public name is exported here."""

from restore.networks.base import RestorationNetwork
from restore.networks.carn import CARN
from restore.networks.dncnn import DnCNN
from restore.networks.edsr import EDSR
from restore.networks.fdncnn import FDnCNN
from restore.networks.ircnn import IRCNN
from restore.networks.mdsr import MDSR
from restore.networks.rcan import RCAN, rcan_attention
from restore.networks.rdn import RDN
from restore.networks.shifted import ShiftedNetwork
from restore.networks.unet import UNet, unet_attention

__all__ = [
    "CARN",
    "EDSR",
    "IRCNN",
    "MDSR",
    "RCAN",
    "RDN",
    "DnCNN",
    "FDnCNN",
    "RestorationNetwork",
    "ShiftedNetwork",
    "UNet",
    "rcan_attention",
    "unet_attention",
]
