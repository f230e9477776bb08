"""Files of findings: whole or not at all."""

from __future__ import annotations

import json

import pytest

from restore.commands.results import write_json
from restore.errors import DataError


def test_folders_are_made_and_what_is_written_reads_back(tmp_path):
    file = tmp_path / "new" / "found.json"
    write_json(file, {"psnr": 30.5, "name": "Käthe"})
    assert json.loads(file.read_text("utf-8")) == {"psnr": 30.5, "name": "Käthe"}
    assert list(file.parent.iterdir()) == [file]


def test_a_place_that_cannot_be_written_is_told_in_a_line(tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(DataError, match=r"taken/found\.json cannot be written: .*Name another place"):
        write_json(tmp_path / "taken" / "found.json", {})
