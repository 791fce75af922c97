"""How probable it is that so many patients have these patterns, whichever patients they are.

Patient i has pattern c with probability p_ic, patients independent; pattern c adds the vector a_c of 0s and
1s to the counts. Dynamic programming over patients gives the probability of the counts r:

    Q_0(0) = 1,        Q_i(s) = sum_c p_ic Q_{i-1}(s - a_c),        Pr(r) = Q_n(r),

the Poisson-multinomial distribution, in n x states x patterns steps where listing the assignments takes
factorially many. Where all patients are alike, and few tables N_c of how many have which pattern agree with
the counts, those are summed instead,

    Pr(r) = sum_N n! prod_c p_c^N_c / N_c!,        sum_c N_c = n,  sum_c N_c a_c = r.

 Drawing the patterns from the last patient backwards, with probability proportional to
p_ic Q_{i-1}(s - a_c), draws an assignment given the counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

__all__ = ["Tally", "draw_patterns", "probability", "tally"]

# As many terms are summed as fast as patients are stepped through.
_MOST_TABLES = 2000
# Beyond, the number of ways overflows.
_MOST_FACTORIAL = 1000


@dataclass(frozen=True, eq=False)
class Tally:
    """The states that counts pass through on their way to what was published.

    Parameters
    ----------
    patients
        Number of patients.
    before
        For each pattern, the state a patient of that pattern comes from (pattern, state).
    reached
        Whether that state exists (pattern, state), as 0 and 1.
    last
        State of the published counts.
    tables
        How many patients have which pattern, for every way that agrees with the counts (table, pattern);
        ``None`` if there are too many.
    """

    patients: int
    before: np.ndarray
    reached: np.ndarray
    last: int
    tables: np.ndarray | None

    @property
    def start(self) -> np.ndarray:
        """Q_0: no patient counted, with certainty."""
        out = np.zeros(self.before.shape[1])
        out[0] = 1.0
        return out


def tally(counts: Sequence[int], patterns: Sequence[Sequence[int]], patients: int) -> Tally:
    """Return the states for these counts and patterns.

    Parameters
    ----------
    counts
        r of each event.
    patterns
        For each pattern, which events it is counted in (0 or 1).
    patients
        n.
    """
    shape = tuple(count + 1 for count in counts)
    states = np.stack(np.unravel_index(np.arange(int(np.prod(shape))), shape), axis=-1)
    origin = states[None] - np.asarray(patterns, dtype=int)[:, None]
    reached = (origin >= 0).all(axis=-1)
    before = np.where(reached, np.ravel_multi_index(np.moveaxis(np.maximum(origin, 0), -1, 0), shape), 0)
    return Tally(
        patients, before, reached.astype(float), int(np.prod(shape)) - 1, _tables(counts, patterns, patients)
    )


def _tables(counts: Sequence[int], patterns: Sequence[Sequence[int]], patients: int) -> np.ndarray | None:
    """List the tables, pattern by pattern; none if more than `_MOST_TABLES` beginnings are possible."""
    if patients > _MOST_FACTORIAL:
        return None
    uses = np.array([[*pattern, 1] for pattern in patterns])
    # Patterns of many events first: those of few are then soon settled by what is left of the counts.
    order = np.argsort(-uses.sum(axis=1), kind="stable")
    left = np.array([[*counts, patients]])
    tables = np.zeros((1, len(patterns)), dtype=int)
    for place, c in enumerate(order):
        most = np.where(uses[c] > 0, left, patients).min(axis=1)
        # What no later pattern is counted in has to be used up by this one.
        settled = (uses[c] > 0) & ~uses[order[place + 1 :]].any(axis=0)
        least = left[:, settled].max(axis=1) if settled.any() else np.zeros_like(most)
        room = np.maximum(most - least + 1, 0)
        if room.sum() > _MOST_TABLES:
            return None
        row = np.repeat(np.arange(most.size), room)
        number = least[row] + np.arange(row.size) - np.repeat(room.cumsum() - room, room)
        tables, left = tables[row], left[row] - number[:, None] * uses[c]
        tables[:, c] = number
    return np.asarray(tables[(left == 0).all(axis=1)])


def _steps(chances: Sequence[Any], steps: Tally) -> list[Any]:
    """Return Q_0 to Q_n, shape (..., state); chances are (..., patient), or (..., 1) if all are alike."""
    alike = chances[0].shape[-1] == 1
    passed = [steps.start]
    for i in range(steps.patients):
        at = 0 if alike else i
        passed.append(
            sum(
                chance[..., at, None] * (passed[-1][..., before] * reached)
                for chance, before, reached in zip(chances, steps.before, steps.reached, strict=True)
            )
        )
    return passed


def probability(chances: Sequence[Any], steps: Tally) -> Any:
    """Return the probability of the counts.

    Parameters
    ----------
    chances
        For each pattern, the patients' probabilities of it, shape (..., patient), or (..., 1) if all
        patients are alike; NumPy arrays or PyTensor tensors.
    steps
        From :func:`tally`.

    Examples
    --------
    Two of three fair coins:

    >>> coins = np.full(3, 0.5)
    >>> float(probability([coins, coins], tally([2], [[1], [0]], 3)))
    0.375
    """
    if chances[0].shape[-1] == 1 and steps.tables is not None:
        return _sum_of_tables(chances, steps.patients, steps.tables)
    return _steps(chances, steps)[-1][..., steps.last]


def _sum_of_tables(chances: Sequence[Any], patients: int, tables: np.ndarray) -> Any:
    ways = np.exp(special.gammaln(patients + 1.0) - special.gammaln(tables + 1.0).sum(axis=1))
    total: Any = ways
    for chance, number in zip(chances, tables.T, strict=True):
        total = total * chance**number
    return total.sum(axis=-1)


def draw_patterns(
    chances: np.ndarray, steps: Tally, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw which patient has which pattern, given the counts.

    Parameters
    ----------
    chances
        Probabilities, shape (draw, pattern, patient).
    steps
        From :func:`tally`.
    rng
        Random numbers.

    Returns
    -------
    patterns, probability
        Index of each patient's pattern (draw, patient), and the probability of the counts (draw); where
        that is 0 the patterns mean nothing.
    """
    passed = _steps(list(np.moveaxis(chances, 1, 0)), steps)
    draws = np.arange(chances.shape[0])
    state = np.full(draws.size, steps.last)
    out = np.zeros((draws.size, steps.patients), dtype=int)
    for i in range(steps.patients - 1, -1, -1):
        before = steps.before[:, state].T
        earlier = np.broadcast_to(passed[i], (draws.size, steps.before.shape[1]))
        weight = chances[:, :, i] * earlier[draws[:, None], before] * steps.reached[:, state].T
        total = weight.cumsum(axis=1)
        chosen = (rng.random(draws.size)[:, None] * total[:, -1:] >= total).sum(axis=1)
        out[:, i] = np.minimum(chosen, steps.before.shape[0] - 1)
        state = before[draws, out[:, i]]
    return out, passed[-1][..., steps.last]
