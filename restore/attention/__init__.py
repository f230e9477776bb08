"""Attention modules: (N, C, H, W) in and out, `channels` first. Every public name is exported here."""

from restore.attention.base import Attention, NoAttention, Recalibration, Representation, no_attention
from restore.attention.recalibration.channel import ChannelAttention
from restore.attention.recalibration.context_encoding import ContextEncoding
from restore.attention.recalibration.contrast import ContrastChannelAttention
from restore.attention.recalibration.coordinate import CoordinateAttention
from restore.attention.recalibration.covariance_pooling import CovariancePooling
from restore.attention.recalibration.efficient_channel import EfficientChannelAttention
from restore.attention.recalibration.encoding_layer import EncodingLayer
from restore.attention.recalibration.gather_excite import GatherExcite
from restore.attention.recalibration.matrix_square_root import matrix_square_root
from restore.attention.recalibration.second_order import SecondOrderChannelAttention
from restore.attention.recalibration.simple import SimpleChannelAttention
from restore.attention.representation.non_local import NonLocalAttention
from restore.attention.representation.non_local_axes import NonLocalAttention1d, NonLocalAttention3d

__all__ = [
    "Attention",
    "ChannelAttention",
    "ContextEncoding",
    "ContrastChannelAttention",
    "CoordinateAttention",
    "CovariancePooling",
    "EfficientChannelAttention",
    "EncodingLayer",
    "GatherExcite",
    "NoAttention",
    "NonLocalAttention",
    "NonLocalAttention1d",
    "NonLocalAttention3d",
    "Recalibration",
    "Representation",
    "SecondOrderChannelAttention",
    "SimpleChannelAttention",
    "matrix_square_root",
    "no_attention",
]
