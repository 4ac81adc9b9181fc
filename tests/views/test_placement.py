import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
