"""Networks: one paper a file. Every public name is exported here."""

from restore.networks.base import RestorationNetwork
from restore.networks.carn import CARN
from restore.networks.dncnn import DnCNN
from restore.networks.edsr import EDSR
from restore.networks.fdncnn import FDnCNN
from restore.networks.han import HAN, han_last_attention
from restore.networks.imdn import IMDN, IMDNRTC, IMDNRTE, IMDNAnyScale, imdn_attention
from restore.networks.ircnn import IRCNN
from restore.networks.mdsr import MDSR
from restore.networks.mwcnn import MWCNN
from restore.networks.mwrcanet import MWRCANet, mwrcanet_attention
from restore.networks.nafnet import NAFBaseline, NAFNet, naf_baseline_attention, nafnet_attention
from restore.networks.pan import PAN, pan_attention
from restore.networks.rcan import RCAN, rcan_attention
from restore.networks.rdn import RDN
from restore.networks.restormer import Restormer
from restore.networks.rfdn import RFDN, rfdn_attention
from restore.networks.rnan import RNAN, rnan_attention, rnan_non_local_attention
from restore.networks.san import SAN, san_attention, san_non_local_attention
from restore.networks.shifted import ShiftedNetwork
from restore.networks.swinir import SwinIR
from restore.networks.unet import UNet, unet_attention
from restore.networks.wavelet import WaveletNetwork

__all__ = [
    "CARN",
    "EDSR",
    "HAN",
    "IMDN",
    "IMDNRTC",
    "IMDNRTE",
    "IRCNN",
    "MDSR",
    "MWCNN",
    "PAN",
    "RCAN",
    "RDN",
    "RFDN",
    "RNAN",
    "SAN",
    "DnCNN",
    "FDnCNN",
    "IMDNAnyScale",
    "MWRCANet",
    "NAFBaseline",
    "NAFNet",
    "RestorationNetwork",
    "Restormer",
    "ShiftedNetwork",
    "SwinIR",
    "UNet",
    "WaveletNetwork",
    "han_last_attention",
    "imdn_attention",
    "mwrcanet_attention",
    "naf_baseline_attention",
    "nafnet_attention",
    "pan_attention",
    "rcan_attention",
    "rfdn_attention",
    "rnan_attention",
    "rnan_non_local_attention",
    "san_attention",
    "san_non_local_attention",
    "unet_attention",
]
