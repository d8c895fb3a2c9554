"""Aalen-Johansen: the probability of each way out when ways out compete. A competing exit is never a censoring."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.metrics.estimators import (
    AT_RISK_MINIMUM,
    SLACK,
    Z95,
    Counts,
    Floats,
    Lifetimes,
    covered_points,
)


@dataclass(frozen=True)
class Exits:
    """Counts per grid point, ``times`` ascending and unique; ``causes`` has one row a way out."""

    times: Counts
    entries: Counts
    causes: npt.NDArray[np.int64]
    censored: Counts

    @property
    def subjects(self) -> int:
        return int(self.causes.sum() + self.censored.sum())

    @property
    def resolved(self) -> int:
        """Left by any cause."""
        return int(self.causes.sum())

    def any_cause(self) -> Lifetimes:
        return Lifetimes(self.times, self.entries, self.causes.sum(axis=0), self.censored)


@dataclass(frozen=True)
class Incidence:
    """Cumulative incidence of each cause at the exit times, and what is left."""

    times: Counts
    at_risk: Counts
    causes: npt.NDArray[np.int64]
    incidence: Floats
    """Shape (causes, times)."""
    survival: Floats
    end: int | None
    """Last grid point the estimate covers."""

    def at(self, cause: int, horizon: int) -> float:
        """Probability to have left by ``cause`` by ``horizon``."""
        position = self._position(horizon)
        return float(self.incidence[cause, position]) if position >= 0 else 0.0

    def remaining(self, horizon: int) -> float:
        """Probability not to have left by any cause by ``horizon``."""
        position = self._position(horizon)
        return float(self.survival[position]) if position >= 0 else 1.0

    def reaches(self, cause: int, level: float) -> int | None:
        """First t with incidence >= ``level``; None = not reached."""
        reached = np.flatnonzero(self.incidence[cause] >= level - SLACK)
        return int(self.times[reached[0]]) if reached.size else None

    def interval(self, cause: int, horizon: int) -> tuple[float, float] | None:
        """95 % interval on the log(-log) scale; None where the incidence is 0 or 1 and has no spread."""
        value, variance = self.at(cause, horizon), self.variance(cause, horizon)
        if not 0 < value < 1:
            return None
        spread = Z95 * float(np.sqrt(variance)) / (value * abs(float(np.log(value))))
        return value ** float(np.exp(spread)), value ** float(np.exp(-spread))

    def variance(self, cause: int, horizon: int) -> float:
        """Delta-method variance (Marubini and Valsecchi, 1995)."""
        upto = self._position(horizon) + 1
        if upto == 0:
            return 0.0
        at_risk = self.at_risk[:upto].astype(np.float64)
        every = self.causes[:, :upto].sum(axis=0).astype(np.float64)
        own = self.causes[cause, :upto].astype(np.float64)
        incidence = self.incidence[cause, :upto]
        before = np.concatenate(([1.0], self.survival[: upto - 1]))
        to_come = incidence[-1] - incidence
        remaining = np.where(at_risk > every, at_risk - every, 1.0)
        # nobody remains: nothing is to come either, so the first sum has no term there
        first = to_come**2 * every / (at_risk * remaining)
        second = before**2 * own * (at_risk - own) / at_risk**3
        third = to_come * before * own / at_risk**2
        return float(max(0.0, first.sum() + second.sum() - 2 * third.sum()))

    def _position(self, horizon: int) -> int:
        return int(np.searchsorted(self.times, horizon, side="right")) - 1


def aalen_johansen(exits: Exits, *, minimum_at_risk: int = AT_RISK_MINIMUM) -> Incidence:
    """Cumulative incidences with late entry; they and the survival add up to 1 at every time.

    Ends where fewer than ``minimum_at_risk`` are at risk, as ``kaplan_meier`` does (1 = no guard).
    """
    lifetimes = exits.any_cause()
    at_risk = lifetimes.at_risk()
    covered = covered_points(at_risk, lifetimes.events + lifetimes.censored > 0, minimum_at_risk)
    end = int(exits.times[covered][-1]) if covered.any() else None
    happened = covered & (lifetimes.events > 0)
    at_risk = at_risk[happened]
    causes = exits.causes[:, happened]
    survival = np.cumprod((at_risk - causes.sum(axis=0)) / at_risk)
    before = np.concatenate(([1.0], survival[:-1])) if survival.size else survival
    incidence = np.cumsum(before * causes / at_risk, axis=1)
    return Incidence(exits.times[happened], at_risk, causes, incidence, survival, end)
