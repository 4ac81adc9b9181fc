import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rxncompile.views.choice import chosen, movers, pair

T = np.linspace(0.0, 1.0, 21)


def ramps(*tops):
    return np.array(tops)[None, :] * T[:, None]


def test_magnitudes_and_units_have_their_own_panels():
    found = chosen(ramps(100.0, 0.01, 80.0, 0.02, 50.0), ("n", "n", "n", "n", "uM"))
    assert found.groups == ((0, 2), (1, 3), (4,))
    assert found.note == ""


def test_few_are_all_shown_even_where_nothing_moves():
    found = chosen(np.ones((21, 3)), ("n", "n", "n"))
    assert found.groups == ((0, 1, 2),)
    assert chosen(np.zeros((21, 2)), ("n", "n")).groups == ((0, 1),)


def test_of_many_the_largest_movers_are_shown_and_it_is_said():
    values = ramps(*(100.0 + k for k in range(50)))
    values[:, 10] = 140.0  # stands still
    found = chosen(values, ("n",) * 50)
    assert 10 not in found.columns
    assert found.columns == tuple(range(20, 50))
    assert found.note == "30 of 50 quantities are shown, those that move most."
    assert all(len(g) <= 6 for g in found.groups)


def test_a_group_too_large_is_spread_over_panels():
    assert chosen(ramps(*range(1, 7)), ("n",) * 6, most=3).groups == ((0, 1, 2), (3, 4, 5))


def test_values_that_are_no_numbers_do_no_harm():
    values = ramps(1.0, 2.0)
    values[3, 0] = np.nan
    values[4, 1] = np.inf
    assert chosen(values, ("n", "n")).columns == (0, 1)
    assert movers(values, 1) in ((0,), (1,))


@given(
    st.lists(st.floats(0.0, 1e12), min_size=1, max_size=40),
    st.integers(1, 6),
)
def test_every_choice_fits_a_page(tops, most):
    found = chosen(ramps(*tops), tuple("ab"[k % 2] for k in range(len(tops))), most)
    assert 1 <= len(found.groups) <= 5
    assert all(1 <= len(g) <= most for g in found.groups)
    assert len(set(found.columns)) == len(found.columns)
    assert bool(found.note) == (len(found.columns) < len(tops))
    assert all(len({k % 2 for k in g}) == 1 for g in found.groups)


def test_the_pair_that_fills_a_plane():
    values = np.column_stack([np.sin(6 * T) + 1, 2 * np.sin(6 * T) + 2, np.cos(6 * T) + 1, np.full(21, 5.0)])
    assert pair(values) in ((0, 2), (1, 2))
    assert pair(values[:, [0, 3]]) is None
