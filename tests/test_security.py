"""docs/security.md is true: nothing connects, nothing that is read is run but a builder that was allowed."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
import sys
from pathlib import Path

import ra_bayes as rb

REPOSITORY = Path(__file__).resolve().parent.parent
SOURCES = REPOSITORY / "src" / "ra_bayes"
# Modules that connect, start programs or turn bytes into code.
CONNECT = {"socket", "ssl", "http", "ftplib", "smtplib", "requests", "httpx", "aiohttp", "webbrowser"}
REVIVE = {"pickle", "cloudpickle", "marshal", "shelve", "dill", "joblib", "yaml"}


@functools.cache
def uses() -> tuple[tuple[str, str], ...]:
    """Each module's imports and calls by name, as (file, name)."""
    found = []
    for path in SOURCES.rglob("*.py"):
        file = path.relative_to(SOURCES).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found += [(file, alias.name) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                found += [(file, f"{node.module}.{alias.name}") for alias in node.names]
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                called = node.func
                owner = called.value if isinstance(called, ast.Attribute) else None
                before = "" if owner is None else f"{owner.id if isinstance(owner, ast.Name) else '?'}."
                found.append(
                    (file, f"{before}{called.id if isinstance(called, ast.Name) else called.attr}()")
                )
    return tuple(found)


def files_with(names: set[str]) -> set[str]:
    return {file for file, name in uses() if name.split(".")[0] in names}


def test_nothing_connects_but_to_the_scheduler_asked_for() -> None:
    assert files_with(CONNECT) == set()
    assert {name for _, name in uses() if name.startswith("urllib.")} <= {"urllib.parse.quote"}
    assert {file for file, name in uses() if name.split(".")[0] == "distributed"} <= {"jobs/cluster.py"}


def test_no_program_is_started() -> None:
    assert files_with({"subprocess", "pty"}) == set()
    starts = re.compile(r"os\.(system|popen|exec\w*|spawn\w*|posix_spawn)\(\)")
    assert [use for use in uses() if starts.fullmatch(use[1])] == []


def test_only_a_builder_is_run_and_only_dask_s_bytes_are_revived() -> None:
    assert {file for file, name in uses() if name in ("exec()", "compile()")} == {"model/builder.py"}
    assert {file for file, name in uses() if name in ("eval()", "__import__()")} == set()
    assert files_with(REVIVE) == {"jobs/cluster.py"}
    assert [use for use in uses() if use[1] == "np.load()"] == [("jobs/store.py", "np.load()")]


WATCHED = """
import sys
FORBIDDEN = {"socket.connect", "socket.bind", "socket.getaddrinfo", "webbrowser.open",
             "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"}
def watch(event, arguments):
    # Python itself asks for the processor's name.
    if event in FORBIDDEN and "uname" not in str(arguments):
        sys.stderr.write(f"WATCHED {event} {arguments}\\n")
        raise RuntimeError(event)
sys.addaudithook(watch)
from ra_bayes.cli import main
for line in sys.argv[1:]:
    main(line.split("|"), standalone_mode=False)
"""


def test_commands_open_no_connection_and_start_no_program(tmp_path: Path) -> None:
    data = rb.data_dir()
    commands = [
        f"check|{data / 'synthetic_cohort.csv'}",
        "models|sdai",
        "plan|acr20_one_arm",
    ]
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, *commands], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "WATCHED" not in done.stderr
    assert done.returncode == 0, done.stderr
