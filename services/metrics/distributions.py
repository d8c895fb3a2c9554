"""Probabilities that the estimators need, from the standard library's special functions alone."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_TERMS = 500
_PRECISION = 1e-15


def normal_cdf(z: float) -> float:
    """Phi(z)."""
    return 0.5 * math.erfc(-z / math.sqrt(2))


def two_sided(z: float) -> float:
    """P(|Z| >= |z|) of a standard normal Z."""
    return math.erfc(abs(z) / math.sqrt(2))


def chi_squared_tail(value: float, degrees: int) -> float:
    """P(X >= value) for ``degrees`` degrees of freedom: the upper regularised incomplete gamma function."""
    if value <= 0:
        return 1.0
    shape, at = degrees / 2, value / 2
    scale = math.exp(shape * math.log(at) - at - math.lgamma(shape))
    if at < shape + 1:
        return 1.0 - scale * _lower_series(shape, at)
    return scale * _upper_fraction(shape, at)


def _lower_series(shape: float, at: float) -> float:
    term = total = 1 / shape
    for step in range(1, _TERMS):
        term *= at / (shape + step)
        total += term
        if term < total * _PRECISION:
            break
    return total


def _upper_fraction(shape: float, at: float) -> float:
    """Lentz's continued fraction."""
    tiny = 1e-300
    base = at + 1 - shape
    upper, lower = 1 / tiny, 1 / base
    found = lower
    for step in range(1, _TERMS):
        factor = -step * (step - shape)
        base += 2
        lower = 1 / _away_from_zero(factor * lower + base, tiny)
        upper = _away_from_zero(base + factor / upper, tiny)
        change = upper * lower
        found *= change
        if abs(change - 1) < _PRECISION:
            break
    return found


def _away_from_zero(value: float, tiny: float) -> float:
    return value if abs(value) > tiny else tiny


def log_choose(n: int, k: int) -> float:
    """Logarithm of the binomial coefficient."""
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def at_least(probabilities: Sequence[float], successes: int) -> float:
    """P(sum of independent Bernoulli(p) >= successes): the upper tail of the Poisson-binomial distribution.

    1 where nothing more is needed, 0 where there are fewer trials than successes.
    """
    if successes <= 0:
        return 1.0
    if successes > len(probabilities):
        return 0.0
    # only the first states are kept: whoever has enough stays in the last one
    states: npt.NDArray[np.float64] = np.zeros(successes + 1)
    states[0] = 1.0
    for probability in probabilities:
        moved = states[:-1] * probability
        states[:-1] -= moved
        states[1:] += moved
    return float(min(1.0, states[-1]))
