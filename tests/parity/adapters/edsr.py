"""EDSR, MDSR, RDN and its block, CARN, CARN-M, IRCNN, FDnCNN."""

from __future__ import annotations

from restore.attention import no_attention
from restore.blocks import ResidualBlock, ResidualDenseBlock
from restore.networks import CARN, EDSR, IRCNN, MDSR, RDN, FDnCNN
from restore.zoo.official.carn import carn_table
from restore.zoo.official.dncnn import dncnn_table
from restore.zoo.official.edsr import edsr_table, mdsr_table, plain_block_table
from restore.zoo.official.rdn import dense_block_table, rdn_table

from .base import Adapted, Adapter, Record
from .rcan import dncnn, in_official_range


def edsr(record: Record) -> Adapted:
    config = record["config"]
    network = EDSR(
        scale=config["scale"],
        image_channels=config.get("n_colors", 3),
        width=config["n_feats"],
        blocks=config["n_resblocks"],
        residual_scale=config["res_scale"],
        pixel_range=config.get("rgb_range", 255),
        mean=_mean(record),
    )
    return Adapted(network, edsr_table(network), in_official_range(network, network))


def mdsr(record: Record) -> Adapted:
    config = record["config"]
    network = MDSR(
        scale=config["scale"][config.get("scale_idx", 0)],
        image_channels=config.get("n_colors", 3),
        width=config["n_feats"],
        blocks=config["n_resblocks"],
        scales=config["scale"],
        pixel_range=config.get("rgb_range", 255),
        mean=_mean(record),
    )
    return Adapted(network, mdsr_table(network), in_official_range(network, network))


def residual_block(record: Record) -> Adapted:
    config = record["config"]
    module = ResidualBlock(
        config["n_feats"], no_attention, config.get("kernel_size", 3), residual_scale=config.get("res_scale", 1)
    )
    return Adapted(module, plain_block_table(), module)


def rdn(record: Record) -> Adapted:
    config = record["config"]
    network = RDN(
        scale=config["scale"],
        image_channels=config.get("n_colors", 3),
        width=config["G0"],
        growth=config["G"],
        blocks=config["D"],
        layers=config["C"],
        mean=[],
    )
    return Adapted(network, rdn_table(network), in_official_range(network, network))


def dense_block(record: Record) -> Adapted:
    config = record["config"]
    layers = config["nConvLayers"]
    module = ResidualDenseBlock(config["growRate0"], config["growRate"], layers, no_attention)
    return Adapted(module, dense_block_table(layers), module)


def carn(record: Record) -> Adapted:
    config = record["config"]
    scales = (2, 3, 4) if config.get("multi_scale") else (config["scale"],)
    network = CARN(
        scale=config.get("scale_argument", scales[-1]),
        mobile="b1.b1.body.4.weight" in record["state_dict"],
        groups=config.get("group", 1),
        scales=scales,
    )
    return Adapted(network, carn_table(network), network)


def ircnn(record: Record) -> Adapted:
    config = record["config"]
    network = IRCNN(config["in_nc"], config.get("nc", 64))
    return Adapted(network, dncnn_table(network), network)


def fdncnn(record: Record) -> Adapted:
    config = record["config"]
    network = FDnCNN(
        image_channels=config["out_nc"],
        width=config.get("nc", 64),
        depth=config.get("nb", 20),
        normalization=config.get("act_mode", "R") == "BR",
    )
    return Adapted(network, dncnn_table(network), lambda x: network(x[:, :-1], x[:, -1:]))


def dncnn_or_sister(record: Record) -> Adapted:
    """The three networks of KAIR that share one file of published sizes."""
    return {"DnCNN": dncnn, "FDnCNN": fdncnn, "IRCNN": ircnn}[record["config"]["cls"]](record)


def _mean(record: Record) -> list[float] | None:
    return None if "sub_mean.bias" in record["state_dict"] else []


FAMILIES: dict[str, Adapter] = {
    "EDSR": edsr,
    "EDSR ResBlock": residual_block,
    "MDSR": mdsr,
    "RDN": rdn,
    "RDN RDB": dense_block,
    "CARN": carn,
    "CARN-M": carn,
    "IRCNN": ircnn,
    "FDnCNN": fdncnn,
}

STATE_DICTS: dict[str, Adapter] = {
    "carn": carn,
    "dncnn": dncnn_or_sister,
    "edsr": edsr,
    "mdsr": mdsr,
    "rdn": rdn,
}
