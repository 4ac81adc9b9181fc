import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rxncompile.views import placement
from rxncompile.views.placement import place


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 25), st.lists(st.tuples(st.integers(0, 24), st.integers(0, 24)), max_size=40), st.data())
def test_no_two_boxes_overlap(count, links, data):
    links = [(a % count, b % count) for a, b in links if a % count != b % count]
    width = data.draw(st.floats(0.1, 1.5))
    sizes = np.full((count, 2), [width, 0.3])
    points = place(links, sizes, 0.7, 0.1)
    assert np.isfinite(points).all()
    for i in range(count):
        for j in range(i):
            apart = np.abs(points[i] - points[j])
            assert (apart >= [width + 0.05, 0.35]).any()


def test_the_same_graph_gives_the_same_picture():
    links = [(0, 3), (3, 1), (1, 4), (4, 2), (2, 5), (5, 0)]
    sizes = np.full((6, 2), 0.2)
    assert np.array_equal(place(links, sizes, 0.7, 0.1), place(links, sizes, 0.7, 0.1))


def test_linked_boxes_stand_about_an_edge_apart():
    links = [(k, k + 1) for k in range(9)]
    points = place(links, np.full((10, 2), 0.1), 0.7, 0.1)
    lengths = [np.hypot(*(points[a] - points[b])) for a, b in links]
    assert lengths == pytest.approx([0.7] * 9, rel=0.2)
    assert points[0, 0] < points[9, 0]  # reading order


def through(points, links, sizes):
    """Lines that run through an ellipse at neither of their ends, by points along them."""
    s = np.linspace(0.0, 1.0, 400)[:, None]
    found = set()
    for k, (a, b) in enumerate(links):
        line = points[a] * (1 - s) + points[b] * s
        for n in set(range(len(points))) - {a, b}:
            if (((line - points[n]) / (sizes[n] / 2)) ** 2).sum(axis=1).min() < 1.0:
                found.add((k, n))
    return found


def test_lines_run_around_boxes_that_are_not_theirs():
    """The calcium model's network: a cube of receptor states, each face joined by reactions to one ion or the other."""
    states = [(i, a, h) for i in range(2) for a in range(2) for h in range(2)]
    links, square = [], len(states) + 2
    for axis, ion in ((0, 8), (1, 9), (2, 9)):
        for state in states:
            if state[axis] == 0:
                other = tuple(1 if k == axis else x for k, x in enumerate(state))
                links += [(states.index(state), square), (states.index(other), square), (ion, square)]
                square += 1
    sizes = np.array([[0.8, 0.27]] * 10 + [[0.6, 0.23]] * (square - 10))
    bodies = np.array([[0.8, 0.27]] * 10 + [[0.13, 0.13]] * (square - 10))
    points = place(links, sizes, 1.0, 0.16, bodies)
    by_stress_alone = place(links, sizes, 1.0, 0.16, np.zeros_like(bodies))
    assert len(through(points, links, bodies)) <= 1
    assert len(through(by_stress_alone, links, bodies)) > len(through(points, links, bodies))


def test_of_several_starts_the_clearest_is_taken(monkeypatch):
    """Three networks drawn by lot, ten species and twelve reactions of two or three: fewer crossings in all."""
    chance = np.random.default_rng(3)
    drawn = [
        [(int(a), 10 + k) for k in range(12) for a in chance.choice(10, 2 + k % 2, replace=False)] for _ in range(3)
    ]

    def total():
        return sum(crossings(place(links, np.full((22, 2), 0.2), 0.7, 0.1), links) for links in drawn)

    best = total()
    monkeypatch.setattr(placement, "_TRIES", 1)
    assert best < total()


def crossings(points, links):
    def turn(p, q, r):
        return np.sign((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]))

    count = 0
    for i, (a, b) in enumerate(links):
        for c, d in links[:i]:
            p, q, r, s = (points[k] for k in (a, b, c, d))
            if len({a, b, c, d}) == 4 and turn(p, q, r) != turn(p, q, s) and turn(r, s, p) != turn(r, s, q):
                count += 1
    return count
