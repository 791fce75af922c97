"""A wheel is complete: it works with no repository in sight."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent

# Isolated (-I) and without site-packages (-S): only the unpacked wheel and the standard library.
PROBE = """
import sys
sys.path.insert(0, sys.argv[1])
from ra_bayes import resources
print(resources.__file__)
for folder in (resources.models_dir(), resources.data_dir()):
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            print(folder.name + "/" + path.relative_to(folder).as_posix())
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # hatchling itself, not `build`: it needs no network.
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_wheel_finds_models_and_data(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    command = [sys.executable, "-I", "-S", "-c", PROBE, str(target)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    where, *found = done.stdout.splitlines()
    assert Path(where).resolve().is_relative_to(target.resolve())
    wanted = {
        path.relative_to(REPOSITORY).as_posix()
        for pattern in ("models/*/*.toml", "data/*.csv")
        for path in REPOSITORY.glob(pattern)
    }
    assert {Path(name).suffix for name in wanted} == {".toml", ".csv"}, "the repository lacks models or data"
    assert wanted <= set(found)


def test_wheel_carries_licence_and_types(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert "ra_bayes/py.typed" in names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests/")]
