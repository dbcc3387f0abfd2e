"""Map matching while a patrol walks: each fix is placed as soon as nothing later can change its place.

A fix is settled when all likely sequences agree on it, which is what matching in one go would say too. If they do not
agree for too long, the likeliest is taken and counted as forced.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from gis_app.analysis.map_matching import chosen_states, deviations, has_no_way, placed_fixes
from gis_app.analysis.matching_model import Candidates, MatchModel, candidates_of, steps_between, transitions
from gis_app.analysis.matching_streets import FloatArray, IntArray, MatchingStreets


@dataclass(frozen=True)
class SettledFix:
    """The place of one fix, as ``MatchedFixes`` has it; ``number`` counts the fixes as they were given."""

    number: int
    segment: int
    along_m: float
    chain: int


@dataclass
class LiveMatcher:
    """Matches the fixes of one device as they come.

    Parameters
    ----------
    streets
        The streets of the mode of travel. CRS: projected, metres.
    model
        Parameters.
    lag
        How many telling fixes may be undecided.
    """

    streets: MatchingStreets
    model: MatchModel = field(default_factory=MatchModel)
    lag: int = 30
    forced_count: int = field(default=0, init=False)
    _fixes: list[tuple[int, float, float, bool]] = field(default_factory=list, init=False)
    _tables: list[Candidates] = field(default_factory=list, init=False)
    _before: list[IntArray] = field(default_factory=list, init=False)
    _score: Any = field(default=None, init=False)
    _count: int = field(default=0, init=False)
    _chain: int = field(default=-1, init=False)
    _last_s: float = field(default=-np.inf, init=False)
    _last_sigma_m: float = field(default=np.nan, init=False)

    def add(self, x: float, y: float, *, second: float, accuracy_m: float = np.nan) -> list[SettledFix]:
        """Take the next fix and return those that are settled now, in order.

        Raises
        ------
        ValueError
            If the position is not finite or the time is before that of the last fix.
        """
        if not np.isfinite([x, y, second]).all() or second < self._last_s:
            raise ValueError("Fixes must be finite and in the order of their times.")
        sigma_m = float(deviations([accuracy_m], 1, self.model)[0])
        settled = self.finish() if second - self._last_s > self.model.gap_s else []
        self._last_s, self._last_sigma_m = second, sigma_m
        if self._tables:
            east, north = self._tables[-1].fix[0]
            if (x - east) ** 2 + (y - north) ** 2 < (self.model.thin_sigmas * sigma_m) ** 2:
                self._remember(x, y, is_telling=False)
                return settled
        settled += self._step(self._table(x, y, sigma_m))
        self._remember(x, y, is_telling=True)
        return settled + self._agreed()

    def finish(self) -> list[SettledFix]:
        """Settle whatever is left: the device stopped, or nothing is known of its way to the next fix."""
        if self._fixes and not self._fixes[-1][3]:
            return [*self._tell_last(), *self._settle_rest()]
        return self._settle_rest()

    def _tell_last(self) -> list[SettledFix]:
        """Let the last fix tell where the way ended, however near it is to the one before."""
        number, x, y, _ = self._fixes.pop()
        settled = self._step(self._table(x, y, self._last_sigma_m))
        self._fixes.append((number, x, y, True))
        return settled

    def _settle_rest(self) -> list[SettledFix]:
        if not self._tables:
            return []
        state = self._trace(int(self._score.argmax()), 0)
        settled = self._settle(np.array(state, dtype=np.int64), len(self._tables), keep=0)
        self._tables, self._before, self._score = [], [], None
        return settled

    def _table(self, x: float, y: float, sigma_m: float) -> Candidates:
        return candidates_of(self.streets, np.array([[x, y]]), sigma_m=np.array([sigma_m]), model=self.model)

    def _remember(self, x: float, y: float, *, is_telling: bool) -> None:
        self._fixes.append((self._count, x, y, is_telling))
        self._count += 1

    def _step(self, table: Candidates) -> list[SettledFix]:
        settled: list[SettledFix] = []
        if self._tables:
            steps = steps_between(self.streets, self._tables[-1], table, model=self.model)
            leads = transitions(self.streets, steps, model=self.model)
            if has_no_way(steps.here, steps.there, leads)[0]:
                settled = self._settle_rest()
            else:
                through = self._score[:, None] + leads[0]
                before = through.argmax(axis=0)
                self._score = through[before, np.arange(len(before))] + table.emission[0]
                self._before.append(before)
        if not self._tables:
            self._chain += 1
            self._score = table.emission[0].copy()
        self._tables.append(table)
        return settled

    def _agreed(self) -> list[SettledFix]:
        """Settle up to the last fix on which all sequences that are still possible agree."""
        alive = np.nonzero(np.isfinite(self._score))[0]
        for at in range(len(self._tables) - 1, 0, -1):
            alive = np.unique(self._before[at - 1][alive])
            if len(alive) == 1:
                return self._settle_to(at - 1, int(alive[0]))
        if len(self._tables) <= self.lag:
            return []
        self.forced_count += 1
        at = len(self._tables) - self.lag
        state = self._trace(int(self._score.argmax()), at)[0]
        for candidate in np.nonzero(np.isfinite(self._score))[0].tolist():
            if self._trace(candidate, at)[0] != state:
                self._score[candidate] = -np.inf
        return self._settle_to(at, state)

    def _trace(self, state: int, first: int) -> list[int]:
        """Return the states from ``first`` on that lead to a state of the newest fix."""
        states = [state]
        for at in range(len(self._tables) - 1, first, -1):
            states.append(int(self._before[at - 1][states[-1]]))
        return states[::-1]

    def _settle_to(self, last: int, state: int) -> list[SettledFix]:
        """Settle all telling fixes up to ``last``, and keep that one as the beginning of what is left."""
        if last == 0:
            return []
        states = [state]
        for at in range(last, 0, -1):
            states.append(int(self._before[at - 1][states[-1]]))
        settled = self._settle(np.array(states[::-1], dtype=np.int64), last + 1, keep=1)
        self._tables, self._before = self._tables[last:], self._before[last:]
        return settled

    def _settle(self, state: IntArray, count: int, *, keep: int) -> list[SettledFix]:
        """Place the fixes up to the last of ``count`` telling ones; ``keep`` of these stay to be settled later."""
        tables = self._tables[:count]
        table = Candidates(
            *(np.concatenate(column) for column in zip(*(vars(t).values() for t in tables), strict=True))
        )
        telling = np.array([at for at, (*_, told) in enumerate(self._fixes) if told], dtype=np.int64)[:count]
        # What follows the last telling fix lies between it and one that is not known yet.
        size = int(telling[-1]) if keep else len(self._fixes)
        fix: FloatArray = np.array([(x, y) for _, x, y, _ in self._fixes], dtype=np.float64)[
            : max(size, telling[-1] + 1)
        ]
        chain: npt.NDArray[np.int64] = np.full(count, self._chain, dtype=np.int64)
        chosen = chosen_states(table, state)
        placed = placed_fixes(self.streets, fix, telling=telling, chosen=chosen, chain=chain, model=self.model)
        settled = [
            SettledFix(self._fixes[at][0], int(placed.segment[at]), float(placed.along_m[at]), self._chain)
            for at in range(size)
        ]
        self._fixes = self._fixes[size:]
        return settled
