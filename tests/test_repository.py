"""What is committed stays small, portable and in step with itself."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
MAX_BYTES = 1_500_000

# In pieces, so that this file does not name what it looks for.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("anaconda", "org"),
        ("anaconda", "com"),
        ("npmjs", "org"),
        ("npmjs", "com"),
    )
]
# A path that exists on one person's machine: at the start of a word, so that neither a relative
# path nor a web address is meant.
MACHINE_PATH = re.compile(r"(?<![\w.~/:-])(?:/(?:home|root|Users|work|tmp)/[\w.]|[A-Z]:\\Users\\)")


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    command = ["git", "ls-files", "-z"]
    try:
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    # A file that is deleted and not yet committed so has nothing to be judged.
    return [path for name in done.stdout.split("\0") if name and (path := REPOSITORY / name).is_file()]


@pytest.fixture(scope="module")
def texts(tracked: list[Path]) -> dict[str, str]:
    found = {}
    for path in tracked:
        try:
            found[path.relative_to(REPOSITORY).as_posix()] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # an image or a PDF
    return found


def test_no_lock_file(tracked: list[Path]) -> None:
    assert "uv.lock" not in {path.name for path in tracked}, "it names a host on every line"


def test_no_registry_host(texts: dict[str, str]) -> None:
    assert [(name, host) for name, text in texts.items() for host in REGISTRY_HOSTS if host in text] == []


def test_no_machine_path(texts: dict[str, str]) -> None:
    found = [(name, hit.group()) for name, text in texts.items() for hit in MACHINE_PATH.finditer(text)]
    assert found == []


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ('open("' + "/home" + '/ann/cohort.csv")', True),
        ("=/" + "work" + "/cohort.csv", True),
        ("C:" + "\\Users\\ann", True),
        ("https://journal.example" + "/home" + "/article", False),
        ("src" + "/work" + "/here", False),
        ("~" + "/work" + "/here", False),
    ],
)
def test_machine_path_pattern(text: str, hit: bool) -> None:
    assert bool(MACHINE_PATH.search(text)) is hit


def test_files_are_small(tracked: list[Path]) -> None:
    sizes = {path.relative_to(REPOSITORY).as_posix(): path.stat().st_size for path in tracked}
    assert {name: size for name, size in sizes.items() if size > MAX_BYTES} == {}


def test_version_is_the_same_everywhere() -> None:
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    changelog = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    top = re.search(r"^## \[([^\]]+)\]", changelog, flags=re.MULTILINE)
    assert top is not None
    assert top.group(1) == version
    citation = (REPOSITORY / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {version}\n" in citation


def test_constraints_pin_every_direct_dependency() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {re.split(r"[\[<>=~! ;]", line)[0] for line in wanted}
    lines = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in pins if not re.match(r"[\w.-]+==[\w.]+( ;|$)", line)] == []
    assert names - {line.partition("==")[0] for line in pins} == set(), "run `make constraints`"
