"""The authors' names for the tensors of each network, and ours: one network a file."""

from restore.zoo.official.carn import CARN
from restore.zoo.official.dncnn import DNCNN, FDNCNN, IRCNN
from restore.zoo.official.edsr import EDSR, MDSR
from restore.zoo.official.han import HAN
from restore.zoo.official.imdn import IMDN, IMDN_AS, IMDN_RTC, IMDN_RTE
from restore.zoo.official.mwcnn import MWCNN
from restore.zoo.official.mwrcanet import MWRCANET
from restore.zoo.official.nafnet import NAF_BASELINE, NAFNET
from restore.zoo.official.origins import ORIGINS, Origin, origin_answers
from restore.zoo.official.pan import PAN
from restore.zoo.official.rcan import RCAN
from restore.zoo.official.rdn import RDN
from restore.zoo.official.restormer import RESTORMER
from restore.zoo.official.rfdn import RFDN
from restore.zoo.official.rnan import RNAN
from restore.zoo.official.san import SAN
from restore.zoo.official.swinir import SWINIR
from restore.zoo.official.table import Family

FAMILIES: tuple[Family, ...] = (
    RCAN,
    DNCNN,
    FDNCNN,
    IRCNN,
    EDSR,
    MDSR,
    RDN,
    CARN,
    IMDN,
    IMDN_AS,
    IMDN_RTC,
    IMDN_RTE,
    RFDN,
    PAN,
    NAFNET,
    NAF_BASELINE,
    RESTORMER,
    SAN,
    RNAN,
    HAN,
    MWCNN,
    MWRCANET,
    SWINIR,
)
"""Networks whose official checkpoints are recognised."""

__all__ = [
    "CARN",
    "DNCNN",
    "EDSR",
    "FAMILIES",
    "FDNCNN",
    "HAN",
    "IMDN",
    "IMDN_AS",
    "IMDN_RTC",
    "IMDN_RTE",
    "IRCNN",
    "MDSR",
    "MWCNN",
    "MWRCANET",
    "NAFNET",
    "NAF_BASELINE",
    "ORIGINS",
    "PAN",
    "RCAN",
    "RDN",
    "RESTORMER",
    "RFDN",
    "RNAN",
    "SAN",
    "SWINIR",
    "Family",
    "Origin",
    "origin_answers",
]
