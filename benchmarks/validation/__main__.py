"""Write docs/validation.md: make validation, or python -m validation NAME ... with benchmarks/ on PYTHONPATH.

Every number comes from the code that ran. With names of sections, these alone are made anew.
"""

from __future__ import annotations

import argparse
import datetime
import os
import re
import time

from conditions import conditions

from validation.certificates import certificates
from validation.designs import designs
from validation.engines import engines
from validation.historical import historical
from validation.mixed_models import mixed_models
from validation.place import PAGE
from validation.scores import scores
from validation.stored import stored

SECTIONS = {
    each.__name__: each for each in (designs, historical, scores, mixed_models, certificates, engines, stored)
}
INTRODUCTION = """\
# Validation

What others published beside what ra_bayes finds, what simulation says of its intervals, and what two engines
say of one question. `make validation` writes this page; no number of ours in it is typed. Under each section
stands when it was made, in how long and with which versions.
"""


def main() -> None:
    """Make the sections asked for, keep the others as they are."""
    parser = argparse.ArgumentParser(description="Write docs/validation.md.")
    parser.add_argument(
        "sections", nargs="*", help=f"which to make anew: {', '.join(SECTIONS)} (default: all)"
    )
    asked = parser.parse_args().sections or list(SECTIONS)
    if unknown := [name for name in asked if name not in SECTIONS]:
        parser.error(f"no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    kept = sections_of(PAGE.read_text(encoding="utf-8")) if PAGE.is_file() else {}
    for name in SECTIONS:
        if name in asked or name not in kept:
            print(name, flush=True)
            kept[name] = made(name)
    parts = [f"<!-- section {name} -->\n\n{kept[name]}\n" for name in SECTIONS]
    PAGE.write_text("\n".join([INTRODUCTION, *parts]), encoding="utf-8", newline="\n")


def made(name: str) -> str:
    """Return a section with when and how it was made."""
    began = time.perf_counter()
    load = os.getloadavg()[0]
    text = SECTIONS[name]()
    took = time.perf_counter() - began
    on = datetime.datetime.now(datetime.UTC).date().isoformat()
    machine, versions = conditions().splitlines()
    machine = re.sub(r"load [\d.]+ over the last minute", f"load {load:.1f} before", machine)
    return f"{text}\n\n*Made on {on} in {took:.0f} s. {machine}; {versions}.*"


def sections_of(page: str) -> dict[str, str]:
    """Return the sections of a page by name."""
    parts = re.split(r"^<!-- section (\w+) -->\n", page, flags=re.MULTILINE)
    return {name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}


if __name__ == "__main__":
    main()
