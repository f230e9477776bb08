"""What all tests share."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with pictures and reference material that is not in the repository."""
    folder = Path(os.environ.get("RESTORE_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"there is no {folder}: RESTORE_SHARED names the folder of test pictures")
    return folder


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_tests(tmp_path_factory):
    """No test writes into the cache of whoever runs it."""
    os.environ["RESTORE_CACHE"] = str(tmp_path_factory.mktemp("cache"))


def pytest_collection_modifyitems(items):
    """Skip what needs a GPU where there is none."""
    if torch.cuda.is_available():
        return
    for item in items:
        if item.get_closest_marker("gpu"):
            item.add_marker(pytest.mark.skip(reason="needs a CUDA device"))


def pytest_terminal_summary(terminalreporter):
    """Count the families of goldens that have no adapter yet: a skipped golden is not a passed one."""
    reasons = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    found = [
        match[0]
        for reason in reasons
        if (match := re.search(r"no adapter for the (family|gradient|network) .+", reason))
    ]
    if found:
        terminalreporter.section("goldens without an adapter")
        terminalreporter.write_line(f"{len(found)} tests of {len(set(found))} families skipped; -rs names them")
