"""Pictures side by side, each with a label under it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from restore.errors import ShapeError
from restore.images.picture import Pixels

Row = Sequence[tuple[Pixels, str]]
"""Pictures (S, S, 1 or 3) uint8 and their labels."""

_GAP, _FONT, _LINE, _LINES, _LETTER = 6, 11, 13, 4, 5.8  # pixels; a label has four lines


def labelled_grid(rows: Sequence[Row], columns: int = 6) -> Pixels:
    """Rows of square pictures on white; a row longer than `columns` goes on in the next line.

    Args:
        rows: pictures of one side S with their labels; a label that is too long is cut.
        columns: how many stand side by side.

    Returns:
        (H, W, 3) uint8.

    Raises:
        ShapeError: there is no picture, or they are not squares of one size.
    """
    sizes = {picture.shape[:2] for row in rows for picture, _ in row}
    side = next(iter(sizes))[0] if sizes else 0
    if sizes != {(side, side)}:
        raise ShapeError(f"labelled_grid needs squares of one size, got {sorted(sizes)}.")
    lines = [row[first : first + columns] for row in rows for first in range(0, len(row), columns)]
    across, down = side + _GAP, side + _LINES * _LINE + 2 * _GAP
    canvas = Image.new("RGB", (max(map(len, lines)) * across + _GAP, len(lines) * down + _GAP), "white")
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(_FONT)
    for y, line in enumerate(lines):
        for x, (picture, label) in enumerate(line):
            left, top = _GAP + x * across, _GAP + y * down
            canvas.paste(Image.fromarray(np.broadcast_to(picture, (side, side, 3)).copy()), (left, top))
            wrapped = textwrap.wrap(label, int(side / _LETTER), max_lines=_LINES, placeholder=" ...")
            draw.multiline_text((left, top + side + 2), "\n".join(wrapped), fill="black", font=font, spacing=2)
    return np.asarray(canvas)
