"""denoise --submission: the crops of a benchmark without public targets, and the files that its server takes."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from restore.commands.restoring import show_warnings, tell
from restore.errors import ConfigError, RestoreError

if TYPE_CHECKING:
    from tqdm import tqdm

    from restore.data import DarmstadtPicture
    from restore.inference import FolderReport, Restorer

logger = logging.getLogger(__name__)

BUNDLED = "bundled"
"""Where the files for the server lie in the output folder."""

_SERVER = "https://noise.visinf.tu-darmstadt.de"


def find_submission(inputs: Sequence[Path], output: Path) -> list[DarmstadtPicture]:
    """What is to be denoised, so that a wrong folder is told before weights are loaded.

    Raises:
        ConfigError: there are several inputs, one is the output, or a package is missing.
        DataError: the folder does not hold the data set.
    """
    from restore.data import find_darmstadt
    from restore.data.matlab import writer

    show_warnings()
    if len(inputs) > 1:
        raise ConfigError(f"A submission is made of one folder, and {len(inputs)} are named. Name the one of DND.")
    if output.exists() and not output.is_dir():
        raise ConfigError(f"The output {output} is a file. Name a folder.")
    if inputs[0].resolve() == output.resolve():
        raise ConfigError(f"Input and output are both {output}. Name another output folder.")
    writer()
    return find_darmstadt(inputs[0])


def denoise_pictures(
    restorer: Restorer, pictures: Sequence[DarmstadtPicture], output: Path, overwrite: bool = False
) -> FolderReport:
    """Write each denoised crop as `output/0001_01.png`, and a picture's crops together as `output/bundled/0001.mat`.

    What is bundled is float32 and clipped to [0, 1], where the clean pictures lie; the PNGs, rounded to 8 bit, are to
    be looked at. A picture that fails is named and the others are done; Ctrl-C ends the run between two.

    Args:
        restorer: what denoises a crop.
        pictures: of the data set.
        output: a folder; it is made where it is missing.
        overwrite: whether results that exist are made again.
    """
    from tqdm import tqdm

    from restore.inference import FolderReport

    report = FolderReport(total=len(pictures))
    with tqdm(total=sum(len(picture.parts) for picture in pictures), unit="crop") as bar:
        try:
            for picture in pictures:
                bundle = output / BUNDLED / f"{picture.name}.mat"
                if bundle.is_file() and not overwrite:
                    report.skipped.append(bundle)
                    bar.update(len(picture.parts))
                    continue
                try:
                    _denoise(restorer, picture, output, bundle, bar)
                    report.done.append(bundle)
                except (RestoreError, OSError, MemoryError) as error:
                    source = picture.parts[0][0]
                    report.failed[source] = str(error) or type(error).__name__
                    logger.error("%s: %s", picture.name, report.failed[source])
        except KeyboardInterrupt:
            report.interrupted = True
    return report


def tell_submission(report: FolderReport, output: Path) -> int:
    """Say what was done, and what is now to be sent where; return the exit status."""
    from restore.data.darmstadt import PICTURES

    status = tell(report, output / BUNDLED, "of DND's pictures denoised")
    if status == 0 and report.total == PICTURES:
        print(f"The files in {output / BUNDLED} are what {_SERVER} takes; the PNGs in {output} are for the eye.")
    elif status == 0:
        print(f"{_SERVER} takes {PICTURES} pictures, and this folder holds {report.total}.")
    return status


def _denoise(restorer: Restorer, picture: DarmstadtPicture, output: Path, bundle: Path, bar: tqdm) -> None:
    from restore.data import write_submission
    from restore.images import Picture, to_eight_bits, write_picture

    crops = []
    for number in range(len(picture.parts)):
        crops.append(restorer(picture.crop(number)).clip(0, 1))
        write_picture(output / f"{picture.name}_{number + 1:02d}.png", Picture(to_eight_bits(crops[-1])))
        bar.update()
    write_submission(bundle, crops)
