"""The first and third law of docs/architecture.md: imports point down, and one importer a heavy package."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "restore"

FLOORS = [
    {"errors", "types"},
    {"layers", "metrics", "losses", "images"},
    {"attention", "degradation"},
    {"blocks"},
    {"networks", "data"},
    {"inference", "zoo"},
    {"tasks"},
    {"callbacks"},
    {"commands"},
    {"main"},
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

HEAVY = {
    "albumentations": ["data/augment.py"],
    "PIL": ["images/"],
    "cv2": ["images/"],
    "tifffile": ["images/"],
    "skimage": ["data/samples.py"],
    "kornia": ["degradation/"],
    "pytorch_lightning": ["tasks/", "callbacks/", "commands/", "main.py", "data/module.py"],
    "torchmetrics": ["metrics/"],
    "torchvision": ["metrics/perceptual.py"],
    "pyiqa": ["metrics/perceptual.py"],
    "wandb": ["commands/"],
    "webdataset": ["data/shards.py"],
    "h5py": ["data/matlab.py"],
    "scipy": ["data/matlab.py"],
}
"""Package -> the files and folders that may import it."""

MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def imported(module: Path) -> set[str]:
    """Dotted names that a module imports anywhere, also inside functions."""
    names = set()
    for node in ast.walk(ast.parse((PACKAGE / module).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: relative imports hide the room"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_every_room_has_a_floor():
    assert {module.parts[0].removesuffix(".py") for module in MODULES} - {"__init__"} <= set(FLOOR)


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_imports_point_down(module: Path):
    room = module.parts[0].removesuffix(".py")
    own = len(FLOORS) if room == "__init__" else FLOOR[room]
    for name in imported(module):
        parts = name.split(".")
        if parts[0] != "restore" or len(parts) == 1 or parts[1].startswith("__") or parts[1] == room:
            continue
        assert FLOOR[parts[1]] < own, f"{module} (floor {own}) imports {name} (floor {FLOOR[parts[1]]})"


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_heavy_packages_have_one_importer(module: Path):
    for name in imported(module):
        allowed = HEAVY.get(name.split(".")[0])
        assert allowed is None or module.as_posix().startswith(tuple(allowed)), f"{module} imports {name}"
