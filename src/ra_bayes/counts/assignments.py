"""How probable it is that so many patients have these patterns, whichever patients they are.

Patient i has pattern c with probability p_ic, patients independent; pattern c adds the vector a_c of 0s and
1s to the counts. Dynamic programming over patients gives the probability of the counts r:

    Q_0(0) = 1,        Q_i(s) = sum_c p_ic Q_{i-1}(s - a_c),        Pr(r) = Q_n(r),

the Poisson-multinomial distribution, in n x states x patterns steps where listing the assignments takes
factorially many. Drawing the patterns from the last patient backwards, with probability proportional to
p_ic Q_{i-1}(s - a_c), draws an assignment given the counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Tally", "draw_patterns", "probability", "tally"]


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
    """

    patients: int
    before: np.ndarray
    reached: np.ndarray
    last: int

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
    return Tally(patients, before, reached.astype(float), int(np.prod(shape)) - 1)


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
    return _steps(chances, steps)[-1][..., steps.last]


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
