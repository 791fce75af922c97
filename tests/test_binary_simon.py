"""Simon's two-stage search: against every design there is, and against Simon's own tables."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ra_bayes.errors import RaBayesError
from ra_bayes.planning.binary.recursion import binary_stopping
from ra_bayes.planning.binary.simon import SimonDesign, simon

# r1/n1, r/n, EN and PET at p0 for (alpha, power) = (.10, .90), (.05, .80), (.05, .90):
# Designs of Simon R (1989), Control Clin Trials 10:1, tables 1 and 2, written down from memory, not from the
# paper; the search of clinfun 1.1.5 finds the same.
ERRORS = ((0.10, 0.90), (0.05, 0.80), (0.05, 0.90))
OPTIMAL = {
    (0.05, 0.25): ("0/9 2/24 14.5 .63", "0/9 2/17 12.0 .63", "0/9 3/30 16.8 .63"),
    (0.10, 0.30): ("1/12 5/35 19.8 .66", "1/10 5/29 15.0 .74", "2/18 6/35 22.5 .73"),
    (0.20, 0.40): ("3/17 10/37 26.0 .55", "3/13 12/43 20.6 .75", "4/19 15/54 30.4 .67"),
    (0.30, 0.50): ("7/22 17/46 29.9 .67", "5/15 18/46 23.6 .72", "8/24 24/63 34.7 .73"),
    (0.40, 0.60): ("7/18 22/46 30.2 .56", "7/16 23/46 24.5 .72", "11/25 32/66 36.0 .73"),
    (0.50, 0.70): ("11/21 26/45 29.0 .67", "8/15 26/43 23.5 .70", "13/24 36/61 34.0 .73"),
    (0.60, 0.80): ("6/11 26/38 25.4 .47", "7/11 30/43 20.5 .70", "12/19 37/53 29.5 .69"),
    (0.70, 0.90): ("6/9 22/28 17.8 .54", "4/6 22/27 14.8 .58", "11/15 29/36 21.2 .70"),
    (0.05, 0.20): ("0/12 3/37 23.5 .54", "0/10 3/29 17.6 .60", "1/21 4/41 26.7 .72"),
    (0.10, 0.25): ("2/21 7/50 31.2 .65", "2/18 7/43 24.7 .73", "2/21 10/66 36.8 .65"),
    (0.20, 0.35): ("5/27 16/63 43.6 .54", "5/22 19/72 35.4 .73", "8/37 22/83 51.4 .69"),
    (0.30, 0.45): ("9/30 29/82 51.4 .59", "9/27 30/81 41.7 .73", "13/40 40/110 60.8 .70"),
    (0.80, 0.95): ("5/7 27/31 20.8 .42", "7/9 26/29 17.7 .56", "16/19 37/42 24.4 .76"),
}
MINIMAX = {
    (0.05, 0.25): ("0/13 2/20 16.4 .51", "0/12 2/16 13.8 .54", "0/15 3/25 20.4 .46"),
    (0.10, 0.30): ("1/16 4/25 20.4 .51", "1/15 5/25 19.5 .55", "2/22 6/33 26.2 .62"),
    (0.20, 0.40): ("3/19 10/36 28.3 .46", "4/18 10/33 22.3 .72", "5/24 13/45 31.2 .66"),
    (0.30, 0.50): ("7/28 15/39 35.0 .36", "6/19 16/39 25.7 .67", "7/24 21/53 36.6 .56"),
    (0.40, 0.60): ("11/28 20/41 33.8 .55", "17/34 20/39 34.4 .91", "12/29 27/54 38.1 .64"),
    (0.50, 0.70): ("11/23 23/39 31.0 .50", "12/23 23/37 27.7 .66", "14/27 32/53 36.1 .65"),
    (0.60, 0.80): ("18/27 24/35 28.5 .82", "8/13 25/35 20.8 .65", "15/26 32/45 35.9 .48"),
    (0.05, 0.20): ("0/18 3/32 26.4 .40", "0/13 3/27 19.8 .51", "1/29 4/38 32.9 .57"),
    (0.30, 0.45): ("16/50 25/69 56.0 .68", "16/46 25/65 49.6 .81", "27/77 33/88 78.5 .86"),
    (0.60, 0.75): ("25/43 43/64 54.4 .46", "18/30 43/62 43.8 .57", "48/72 57/84 73.2 .90"),
}


def printed(design: SimonDesign) -> str:
    text = f"{design.r1}/{design.n1} {design.r}/{design.n} {design.en0:.1f} {design.pet0:.2f}"
    return text.replace(" 0.", " .")


@pytest.mark.parametrize(("p0", "p1"), OPTIMAL)
def test_optimal_designs_are_simons(p0: float, p1: float) -> None:
    assert tuple(printed(simon(p0, p1, *each).optimal) for each in ERRORS) == OPTIMAL[p0, p1]


@pytest.mark.parametrize(("p0", "p1"), MINIMAX)
def test_minimax_designs_are_simons(p0: float, p1: float) -> None:
    assert tuple(printed(simon(p0, p1, *each).minimax) for each in ERRORS) == MINIMAX[p0, p1]


def test_admissible_designs_are_those_of_the_clinfun_vignette() -> None:
    # clinfun 1.1.5, "Clinical trial functions": twostage.admissible(ph2simon(0.25, 0.45, 0.05, 0.1)): the
    # admissible design has one patient more than the minimax one (50 and 49), and EN 34 to the optimal's 33.
    found = simon(0.25, 0.45, 0.05, 0.9)
    assert [each.n for each in found.admissible] == [49, 50, 57]
    assert [round(each.en0) for each in found.admissible] == [37, 34, 33]


def every_design(p0: float, p1: float, alpha: float, power: float, n_max: int) -> list[tuple[int, ...]]:
    """The size and all (EN0, r1, n1, r) that keep the error rates, by enumeration without any pruning."""
    found = []
    for n in range(2, n_max + 1):
        for n1 in range(1, n):
            x1, r = np.arange(n1 + 1), np.arange(n + 1)
            reject = []
            for p in (p0, p1):
                joint = stats.binom.pmf(x1, n1, p)[:, None] * stats.binom.sf(r - x1[:, None], n - n1, p)
                # Sum over x1 > r1, for r1 = 0..n1.
                reject.append(joint[::-1].cumsum(axis=0)[::-1][1:])
            for r1, each in zip(*np.nonzero((reject[0] <= alpha) & (reject[1] >= power)), strict=True):
                pet = stats.binom.cdf(r1, n1, p0)
                found.append((n, n1 + (1.0 - pet) * (n - n1), int(r1), n1, int(each)))
    return found


@pytest.mark.parametrize(
    ("p0", "p1", "alpha", "power", "n_max"),
    [
        (0.1, 0.45, 0.05, 0.8, 24),
        (0.3, 0.65, 0.1, 0.9, 26),
        (0.02, 0.2, 0.1, 0.8, 26),
        (0.55, 0.9, 0.05, 0.85, 24),
        (0.4, 0.75, 0.2, 0.7, 16),
        (0.75, 0.98, 0.05, 0.9, 24),
    ],
)
def test_no_design_is_missed(p0: float, p1: float, alpha: float, power: float, n_max: int) -> None:
    every = every_design(p0, p1, alpha, power, n_max)
    found = simon(p0, p1, alpha, power, n_max)
    smallest = min(n for n, *_ in every)
    assert found.minimax.n == smallest
    assert found.minimax.en0 == pytest.approx(min(en0 for n, en0, *_ in every if n == smallest), abs=1e-10)
    assert found.optimal.en0 == pytest.approx(min(en0 for _, en0, *_ in every), abs=1e-10)
    # No design lies below the hull of the admissible ones.
    sizes, expected = [d.n for d in found.admissible], [d.en0 for d in found.admissible]
    for n, en0, *_ in every:
        assert en0 >= np.interp(n, sizes, expected) - 1e-10


def test_a_search_over_several_tables_of_sizes_misses_nothing() -> None:
    # The optimal design has 110 patients, more than the first tables hold.
    assert simon(0.3, 0.45, 0.05, 0.9).optimal.n == 110
    # The bound of the search cuts no design off: a smaller one still has the same designs.
    assert simon(0.4, 0.6, 0.05, 0.9, n_max=66) == simon(0.4, 0.6, 0.05, 0.9, n_max=1000)


@pytest.mark.parametrize("errors", ERRORS)
def test_error_rates_are_those_of_the_paths(errors: tuple[float, float]) -> None:
    for design in simon(0.2, 0.4, *errors).admissible:
        found = binary_stopping(design.boundaries, [0.2, 0.4])
        assert found.p_success == pytest.approx([design.alpha, design.power], abs=1e-12)
        assert found.p_early[0] == pytest.approx(design.pet0, abs=1e-12)
        assert found.expected_n[0] == pytest.approx(design.en0, abs=1e-10)


def test_final_boundary_is_the_largest_that_keeps_the_power() -> None:
    for design in simon(0.1, 0.3, 0.1, 0.9).admissible:
        later = np.arange(design.r1 + 1, design.n1 + 1)
        left = stats.binom.sf(design.r + 1 - later, design.n - design.n1, 0.3)
        assert stats.binom.pmf(later, design.n1, 0.3) @ left < 0.9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.3, 0.1, 0.05, 0.8), "p0 = 0.3 and p1 = 0.1 do not fit"),
        ((0.0, 0.1, 0.05, 0.8), "write 0 < p0 < p1 < 1"),
        ((0.1, 0.3, 0.0, 0.8), "alpha = 0 cannot be"),
        ((0.1, 0.3, 0.05, 1.0), "power = 1 cannot be"),
        ((0.1, 0.3, 0.5, 0.4), "between alpha = 0.5 and 1"),
        ((0.1, 0.3, 0.05, 0.8, 0), "at most 0 patients cannot be searched"),
        ((0.1, 0.3, 0.05, 0.8, 24), "no two-stage design of at most 24 patients"),
    ],
)
def test_bad_input_gets_one_sentence(arguments: tuple[float, ...], message: str) -> None:
    with pytest.raises(RaBayesError, match=message):
        simon(*arguments)  # type: ignore[arg-type]


def test_words_tell_the_whole_design() -> None:
    words = simon(0.05, 0.2, 0.1, 0.9).optimal.words()
    assert "Stage 1 enrols 12 patients. If none of them responds" in words
    assert "25 more patients are enrolled, 37 in all" in words
    assert "at least 4 of the 37" in words
