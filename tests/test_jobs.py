"""Many tasks: kept as they come, never counted twice, the same bits however often the run was stopped."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jobs_work
import numpy as np
import pytest
from jobs_work import done_in, draw, draw_twice, fail, tasks

from ra_bayes.errors import RaBayesError
from ra_bayes.jobs import Result, Task, run, seeds
from ra_bayes.jobs.digest import digest


def same_bits(one: dict[str, Result], other: dict[str, Result]) -> bool:
    def bits(results: dict[str, Result]) -> list[Any]:
        return [
            (key, name, value.dtype, value.shape, value.tobytes())
            for key, result in results.items()
            for name, value in result.items()
        ]

    return bits(one) == bits(other)


def stop_after(count: int) -> Callable[[int, int, float | None], None]:
    def progress(*told: float | None) -> None:
        if told[0] == count:
            raise KeyboardInterrupt

    return progress


def in_a_process(
    folder: Path, log: Path, count: int, pause: float, largest: int = 0
) -> subprocess.Popen[str]:
    command = [sys.executable, jobs_work.__file__, str(folder), str(log)]
    return subprocess.Popen(
        [*command, str(count), str(pause), str(largest)], stderr=subprocess.PIPE, text=True
    )


def test_results_come_by_key_in_the_tasks_order_as_arrays(tmp_path: Path) -> None:
    many = tasks(3, tmp_path / "log")
    results = run(draw, many)
    assert list(results) == ["trial 0", "trial 1", "trial 2"]
    wanted = np.random.default_rng(many[1].arguments["seed"]).normal(0.0, 1.0, 5)
    assert results["trial 1"]["drawn"].tobytes() == wanted.tobytes()
    assert float(results["trial 1"]["mean"]) == wanted.mean()
    assert results["trial 1"]["positive"].shape == ()


def test_a_result_read_back_is_the_result_that_was_computed(tmp_path: Path) -> None:
    many = tasks(4, tmp_path / "log")
    fresh = run(draw, many, folder=tmp_path / "kept")
    assert same_bits(fresh, run(draw, many))
    assert same_bits(fresh, run(draw, many, folder=tmp_path / "kept"))
    assert len(done_in(tmp_path / "log")) == 8, "the third run had nothing to do"


def test_a_run_that_is_stopped_and_resumed_has_the_bits_of_one_that_is_not(tmp_path: Path) -> None:
    many = tasks(10, tmp_path / "log")
    with pytest.raises(KeyboardInterrupt) as stopped:
        run(draw, many, folder=tmp_path / "kept", progress=stop_after(4))
    assert str(stopped.value) == (
        f"4 of 10 tasks are done; they are kept in {tmp_path / 'kept'}; run the same again to do the rest"
    )
    resumed = run(draw, many, folder=tmp_path / "kept")
    assert sorted(seed for _, seed in done_in(tmp_path / "log")) == sorted(seeds(7, 10)), "each task once"
    assert same_bits(resumed, run(draw, many))


def test_ctrl_c_without_a_folder_says_that_nothing_is_kept(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt, match=r"^1 of 3 .* nothing is kept without a folder"):
        run(draw, tasks(3, tmp_path / "log"), progress=stop_after(1))


def test_a_failing_task_leaves_what_was_finished(tmp_path: Path) -> None:
    many = tasks(3, tmp_path / "log")
    broken = [*many[:2], Task("broken", {**many[2].arguments, "sd": -1.0})]
    with pytest.raises(ValueError, match="scale < 0"):
        run(draw, broken, folder=tmp_path / "kept")
    run(draw, many, folder=tmp_path / "kept")
    assert len(done_in(tmp_path / "log")) == 3


def test_a_killed_process_loses_no_finished_task(tmp_path: Path) -> None:
    folder, log = tmp_path / "kept", tmp_path / "log"
    process = in_a_process(folder, log, 60, 0.05)
    while len(list(folder.glob("*.npz"))) < 3 and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    _, said = process.communicate()
    kept = len(list(folder.glob("*.npz")))
    assert 3 <= kept < 60, said
    before = len(done_in(log))
    resumed = run(draw, tasks(60, log, pause=0.05), folder=folder)
    assert len(done_in(log)) - before == 60 - kept
    assert same_bits(resumed, {task.key: _plain(task) for task in tasks(60, log)})


def _plain(task: Task) -> Result:
    return {name: np.asarray(value) for name, value in draw(task.arguments).items()}


def test_two_processes_in_one_folder_leave_whole_files(tmp_path: Path) -> None:
    folder, log = tmp_path / "kept", tmp_path / "log"
    both = [in_a_process(folder, log, 30, 0.01) for _ in range(2)]
    for process in both:
        _, said = process.communicate()
        assert process.returncode == 0, said
    before = len(done_in(log))
    many = tasks(30, log, pause=0.01)
    results = run(draw, many, folder=folder)
    assert len(done_in(log)) == before, "nothing was left to do"
    assert same_bits(results, run(draw, many))
    assert len(list(folder.iterdir())) == 30


def test_damaged_files_are_done_again_and_mended(tmp_path: Path) -> None:
    many, folder = tasks(6, tmp_path / "log"), tmp_path / "kept"
    whole = run(draw, many, folder=folder)
    cut, empty, flipped, text, _, _ = sorted(folder.iterdir())
    cut.write_bytes(cut.read_bytes()[:-40])
    empty.write_bytes(b"")
    content = bytearray(flipped.read_bytes())
    content[content.index(b"drawn.npy") + 160] ^= 1
    flipped.write_bytes(content)
    text.write_text("not a result")
    told: list[tuple[int, int, float | None]] = []
    again = run(draw, many, folder=folder, progress=lambda *each: told.append(each))
    assert told[0] == (2, 6, None)
    assert same_bits(again, whole)
    run(draw, many, folder=folder, progress=lambda *each: told.append(each))
    assert told[5:] == [(6, 6, None)], "the third run had nothing to do"


def test_other_arguments_or_another_work_are_never_taken_for_kept_ones(tmp_path: Path) -> None:
    many, folder = tasks(3, tmp_path / "log"), tmp_path / "kept"
    first = run(draw, many, folder=folder)
    wider = run(draw, tasks(3, tmp_path / "log", sd=2.0), folder=folder)
    doubled = run(draw_twice, many, folder=folder)
    for key, result in first.items():
        np.testing.assert_array_equal(wider[key]["drawn"], 2.0 * result["drawn"])
        np.testing.assert_array_equal(doubled[key]["positive"], 2 * result["positive"])
    assert same_bits(first, run(draw, many, folder=folder))
    assert len(done_in(tmp_path / "log")) == 9


def test_another_version_of_the_package_starts_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = tasks(2, tmp_path / "log")
    run(draw, many, folder=tmp_path / "kept")
    monkeypatch.setattr("ra_bayes.jobs.store.version", lambda _: "99.0")
    run(draw, many, folder=tmp_path / "kept")
    assert len(done_in(tmp_path / "log")) == 4


def test_a_subset_has_the_seeds_and_results_of_the_whole(tmp_path: Path) -> None:
    many = tasks(8, tmp_path / "log")
    whole = run(draw, many, folder=tmp_path / "kept")
    some = run(draw, many[5:2:-1], folder=tmp_path / "kept")
    assert same_bits(some, {key: whole[key] for key in ("trial 5", "trial 4", "trial 3")})
    children = [np.random.SeedSequence(7, spawn_key=(place,)) for place in range(8)]
    assert seeds(7, 8) == [int(child.generate_state(1, np.uint64)[0]) for child in children]
    assert seeds(7, 3) == seeds(7, 8)[:3]


def test_linear_algebra_has_the_same_bits_on_any_number_of_threads(tmp_path: Path) -> None:
    code = (
        "import sys, jobs_work; from pathlib import Path; from ra_bayes.jobs import run; "
        "run(jobs_work.invert, jobs_work.tasks(3, Path('log')), folder=sys.argv[1])"
    )
    for threads in ("1", "2"):
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "OMP_NUM_THREADS": threads}
        command = [sys.executable, "-c", code, str(tmp_path / threads)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    one, two = ({each.name: each.read_bytes() for each in (tmp_path / at).iterdir()} for at in "12")
    assert one == two


def test_a_file_that_cannot_grow_ends_in_one_sentence_and_what_is_kept_stays(tmp_path: Path) -> None:
    folder, log = tmp_path / "kept", tmp_path / "log"
    process = in_a_process(folder, log, 4, 0.0, largest=5000)
    _, said = process.communicate()
    assert process.returncode == 1
    assert "no result can be kept here (File too large), and what is kept stays; make room" in said
    assert [each.suffix for each in folder.iterdir()] == [".npz"] * 3
    before = len(done_in(log))
    run(draw, tasks(4, log), folder=folder)
    assert len(done_in(log)) == before + 1


def test_a_folder_that_cannot_be_made_is_told_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RaBayesError, match=r"no result can be kept here \(Not a directory\)"):
        run(draw, tasks(2, tmp_path / "log"), folder=tmp_path / "file" / "kept")
    assert done_in(tmp_path / "log") == []


def test_a_read_only_folder_is_told_before_any_work_and_still_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = tasks(3, tmp_path / "log")
    kept = run(draw, many[:2], folder=tmp_path / "kept")

    def refuses(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    # Permissions would not stop the superuser.
    monkeypatch.setattr(tempfile, "TemporaryFile", refuses)
    with pytest.raises(RaBayesError, match=r"Read-only file system"):
        run(draw, many, folder=tmp_path / "kept")
    assert same_bits(kept, run(draw, many[:2], folder=tmp_path / "kept"))
    assert len(done_in(tmp_path / "log")) == 2


def test_progress_tells_what_is_done_and_how_long_the_rest_takes(tmp_path: Path) -> None:
    many = tasks(4, tmp_path / "log", pause=0.01)
    run(draw, many[:2], folder=tmp_path / "kept")
    told: list[tuple[int, int, float | None]] = []
    run(draw, many, folder=tmp_path / "kept", progress=lambda *each: told.append(each))
    assert [each[:2] for each in told] == [(2, 4), (3, 4), (4, 4)]
    assert told[0][2] is None
    assert told[1][2] is not None
    assert told[1][2] > 0.0
    assert told[2][2] == 0.0


def test_two_tasks_of_one_name_are_refused(tmp_path: Path) -> None:
    (task,) = tasks(1, tmp_path / "log")
    with pytest.raises(RaBayesError, match="two tasks are called 'trial 0'"):
        run(draw, [task, task])


def test_work_that_cannot_be_kept_is_refused_before_it_is_done(tmp_path: Path) -> None:
    many = tasks(1, tmp_path / "log")
    with pytest.raises(TypeError, match="top level of a module"):
        run(lambda each: draw(each), many, folder=tmp_path / "kept")
    with pytest.raises(TypeError, match="not a number or an array of numbers"):
        run(lambda _: {"name": "six"}, many)
    with pytest.raises(TypeError, match="plain data, and function is not"):
        run(draw, [Task("one", draw)], folder=tmp_path / "kept")


def test_work_s_own_error_arrives_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError, match="no such trial"):
        run(fail, tasks(1, tmp_path / "log"))


@dataclass(frozen=True)
class Arm:
    name: str
    size: int


DIFFERENT = [
    None, True, 1, 1.0, "1", b"1", 0.0, -0.0, float("nan"), np.float64(1.0), np.arange(2), np.arange(2.0),
    np.zeros((2, 3)), np.zeros((3, 2)), [], (), {}, [[]], [1, 2], [12], ["a", "b"], ["ab"], ["a", ["b"]],
    {"a": 1}, {"a": 2}, {"b": 1}, Arm("a", 1), Arm("a", 2), {"name": "a", "size": 1},
]  # fmt: skip


def test_different_data_have_different_hashes() -> None:
    assert len({digest(each) for each in DIFFERENT}) == len(DIFFERENT)


def test_equal_data_have_equal_hashes_in_every_process() -> None:
    shared = "".join(["re", "sponse"])
    assert digest([shared, shared]) == digest(["response", "".join(["resp", "onse"])])
    assert digest(np.arange(6).reshape(2, 3).T) == digest(np.ascontiguousarray(np.arange(6).reshape(2, 3).T))
    code = "from ra_bayes.jobs.digest import digest; print(digest({'b': [1, 2.5], 'a': ('x', None)}))"
    for salt in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": salt}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
        assert done.stdout.split() == [digest({"a": ("x", None), "b": [1, 2.5]})], done.stderr
