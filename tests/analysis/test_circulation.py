"""Determined flows and cheapest cycles on small random networks, against a linear program and against all choices."""

from dataclasses import replace
from itertools import combinations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from gis_app.analysis.circulation import Circulation, protected, varying


@st.composite
def networks(draw, most=8):
    """Return a network at rest, which is a circulation whatever its arcs: what matters is the room below and above."""
    pairs = list(combinations(range(5), 2))
    chosen = draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=most, unique=True))
    turned = draw(st.lists(st.booleans(), min_size=len(chosen), max_size=len(chosen)))
    ends = np.array([pair[::-1] if turn else pair for pair, turn in zip(chosen, turned, strict=True)])
    size = len(chosen)

    def row(*values):
        return draw(st.lists(st.sampled_from(values), min_size=size, max_size=size).map(np.array))

    return Circulation(
        tail=ends[:, 0],
        head=ends[:, 1],
        count=np.zeros(size, dtype=np.int64),
        low=row(-np.inf, -1.0, 0.0),
        high=row(0.0, 1.0, np.inf),
        price=row(1.0, 2.0, 5.0),
        unknown=row(False, False, False, True),
    ), row(False, True)


def moves(flows, hidden, *, arc):
    """Return whether a flow can be another than it is, by a linear program either way."""
    balance = np.zeros((5, len(hidden)))
    balance[flows.tail, np.arange(len(hidden))] += 1
    balance[flows.head, np.arange(len(hidden))] -= 1
    bounds = np.where(hidden[:, None], np.column_stack([flows.low, flows.high]), 0.0).clip(-9, 9)
    for sign in (1, -1):
        cost = np.zeros(len(hidden))
        cost[arc] = sign
        best = linprog(cost, A_eq=balance, b_eq=np.zeros(5), bounds=bounds)
        assert best.status == 0
        if best.fun < -0.5:
            return True
    return False


@given(networks())
def test_a_hidden_flow_varies_if_and_only_if_a_linear_program_moves_it(network):
    flows, hidden = network
    expected = [bool(hidden[arc]) and moves(flows, hidden, arc=arc) for arc in range(len(hidden))]
    assert varying(flows, hidden).tolist() == expected


@given(networks(most=7))
@settings(max_examples=60)
def test_one_determined_flow_is_freed_at_the_lowest_price(network):
    flows, everything = network
    everything[:] = True
    size = len(everything)
    free = np.flatnonzero(varying(flows, everything) & ~flows.unknown)
    assume(len(free))
    alone = flows.unknown.copy()
    alone[free[0]] = True
    added = protected(flows, alone) & ~alone
    prices = []
    for choice in range(2**size):
        more = alone | (choice >> np.arange(size) & 1).astype(bool)
        if varying(flows, more)[free[0]]:
            prices.append(flows.price[more & ~alone].sum())
    assert flows.price[added].sum() == min(prices)
    assert varying(flows, alone | added)[free[0]]


def test_a_way_over_hidden_flows_is_free_however_long():
    # Back from 1 to 0: over 4 at price 1 + 1, or over 2 and 3, hidden already, at price 1.
    arcs = np.array([(0, 1), (1, 4), (4, 0), (1, 2), (2, 3), (3, 0)])
    hidden = np.array([True, False, False, True, True, False])
    flows = Circulation(
        tail=arcs[:, 0],
        head=arcs[:, 1],
        count=np.zeros(6, dtype=np.int64),
        low=np.zeros(6),
        high=np.full(6, 9.0),
        price=np.ones(6),
        unknown=np.zeros(6, dtype=bool),
    )
    assert protected(flows, hidden).tolist() == [True, False, False, True, True, True]


@given(networks())
def test_what_is_hidden_stays_hidden_and_nothing_is_determined(network):
    flows, hidden = network
    # What cannot vary though all is hidden is beyond protection.
    flows = replace(flows, unknown=~varying(flows, np.ones_like(hidden)))
    result = protected(flows, hidden)
    assert not (hidden & ~result).any()
    assert varying(flows, result)[result & ~flows.unknown].all()
