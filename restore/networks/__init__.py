"""Networks: one paper a file. Every public name is exported here."""

from restore.networks.base import RestorationNetwork
from restore.networks.dncnn import DnCNN
from restore.networks.rcan import RCAN, rcan_attention
from restore.networks.unet import UNet, unet_attention

__all__ = ["RCAN", "DnCNN", "RestorationNetwork", "UNet", "rcan_attention", "unet_attention"]
