"""What a command shows while it works, and how it ends when it is stopped."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from ra_bayes.cli import terminal
from ra_bayes.cli.group import _Group
from ra_bayes.cli.terminal import progress


def test_without_a_terminal_progress_is_a_line_a_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("calibrate") as tell:
        for done in range(41):
            tell(done, 40, None if not done else 3.0 * (40 - done))
    out, said = capsys.readouterr()
    assert out == "", "standard output is for the result"
    assert said.splitlines() == [
        "calibrate: 0 of 40",
        "calibrate: 4 of 40, about 2 min left",
        "calibrate: 8 of 40, about 2 min left",
        "calibrate: 12 of 40, about 84 s left",
        "calibrate: 16 of 40, about 72 s left",
        "calibrate: 20 of 40, about 60 s left",
        "calibrate: 24 of 40, about 48 s left",
        "calibrate: 28 of 40, about 36 s left",
        "calibrate: 32 of 40, about 24 s left",
        "calibrate: 36 of 40, about 12 s left",
        "calibrate: 40 of 40",
    ]


def test_slow_work_says_a_line_a_minute(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(terminal.time, "monotonic", lambda: now)
    with progress("plan") as tell:
        for done in range(5):
            now = 25.0 * done
            tell(done, 1000, 25.0 * (1000 - done))
    assert capsys.readouterr().err.splitlines() == [
        "plan: 0 of 1000, about 6 h 57 min left",
        "plan: 3 of 1000, about 6 h 55 min left",
    ]


def test_no_work_at_all_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("plan") as tell:
        tell(0, 0, None)
    assert capsys.readouterr().err == "plan: 0 of 0\n"


def test_on_a_terminal_progress_is_a_bar_with_the_time_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    with progress("calibrate") as tell:
        tell(10, 40, 95.0)
    said = capsys.readouterr().err
    for part in ("calibrate", "10/40", "about 2 min left"):
        assert part in said


@pytest.mark.parametrize("told", ["4 of 10 tasks are done; run the same again to do the rest", None])
def test_ctrl_c_tells_how_to_go_on(told: str | None) -> None:
    group = _Group("main")

    @group.command()
    def work() -> None:
        raise KeyboardInterrupt(*([told] if told else []))

    done = CliRunner().invoke(group, ["work"])
    assert done.exit_code == 1
    assert done.stderr.split() == [*(f"ra-bayes: {told}".split() if told else []), "Aborted!"]
