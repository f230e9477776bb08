"""SwinIR and its block."""

from __future__ import annotations

import torch

from restore.attention import WindowAttention
from restore.attention.representation.window import shift_mask
from restore.blocks import SwinBlock
from restore.networks import SwinIR
from restore.zoo.official.swinir import MASK, swin_block_table, swinir_table

from .base import Adapted, Adapter, Record
from .window import set_query_options

UPSAMPLERS = {"": "shuffle", "pixelshuffle": "shuffle", "pixelshuffledirect": "direct", "nearest+conv": "nearest"}


def swinir(record: Record) -> Adapted:
    config = record["config"]
    window = config["window_size"]
    network = SwinIR(
        scale=config["upscale"] if config["upsampler"] else 1,
        image_channels=config["in_chans"],
        width=config["embed_dim"],
        blocks=config["depths"],
        heads=config["num_heads"],
        window=window,
        expansion=config["mlp_ratio"],
        upsampler=UPSAMPLERS[config["upsampler"]],
        bottleneck=config["resi_connection"] == "3conv",
        shifted=config["img_size"] > window,
        pixel_range=config["img_range"],
    )
    mask = shift_mask((config["img_size"],) * 2, window, window // 2, torch.zeros(()))
    masks = [name for name in record["state_dict"] if name.endswith(f".{MASK}")]
    return Adapted(network, swinir_table(network), network, constants=dict.fromkeys(masks, mask))


def swin_block(record: Record) -> Adapted:
    config = record["config"]
    window = config["window_size"]
    shift = config.get("shift_size", window // 2 if MASK in record["state_dict"] else 0)
    resolution = tuple(config.get("input_resolution", record["input_shapes"][0][2:]))
    smallest = min(resolution)
    if smallest <= window:  # as in the authors' code
        window, shift = smallest, 0
    attention = WindowAttention(config["dim"], window, config["num_heads"], shifted=shift > 0)
    if shift:  # theirs takes any, ours is half a window
        attention.shift = shift
        attention.masks = shift_mask((2 * window, 2 * window), window, shift, attention.masks)
    block = SwinBlock(config["dim"], lambda _: attention, expansion=config.get("mlp_ratio", 4.0))
    mask = {MASK: shift_mask(resolution, window, shift, torch.zeros(()))} if shift else {}
    table = swin_block_table()
    set_query_options(attention.attend, table, record, "attn.")
    return Adapted(block, table, block, constants=mask)


FAMILIES: dict[str, Adapter] = {
    "SwinIR": swinir,
    "SwinIR Swin block": swin_block,
}

STATE_DICTS: dict[str, Adapter] = {"swinir": swinir}
