"""Scores that people give: ratings of raters who differ in kindness, and promoters against detractors."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.metrics.distributions import normal_cdf
from services.metrics.estimators import Z95

PRIOR_RATINGS = 5
"""A rater's own mean is shrunk towards everybody's as if five average ratings came with it."""
PROMOTER_FROM = 9
DETRACTOR_TO = 6


@dataclass(frozen=True)
class Raters:
    """Ratings of one cycle, each on 0-1: everybody's mean and spread, and each rater's shrunken mean."""

    mean: float
    deviation: float
    """Standard deviation (n - 1) over all ratings; 0 when they do not differ."""
    means: Mapping[str, float]

    def z(self, rater: str, rating: float) -> float | None:
        """How far a rating lies from what this rater usually gives; None when no two ratings differ."""
        return (rating - self.means.get(rater, self.mean)) / self.deviation if self.deviation > 0 else None

    def performance(self, rater: str, rating: float) -> float | None:
        """100 * Phi(z)."""
        z = self.z(rater, rating)
        return None if z is None else 100 * normal_cdf(z)


def shrunken_raters(ratings: Mapping[str, Sequence[float]]) -> Raters | None:
    """Ratings by rater; None below two ratings.

    m = (sum of the rater's ratings + 5 * everybody's mean) / (n + 5). A plain z per rater would be undefined with one
    rating and +-0.71 with two, whoever was rated.
    """
    everything = [rating for given in ratings.values() for rating in given]
    if len(everything) < 2:  # noqa: PLR2004 - a spread takes two
        return None
    mean = statistics.fmean(everything)
    means = {
        rater: (math.fsum(given) + PRIOR_RATINGS * mean) / (len(given) + PRIOR_RATINGS)
        for rater, given in ratings.items()
    }
    return Raters(mean, statistics.stdev(everything), means)


@dataclass(frozen=True)
class PromoterScore:
    """-100 to 100 with the margin of its 95 % interval."""

    score: float
    margin: float
    promoters: int
    detractors: int
    n: int


def promoter_score(answers: Mapping[int, int]) -> PromoterScore | None:
    """Number of answers by value on 0-10: promoters (9-10) less detractors (0-6) of all; None of nothing."""
    n = sum(answers.values())
    if n == 0:
        return None
    promoters = sum(count for answer, count in answers.items() if answer >= PROMOTER_FROM)
    detractors = sum(count for answer, count in answers.items() if answer <= DETRACTOR_TO)
    share = (promoters - detractors) / n
    variance = (promoters + detractors) / n - share**2
    return PromoterScore(100 * share, 100 * Z95 * math.sqrt(max(0.0, variance) / n), promoters, detractors, n)
