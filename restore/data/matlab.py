"""MATLAB's files: 7.3, which is HDF5, is read by h5py, and version 5 written by scipy. `restore[dnd]` brings both."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from restore.errors import ConfigError, DataError
from restore.images import replacing


def read_matrix(path: Path, name: str, place: tuple[slice, slice]) -> np.ndarray:
    """Some rows and columns of a matrix in a 7.3 file: (rows, columns, ...) as MATLAB shows it.

    Args:
        path: the file.
        name: of the variable.
        place: rows and columns, from 0; nothing else is read from the file.

    Raises:
        DataError: the file cannot be read, holds no such matrix, or the place lies outside of it.
        ConfigError: h5py is not installed.
    """
    with _opened(path) as file:
        found = file.get(name)
        if not hasattr(found, "shape"):
            held = ", ".join(sorted(key for key in file if not key.startswith("#"))) or "nothing"
            raise DataError(f"{path} holds no matrix {name}, but {held}. Take the file of the release.")
        rows, columns = place
        inside = all(0 <= part.start < part.stop for part in place)
        if found.ndim < 2 or not inside or rows.stop > found.shape[-1] or columns.stop > found.shape[-2]:
            shape = " x ".join(map(str, found.shape[::-1]))
            wanted = f"rows {rows.start + 1} to {rows.stop} and columns {columns.start + 1} to {columns.stop}"
            raise DataError(
                f"{path}: {wanted} do not lie inside {name}, which is {shape}. Do the files belong together?"
            )
        return _values(path, found, (..., columns, rows)).T  # MATLAB's order is the other way round


def read_field(path: Path, struct: str, field: str) -> list[np.ndarray]:
    """A field of every element of a struct array in a 7.3 file, in the array's order.

    Raises:
        DataError: the file cannot be read, or holds no such field.
        ConfigError: h5py is not installed.
    """
    with _opened(path) as file:
        found = file.get(f"{struct}/{field}")
        if not hasattr(found, "shape") or found.dtype.kind != "O":
            raise DataError(
                f"{path} holds no struct array {struct} with a field {field}. Take the file of the release."
            )
        return [_values(path, file[reference], ...).T for reference in found[()].reshape(-1)]


def write_matlab(path: Path, content: dict[str, Any]) -> None:
    """Write variables as a version 5 file, compressed, under a temporary name until it is whole.

    Args:
        path: the file.
        content: by name; a one-dimensional array of objects becomes a row of cells.

    Raises:
        DataError: the file cannot be written.
        ConfigError: scipy is not installed.
    """
    savemat = writer()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary, temporary.open("wb") as stream:
            savemat(stream, content, do_compression=True)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}. Choose another place or make room.") from error


def writer() -> Callable[..., None]:
    """What writes version 5 files: asked for before hours of computing.

    Raises:
        ConfigError: scipy is not installed.
    """
    try:
        from scipy.io import savemat
    except ImportError as error:
        raise ConfigError(_missing("scipy")) from error
    return savemat


def _opened(path: Path) -> Any:
    try:
        import h5py
    except ImportError as error:
        raise ConfigError(_missing("h5py")) from error
    try:
        return h5py.File(path, "r")
    except OSError as error:
        if not path.is_file():
            raise DataError(f"There is no file {path}. Unpack the whole release.") from error
        raise DataError(f"{path} cannot be read as a file of MATLAB 7.3 (HDF5). Unpack the release again.") from error


def _values(path: Path, found: Any, place: Any) -> np.ndarray:
    try:
        return np.asarray(found[place])
    except OSError as error:  # a chunk that is damaged
        raise DataError(f"{path} is damaged: {error}. Unpack the release again.") from error


def _missing(package: str) -> str:
    return f'Files of MATLAB need the package {package}. Install it: pip install "restore[dnd]"'
