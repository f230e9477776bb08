"""The networks of the toolkit in the sizes that their papers or authors' weights have."""

from __future__ import annotations

from collections.abc import Callable

from restore.networks import (
    CARN,
    EDSR,
    HAN,
    IMDN,
    IMDNRTC,
    IMDNRTE,
    IRCNN,
    MDSR,
    MWCNN,
    PAN,
    RCAN,
    RDN,
    RFDN,
    RNAN,
    SAN,
    DnCNN,
    FDnCNN,
    IMDNAnyScale,
    MWRCANet,
    NAFBaseline,
    NAFNet,
    RestorationNetwork,
    Restormer,
    SwinIR,
    UNet,
)

_FOUR, _SIX = (6,) * 4, (6,) * 6

NETWORKS: dict[str, Callable[[], RestorationNetwork]] = {
    "dncnn": DnCNN,
    "fdncnn": FDnCNN,
    "ircnn": IRCNN,
    "imdn": IMDN,
    "imdn_any_scale": IMDNAnyScale,
    "imdn_rtc": IMDNRTC,
    "imdn_rte": IMDNRTE,
    "rfdn": RFDN,
    "pan": PAN,
    "carn": CARN,
    "carn_m": lambda: CARN(mobile=True, groups=4),
    "unet": UNet,
    "edsr_baseline": lambda: EDSR(width=64, blocks=16, residual_scale=1.0),
    "swinir_light": lambda: SwinIR(width=60, blocks=_FOUR, heads=_FOUR, upsampler="direct"),
    "nafnet": NAFNet,
    "naf_baseline": NAFBaseline,
    "mwcnn": MWCNN,
    "mdsr": MDSR,
    "swinir": SwinIR,
    "swinir_real": lambda: SwinIR(upsampler="nearest"),
    "swinir_denoise": lambda: SwinIR(scale=1),
    "swinir_jpeg": lambda: SwinIR(scale=1, image_channels=1, window=7, pixel_range=255),
    "restormer": Restormer,
    "mwrcanet_raw": MWRCANet,
    "mwrcanet_srgb": lambda: MWRCANet(image_channels=3),
    "rnan_denoise": RNAN,
    "rnan_sr": lambda: RNAN(scale=4),
    "san": SAN,
    "rcan": RCAN,
    "han": HAN,
    "rdn": RDN,
    "edsr": EDSR,
}
"""Name -> maker; super-resolution is x4 (IMDN-RTC x2). The quick ones first: a run that is stopped has most rows."""

LARGE = ("rcan", "san", "rnan_denoise", "mwrcanet_srgb", "swinir")
"""What is measured at 256x256 too, unless --networks says otherwise."""
