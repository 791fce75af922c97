"""Statistics of monotone trials, added up patient by patient; compiled by numba, cached on disk."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

__all__ = ["moments"]


@numba.njit(cache=True, error_model="numpy")
def moments(y: Any, seen: Any, arm: Any, n: Any, m: Any, s: Any) -> None:
    """Add up what a monotone trial's likelihood depends on.

    Parameters
    ----------
    y, seen, arm
        Records (trial, patient, visit), how many visits from the first each patient has (trial, patient), and
        the patients' arms (patient).
    n, m, s
        Out: patients (trial, arm, visit); for each visit j the means of visits 0 to j among those seen at j
        (trial, arm, ...), concatenated; and their cross-products about the arms' means, pooled, at visit 0
        about the common mean (trial, ...), lower triangles concatenated.
    """
    trials, patients, visits = y.shape
    arms = n.shape[1]
    row = np.empty(visits)
    for b in range(trials):
        n[b], m[b], s[b] = 0.0, 0.0, 0.0
        count, shift = 0, 0.0
        for i in range(patients):
            if seen[b, i] > 0:
                shift += y[b, i, 0]
                count += 1
        shift /= max(count, 1)
        for i in range(patients):
            # Into the block of the patient's last visit; blocks are added up from the end below.
            j = seen[b, i] - 1
            if j < 0:
                continue
            at_m, at_s, g = j * (j + 1) // 2, j * (j + 1) * (j + 2) // 6, arm[i]
            n[b, g, j] += 1.0
            for p in range(j + 1):
                row[p] = y[b, i, p] - shift
                m[b, g, at_m + p] += row[p]
                for q in range(p + 1):
                    s[b, at_s] += row[p] * row[q]
                    at_s += 1
        for j in range(visits - 2, -1, -1):
            at_m, at_s = j * (j + 1) // 2, j * (j + 1) * (j + 2) // 6
            next_m, next_s = at_m + j + 1, at_s + (j + 1) * (j + 2) // 2
            for g in range(arms):
                n[b, g, j] += n[b, g, j + 1]
                for p in range(j + 1):
                    m[b, g, at_m + p] += m[b, g, next_m + p]
            for k in range((j + 1) * (j + 2) // 2):
                s[b, at_s + k] += s[b, next_s + k]
        for j in range(visits):
            at_m = j * (j + 1) // 2
            for g in range(arms):
                inverse = 1.0 / n[b, g, j] if n[b, g, j] > 0.0 else 0.0
                at_s = j * (j + 1) * (j + 2) // 6
                for p in range(j + 1):
                    for q in range(p + 1):
                        if j > 0:
                            s[b, at_s] -= m[b, g, at_m + p] * m[b, g, at_m + q] * inverse
                        at_s += 1
                for p in range(j + 1):
                    m[b, g, at_m + p] *= inverse
