"""Exact optima of small problems by trying everything: the oracle of the search."""

from itertools import permutations

import numpy as np


def best_score_exactly(instance):
    """Return the highest score of a plain instance, by dynamic programming over sets and orders of points."""
    travel, last = instance.travel, len(instance.scores) - 1
    inner = range(1, last)
    shortest = {}
    for point in inner:
        shortest[(1 << point, point)] = travel[0, point]
    for size in range(2, len(inner) + 1):
        for (members, at), time in [item for item in shortest.items() if item[0][0].bit_count() == size - 1]:
            for point in inner:
                if not members >> point & 1:
                    key = (members | 1 << point, point)
                    shortest[key] = min(shortest.get(key, np.inf), time + travel[at, point])
    single = {}
    for (members, at), time in shortest.items():
        if time + travel[at, last] <= instance.time_limit + 1e-9:
            single[members] = sum(instance.scores[point] for point in inner if members >> point & 1)
    together = {0: 0.0}
    for _ in range(instance.team_count):
        grown = dict(together)
        for used, score in together.items():
            for members, gain in single.items():
                if not used & members:
                    grown[used | members] = max(grown.get(used | members, 0.0), score + gain)
        together = grown
    return max(together.values())


def best_value_exactly(problem):
    """Return the highest value of a small routing problem, by trying every order of every set for every team."""
    routes = [_feasible_sets(problem, team) for team in range(len(problem.teams))]
    plans = {frozenset(): ((),) * 0}
    for team in range(len(problem.teams)):
        grown = {}
        for used, plan in plans.items():
            for members, route in routes[team].items():
                if not used & members:
                    grown.setdefault(used | members, (*plan, route))
        plans = grown
    return max(problem.value(plan) for plan in plans.values())


def _feasible_sets(problem, team):
    found = {frozenset(): ()}
    for size in range(1, len(problem.stops) + 1):
        for route in permutations(range(len(problem.stops)), size):
            alone = tuple(route if number == team else () for number in range(len(problem.teams)))
            if frozenset(route) not in found and problem.is_sound(alone):
                found[frozenset(route)] = route
    return found
