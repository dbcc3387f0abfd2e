"""Rank areas by a rate without letting chance do it: few cases pull an area to the middle, too few leave it unranked.

An area's cases are taken as draws of its own rate, the rates of all areas as draws of one beta distribution that is
fitted to them. What is ranked is the mean of what then is known of each area's rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, special

FloatArray = npt.NDArray[np.float64]

LEAST_CASES = 5
"""Cases an area needs for a rank."""
LEVEL = 0.9
"""Probability that the interval holds the area's rate."""
_LARGEST = 14.0
"""Bound of the logarithms searched: means from 1e-6 to 1 - 1e-6, strengths from 1e-6 to 1e6."""


@dataclass(frozen=True)
class BetaPrior:
    """How rates differ between areas: a beta distribution, worth ``alpha + beta`` cases."""

    alpha: float
    beta: float

    @property
    def mean(self) -> float:
        """The rate an area without cases is expected to have."""
        return self.alpha / (self.alpha + self.beta)


def fit_prior(count: npt.ArrayLike, of: npt.ArrayLike) -> BetaPrior:
    """Return the beta distribution that explains the areas' rates best.

    Parameters
    ----------
    count, of
        Shape ``(n,)``: cases counted, and cases they are a share of; areas without cases play no part.

    Returns
    -------
    The mode, in logit of the mean and logarithm of the strength, of the beta-binomial likelihood with the uniform
    shrinkage prior on the strength and the arc-sine prior on the mean. They keep both finite where all areas are
    alike or all rates are 0 or 1.

    Raises
    ------
    ValueError
        If shapes differ, counts are negative, not whole or above their denominators, or no area has a case.

    References
    ----------
    Tak & Morris (2017), Bayesian Analysis 12(2); Christiansen & Morris (1997), JASA 92(438).
    """
    counted, cases = _checked(count, of)
    counted, cases = counted[cases > 0], cases[cases > 0]
    if not len(cases):
        raise ValueError("No area has a case.")
    middle = float(np.median(cases))

    def badness(point: FloatArray) -> float:
        mean, strength = special.expit(point[0]), np.exp(point[1])
        alpha, beta = mean * strength, (1 - mean) * strength
        fit = np.sum(special.betaln(counted + alpha, cases - counted + beta)) - len(cases) * special.betaln(alpha, beta)
        # Densities of the transformed values, so that the mode does not depend on the scale of the search.
        shrinkage = point[1] - 2 * np.log(middle + strength)
        return -float(fit + shrinkage + 0.5 * (np.log(mean) + np.log1p(-mean)))

    share = (counted.sum() + 0.5) / (cases.sum() + 1)
    found = optimize.minimize(
        badness,
        np.array([special.logit(share), np.log(middle)]),
        method="L-BFGS-B",
        bounds=[(-_LARGEST, _LARGEST)] * 2,
        options={"ftol": 1e-13, "gtol": 1e-8},
    )
    mean, strength = float(special.expit(found.x[0])), float(np.exp(found.x[1]))
    return BetaPrior(mean * strength, (1 - mean) * strength)


def shrunk_rates(
    count: npt.ArrayLike, of: npt.ArrayLike, *, prior: BetaPrior, level: float = LEVEL
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return what is known of each area's rate: mean, and both ends of the central interval.

    Parameters
    ----------
    level
        Probability of the interval, above 0 and below 1.

    Returns
    -------
    Three arrays of shape ``(n,)``, shares from 0 to 1; NaN where there is no case: no data, not the average.
    """
    if not 0 < level < 1:
        raise ValueError("The level of an interval lies between 0 and 1.")
    counted, cases = _checked(count, of)
    alpha, beta = counted + prior.alpha, cases - counted + prior.beta
    tail = (1 - level) / 2
    known = cases > 0
    bounds = (special.betaincinv(alpha, beta, share) for share in (tail, 1 - tail))
    mean, low, high = (np.where(known, values, np.nan) for values in (alpha / (alpha + beta), *bounds))
    return mean, low, high


def rank_areas(
    count: npt.ArrayLike,
    of: npt.ArrayLike,
    *,
    higher_is_better: bool = True,
    least_cases: int = LEAST_CASES,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Return the areas' rates as counted and as known, with their ranks.

    Parameters
    ----------
    count, of
        Shape ``(n,)``: cases counted, and cases they are a share of.
    higher_is_better
        Whether the highest rate ranks first (closing) or the lowest (rework).
    least_cases
        Cases from which an area is ranked, at least 2: one case never ranks first, nor last.

    Returns
    -------
    One row an area, in the order given: raw (NaN without cases), rate, low, high, rank (from 1, equal rates share
    one; missing for too few cases) and differs (1 if the whole interval lies above the mean of all areas, -1 if
    below, 0 if neither).

    Raises
    ------
    ValueError
        As ``fit_prior``; or if ``least_cases`` is below 2.
    """
    if least_cases < 2:
        raise ValueError("Ranking needs at least 2 cases in an area.")
    counted, cases = _checked(count, of)
    if not np.any(cases > 0):
        empty = np.full(len(cases), np.nan)
        return _frame(
            empty, (empty, empty, empty), np.zeros(len(cases)), is_ranked=np.zeros(len(cases), dtype=np.bool_)
        )
    prior = fit_prior(counted, cases)
    rate, low, high = shrunk_rates(counted, cases, prior=prior, level=level)
    raw = np.divide(counted, cases, out=np.full(len(cases), np.nan), where=cases > 0)
    differs = (low > prior.mean).astype(float) - (high < prior.mean)
    return _frame(raw, (rate, low, high), differs, is_ranked=cases >= least_cases, higher_is_better=higher_is_better)


def _frame(
    raw: FloatArray,
    known: tuple[FloatArray, FloatArray, FloatArray],
    differs: FloatArray,
    *,
    is_ranked: npt.NDArray[np.bool_],
    higher_is_better: bool = True,
) -> pd.DataFrame:
    rate, low, high = known
    # Rates that differ by rounding only are equal.
    ranked = pd.Series(np.where(is_ranked, rate, np.nan)).round(12).rank(method="min", ascending=not higher_is_better)
    return pd.DataFrame(
        {
            "raw": raw,
            "rate": rate,
            "low": low,
            "high": high,
            "rank": ranked.astype("Int64"),
            "differs": differs.astype(np.int64),
        }
    )


def _checked(count: npt.ArrayLike, of: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    counted, cases = np.asarray(count, dtype=np.float64), np.asarray(of, dtype=np.float64)
    if counted.shape != cases.shape or counted.ndim != 1:
        raise ValueError("Every area needs one count and one denominator.")
    whole = np.isfinite(cases) & (counted == np.floor(counted)) & (cases == np.floor(cases))
    if not np.all(whole & (counted >= 0) & (counted <= cases)):
        raise ValueError("Counts are whole numbers from 0 up to their denominators.")
    return counted, cases
