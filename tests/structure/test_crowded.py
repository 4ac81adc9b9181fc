"""The null space found in floating point and proved in whole numbers, against elimination."""

import random

import pytest

from rxncompile.structure import crowded
from rxncompile.structure.linear import Echelon, Row


def rows_of(columns: int, count: int, seed: int) -> list[Row]:
    draw = random.Random(seed)
    return [{c: draw.choice((-2, -1, 1, 2)) for c in draw.sample(range(columns), 3)} for _ in range(count)]


def annihilates(rows: list[Row], vector: Row) -> bool:
    return all(sum(x * vector.get(c, 0) for c, x in row.items()) == 0 for row in rows)


@pytest.mark.parametrize("seed", range(12))
def test_the_same_space_as_by_elimination(seed: int) -> None:
    columns = list(range(24))
    rows = rows_of(24, 12 + seed, seed)
    found = crowded.null_space(rows, columns)
    echelon = Echelon()
    for row in rows:
        echelon.add(row)
    want = echelon.null_space(columns)
    assert found is not None and len(found) == len(want)
    assert all(annihilates(rows, v) for v in found)
    both = Echelon()
    assert [both.add(v) for v in (*want, *found)] == [True] * len(want) + [False] * len(found)


def test_vector_k_is_alone_in_a_column_of_its_own() -> None:
    found = crowded.null_space(rows_of(30, 12, 3), range(30))
    assert found is not None
    for vector in found:
        assert any(all(c not in other for other in found if other is not vector) for c in vector)


def test_columns_that_are_left_out_are_held_at_zero() -> None:
    assert crowded.null_space([{0: 1, 1: -1}, {1: 1, 2: -1}], [0, 2]) == []
    assert crowded.null_space([{0: 1, 1: -1, 2: 5}], [0, 1]) == [{0: 1, 1: 1}]


def test_fractions_that_are_not_short_are_left_to_elimination() -> None:
    assert crowded.null_space([{0: 99_991, 1: -99_989}], [0, 1]) is None
