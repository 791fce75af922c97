"""What the long haul asks of the command line: every verb, on sound inputs and on bad ones, in one folder."""

from __future__ import annotations

import json
import random
import shutil
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bad_binaries import BINARIES
from nasty import nasty_file

from ra_bayes.resources import data_dir, models_dir

BAD_TEXTS = [
    case
    for page in sorted(Path(__file__).with_name("bad_files").glob("*.toml"))
    for case in tomllib.loads(page.read_text(encoding="utf-8"))["file"]
]
# Of one structure, so that one compilation on disk serves them all.
MODELS = ("sdai", "vas", "il10", "tnf_alpha")
DONE = frozenset({0, 3})
REFUSED = frozenset({2})
# A verb that reads a folder is refused where it holds nothing for it: no fit, or none that passed its gate.
READS = DONE | REFUSED


@dataclass(frozen=True)
class Command:
    """What follows ``ra-bayes``, the folder that it may write to, and the codes it may end with."""

    arguments: tuple[str, ...]
    out: Path | None
    ends: frozenset[int]

    @property
    def verb(self) -> str:
        """Its first word."""
        return self.arguments[0]

    @property
    def heavy(self) -> bool:
        """Whether it samples: a minute on a busy machine."""
        return (
            self.verb in ("fit", "trust", "compare", "calibrate", "demo") and "--show" not in self.arguments
        )


@dataclass(frozen=True)
class Scene:
    """The folders of a run: its inputs, and the results folder that lives on."""

    root: Path

    @property
    def out(self) -> Path:
        """The results folder."""
        return self.root / "results"

    @property
    def sheets(self) -> Path:
        """Where single files are written."""
        return self.root / "sheets"

    @property
    def cache(self) -> Path:
        """Where PyTensor keeps what it compiled: not the user's own, which a small disk would damage."""
        return self.root / "cache"

    @property
    def inputs(self) -> Path:
        """What commands read, and none may touch."""
        return self.root / "inputs"

    def prepare(self) -> None:
        """Write what commands read."""
        for each in (self.out, self.sheets, self.inputs, self.root / "tmp", self.root / "cwd"):
            each.mkdir(parents=True, exist_ok=True)
        shutil.copy(data_dir() / "synthetic_cohort.csv", self.inputs / "cohort.csv")
        nasty_file(self.inputs)
        page = (models_dir() / "outcomes" / "sdai.toml").read_text(encoding="utf-8")
        (self.inputs / "sdai_too.toml").write_text(page, encoding="utf-8")
        (self.inputs / "bad_page.toml").write_text(page.replace("[", "[[", 1), encoding="utf-8")
        for number, case in enumerate(BAD_TEXTS):
            folder = self.inputs / "bad" / f"text-{number}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "clinic.csv").write_text(case["content"], encoding="utf-8", newline="")
            if "mapping" in case:
                (folder / "mapping.toml").write_text(case["mapping"], encoding="utf-8", newline="")
        for number, (write, _) in enumerate(BINARIES.values()):
            folder = self.inputs / "bad" / f"binary-{number}"
            folder.mkdir(parents=True, exist_ok=True)
            write(folder / "clinic")


def drawn(scene: Scene, dice: random.Random, *, light: bool = False) -> Command:
    """Draw a command; only one that takes seconds if asked for."""
    names = [*VERBS]
    while True:
        (name,) = dice.choices(names, [VERBS[each][1] for each in names])
        made = VERBS[name][0](scene, dice)
        if not (light and made.heavy):
            return made


def _made(dice: random.Random, words: list[object], out: Path | None, ends: frozenset[int]) -> Command:
    """Return a command; every other time it answers in JSON."""
    json_too = ["--json"] if dice.random() < 0.4 and words[0] != "template" else []
    return Command((*map(str, words), *json_too), out, ends)


def _cohort(scene: Scene, dice: random.Random) -> Path:
    return dice.choice([scene.inputs / "cohort.csv"] * 2 + [*scene.inputs.glob("*nasty*.csv")])


def _bad(scene: Scene, dice: random.Random) -> list[object]:
    """Return a bad table's path, with the mapping that belongs to it."""
    folder = dice.choice(sorted((scene.inputs / "bad").iterdir()))
    (table,) = folder.glob("clinic*")
    mapping = folder / "mapping.toml"
    return [table, "--mapping", mapping] if mapping.is_file() else [table]


def _pseudonyms(scene: Scene, dice: random.Random) -> list[object]:
    key = ["--key", scene.sheets / f"key-{dice.randrange(3)}.csv"] if dice.random() < 0.3 else []
    return ["--pseudonymise", *key] if dice.random() < 0.25 else []


def _fits(scene: Scene) -> list[str]:
    return sorted(each.parent.name for each in scene.out.glob("[!.]*/posterior.nc"))


def _check(scene: Scene, dice: random.Random) -> Command:
    if dice.random() < 0.5:
        return _made(dice, ["check", *_bad(scene, dice)], None, REFUSED)
    template = ["--fix-template", scene.sheets / "mapping.toml"] if dice.random() < 0.3 else []
    words = ["check", _cohort(scene, dice), *template, *_pseudonyms(scene, dice)]
    # A key of one cohort is none of another's, and a page that is there may have been edited.
    ends = frozenset({0, 2}) if "--key" in words or template else frozenset({0})
    return _made(dice, words, scene.sheets if template else None, ends)


def _template(scene: Scene, dice: random.Random) -> Command:
    out = scene.sheets / dice.choice(("clinic.xlsx", "clinic.csv", f"{dice.random()}.xlsx"))
    outcomes = [word for name in dice.sample(MODELS, 2) for word in ("--outcome", name)]
    # A sheet that is there already may be filled in.
    return _made(dice, ["template", "--out", out, *outcomes], scene.sheets, frozenset({0, 2}))


def _fit(scene: Scene, dice: random.Random) -> Command:
    sampling = [
        "--draws",
        dice.choice((100, 400)),
        "--chains",
        dice.choice((2, 4)),
        "--seed",
        dice.randrange(9),
    ]
    out = ["--out", scene.out]
    if dice.random() < 0.15:
        return _made(dice, ["fit", *_bad(scene, dice), "--model", "sdai", *out], scene.out, REFUSED)
    if dice.random() < 0.1:
        page = dice.choice((scene.inputs / "bad_page.toml", "no_such_model", scene.inputs / "none.toml"))
        words = ["fit", scene.inputs / "cohort.csv", "--model", page, *out]
        return _made(dice, words, scene.out, REFUSED)
    if dice.random() < 0.1:
        words = [
            "fit",
            scene.inputs / "cohort.csv",
            "--joint",
            "records",
            "--outcome",
            "vas",
            "--outcome",
            "sdai",
        ]
        return _made(dice, [*words, *out, *sampling], scene.out, DONE)
    models = [word for name in dice.sample(MODELS[:3], dice.choice((1, 1, 2))) for word in ("--model", name)]
    words = ["fit", _cohort(scene, dice), *models, *out, *sampling, *_pseudonyms(scene, dice)]
    return _made(dice, words, scene.out, DONE | REFUSED if "--key" in words else DONE)


def _trust(scene: Scene, dice: random.Random) -> Command:
    models = ["--model", dice.choice(_fits(scene))] if _fits(scene) else []
    return _made(dice, ["trust", scene.out, *models], scene.out, READS)


def _compare(scene: Scene, dice: random.Random) -> Command:
    words = [
        "compare",
        scene.inputs / "cohort.csv",
        "--model",
        "sdai",
        "--model",
        scene.inputs / "sdai_too.toml",
    ]
    return _made(dice, [*words, "--out", scene.out], scene.out, DONE)


def _report(scene: Scene, dice: random.Random) -> Command:
    formats = dice.choice(([], ["--format", "docx"], ["--format", "html", "--format", "docx"]))
    paper = ["--published", data_dir() / "published" / "jamshidi2024.toml"] if dice.random() < 0.2 else []
    ci = ["--ci-prob", dice.choice((0.8, 0.95))] if dice.random() < 0.3 else []
    words = ["report", scene.out, *formats, *paper, *ci, *_pseudonyms(scene, dice)]
    return _made(dice, words, scene.out, READS)


def _figures(scene: Scene, dice: random.Random) -> Command:
    if dice.random() < 0.15:
        return _made(dice, ["figures", "--list"], None, frozenset({0}))
    only = [
        word for name in dice.sample(("forest", "trajectories", "waterfall"), 2) for word in ("--only", name)
    ]
    style = ["--style", dice.choice(("house", "ard", "bmc", "slides"))]
    words = ["figures", scene.out, *style, *dice.choice((only, [*only, "--format", "svg"])), "--dpi", 100]
    return _made(dice, [*words, *_pseudonyms(scene, dice)], scene.out, READS)


def _tables(scene: Scene, dice: random.Random) -> Command:
    formats = [
        word for name in dice.sample(("html", "latex", "docx", "csv"), 2) for word in ("--format", name)
    ]
    return _made(dice, ["tables", scene.out, *formats, *_pseudonyms(scene, dice)], scene.out, READS)


def _published(scene: Scene, dice: random.Random) -> Command:
    if dice.random() < 0.4:
        bad = dice.choice(
            (scene.inputs / "bad_page.toml", scene.inputs / "none.toml", scene.inputs / "cohort.csv")
        )
        return _made(dice, ["published", bad], None, REFUSED)
    page = data_dir() / "published" / dice.choice(("jamshidi2024.toml", "alvarogracia2017.toml"))
    out = ["--out", scene.out] if dice.random() < 0.4 else []
    return _made(dice, ["published", page, *out], scene.out if out else None, DONE)


def _plan(scene: Scene, dice: random.Random) -> Command:
    out = ["--out", scene.out] if dice.random() < 0.6 else []
    place = scene.out if out else None
    kind = dice.choice(("list", "page", "page", "simon", "bad", "posterior"))
    if kind == "list":
        return Command(("plan",), None, frozenset({0}))
    if kind == "bad":
        return _made(
            dice, ["plan", dice.choice(("nothing", scene.inputs / "bad_page.toml")), *out], place, REFUSED
        )
    if kind == "simon":
        return _made(dice, ["plan", "simon", "--p0", "0.1", "--p1", "0.3", *out], place, frozenset({0}))
    believed = ["--posterior", scene.out] if kind == "posterior" else []
    ends = frozenset({0, 2, 3}) if believed else frozenset({0})
    return _made(dice, ["plan", "acr20_one_arm", *believed, *out], place, ends)


def _interim(scene: Scene, dice: random.Random) -> Command:
    if dice.random() < 0.4:
        return _made(dice, ["interim", "acr20_one_arm", *_bad(scene, dice)], None, REFUSED)
    words = ["interim", "acr20_one_arm", scene.inputs / "cohort.csv"]
    return _made(dice, words, None, frozenset({0, 2}))


def _calibrate(scene: Scene, dice: random.Random) -> Command:
    model = dice.choice(MODELS[:3])
    if dice.random() < 0.5:
        return _made(dice, ["calibrate", model, "--show"], None, frozenset({0}))
    small = [
        "--n-sim",
        20,
        "--per-truth",
        0,
        "--seed",
        dice.randrange(2),
        "--out",
        scene.root / "certificates",
    ]
    return _made(dice, ["calibrate", model, *small], scene.root / "certificates", frozenset({0}))


def _models(scene: Scene, dice: random.Random) -> Command:
    kind = dice.choice(([], ["haq"], ["haq", "--pymc"], ["no_such_model"], [scene.inputs / "bad_page.toml"]))
    bad = kind and kind[0] not in ("haq",)
    return _made(dice, ["models", *kind], None, REFUSED if bad else frozenset({0, 2}))


def _demo(scene: Scene, dice: random.Random) -> Command:
    return _made(dice, ["demo", "--out", scene.root / "demo"], scene.root / "demo", DONE)


VERBS: dict[str, tuple[Callable[[Scene, random.Random], Command], float]] = {
    "check": (_check, 3),
    "template": (_template, 2),
    "fit": (_fit, 4),
    "trust": (_trust, 1),
    "compare": (_compare, 0.5),
    "report": (_report, 3),
    "figures": (_figures, 3),
    "tables": (_tables, 2.5),
    "published": (_published, 0.8),
    "plan": (_plan, 3),
    "interim": (_interim, 1),
    "calibrate": (_calibrate, 1),
    "models": (_models, 1),
    "demo": (_demo, 0.05),
}


def is_json(text: str) -> bool:
    """Say whether a text is one JSON value."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
