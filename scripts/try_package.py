"""Build wheel and sdist, and live with each in empty environments: python scripts/try_package.py.

For every Python from 3.12 on that is given or found: a new environment, the wheel with the newest versions
of what it needs, and in an empty folder what a user does first. An extra that is absent must say so in a
sentence that names it. Needs the network, minutes a Python, and `make setup-dev` before.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
VERSIONS = ("3.12", "3.13", "3.14")

# What the first half hour with the package asks of it, without a folder of the repository in sight.
USE = """
import importlib.util, importlib.resources, sys
from importlib.metadata import metadata
import ra_bayes as rb

assert "site-packages" in rb.__file__, rb.__file__
assert (importlib.resources.files("ra_bayes") / "py.typed").is_file()
told_of = metadata("ra_bayes")
assert "Typing :: Typed" in told_of.get_all("Classifier")
assert {*told_of.get_all("Provides-Extra")} == {"clinical", "cluster", "docs"}
missing = [name for name in rb.__all__ if getattr(rb, name, None) is None]
assert not missing, missing
cohort = rb.read_cohort(rb.data_dir() / "synthetic_cohort.csv")
tree = rb.fit(rb.load_model("sdai"), cohort, seed=1)
assert rb.diagnose(tree).passed
print(f"{len(rb.estimands(tree))} estimands, gate passed")

def told(extra, ask):
    try:
        ask()
    except rb.RaBayesError as error:
        assert f"ra_bayes[{extra}]" in str(error), error
        print(f"without {extra}: {error}")
    else:
        raise AssertionError(f"nothing was said of the extra {extra}")

if importlib.util.find_spec("pyreadstat") is None:
    magic = bytes.fromhex("00" * 12 + "c2ea8160b31411cfbd92080009c7318c181f1011")
    open("empty.sas7bdat", "wb").write(magic + b"0" * 4096)
    told("clinical", lambda: rb.read_cohort("empty.sas7bdat"))
if importlib.util.find_spec("distributed") is None:
    told("cluster", lambda: rb.calibrate(rb.load_model("sdai"), seed=1, n_sim=20, per_truth=0, scheduler="tcp://127.0.0.1:1"))
"""

COMMANDS = (
    ("--version",),
    ("--help",),
    ("template", "--out", "clinic.xlsx"),
    ("models", "sdai"),
    ("plan", "simon", "--help"),
    ("demo", "--out", "demo"),
)


def main() -> None:
    """Build, try, and say what held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pythons", nargs="*", help="interpreters (default: 3.12 to 3.14, where present)")
    parser.add_argument("--sdist", action="store_true", help="install the sdist, not the wheel")
    arguments = parser.parse_args()
    pythons = arguments.pythons or found()
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder, "dist")
        run([sys.executable, "-m", "build", "--outdir", str(built)], REPOSITORY)
        for file in sorted(built.iterdir()):
            print(f"{file.name}: {file.stat().st_size / 1e6:.1f} MB", flush=True)
        (artifact,) = built.glob("*.tar.gz" if arguments.sdist else "*.whl")
        for number, python in enumerate(pythons):
            began = time.perf_counter()
            print(f"\n{python}, {artifact.name}", flush=True)
            lived_with(python, artifact, Path(folder, f"{number}"))
            print(f"held, {time.perf_counter() - began:.0f} s", flush=True)
    if not pythons:
        parser.exit(1, "no Python from 3.12 on was found: name one\n")


def found() -> list[str]:
    """Return an interpreter of each version, the first on the path or among pyenv's."""
    pythons = []
    for version in VERSIONS:
        named = [shutil.which(f"python{version}")]
        named += sorted(map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python3")))
        works = [each for each in named if each and answers(each, version)]
        pythons += works[:1]
        if not works:
            print(f"Python {version}: not here, not tried", flush=True)
    return pythons


def answers(python: str, version: str) -> bool:
    """Return whether an interpreter runs and is of the version: pyenv's shims exist for absent ones too."""
    asked = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return done.returncode == 0 and done.stdout.strip() == version


def lived_with(python: str, artifact: Path, folder: Path) -> None:
    """Install into a new environment and use it from an empty folder."""
    run([python, "-m", "venv", str(folder / "env")], REPOSITORY)
    scripts = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
    run([str(scripts / "python"), "-m", "pip", "install", "--quiet", str(artifact)], folder)
    work = folder / "work"
    work.mkdir()
    for command in COMMANDS:
        run([str(scripts / "ra-bayes"), *command], work)
    print(run([str(scripts / "python"), "-c", USE], work).rstrip(), flush=True)
    page = work / "demo" / "index.html"
    print(f"{page.name}: {page.stat().st_size / 1e6:.1f} MB", flush=True)


def run(command: Sequence[str], folder: Path) -> str:
    """Run a command, without this environment's own settings; end with its output if it fails."""
    clean = {
        name: each for name, each in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))
    }
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=clean)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
