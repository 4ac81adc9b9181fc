"""Tables of measurements as people write them, and what is wrong with some."""

from pathlib import Path

import numpy as np
import pytest

from rxncompile.errors import RxnError
from rxncompile.learners.identification.series import Series, read_series

WRONG = [
    ("time;X\n0;1\n1;2\n", "separated by commas"),
    ("X,Y\n0,1\n1,2\n", "'time' or 't'"),
    ("t,time,X\n0,0,1\n1,1,2\n", "only one can be the time"),
    ("t,X,X\n0,1,1\n1,2,2\n", "two columns"),
    ("t,X\n0,1\n1,inf\n", "line 3: 'inf' is not a finite number"),
    ("t,X\n0,1\n1,two\n", "line 3: 'two' is not a number"),
    ("t,X\n0,1\n0,2\n", "do not rise"),
    ("t,X\n0,1\n1\n", "line 3: 1 fields, expected 2"),
    ("t,X\n0,1\n1,nan\n", "less than twice"),
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_wrong_tables_are_told(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text(text)
    with pytest.raises(RxnError) as error:
        read_series(path)
    assert error.value.code == "R720" and said in f"{error.value.message} {error.value.hint}"


def test_runs_gaps_and_comments(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("\ufeff# made up\nrun,time,X,Y\na,1,2,\na,0,1,5\nb,0,3,7\n\nb,2,nan,8\na,3,4,9\nb,4,5,6\n", "utf-8")
    first, second = read_series(path)
    assert first.labels == ("X", "Y") and first.times.tolist() == [0.0, 1.0, 3.0]
    np.testing.assert_array_equal(first.values, [[1.0, 5.0], [2.0, np.nan], [4.0, 9.0]])
    np.testing.assert_array_equal(second.values, [[3.0, 7.0], [np.nan, 8.0], [5.0, 6.0]])
    assert first.of(["Y"]).values[0, 0] == 5.0
    assert first.of("Y").labels == ("Y",)  # one name, and no list of letters
    with pytest.raises(RxnError) as error:
        read_series(tmp_path / "none.csv")
    assert error.value.code == "R702"


def test_infinite_values_are_no_missing_ones() -> None:
    with pytest.raises(RxnError, match="infinite"):
        Series(("X",), np.arange(3.0), np.array([[1.0], [np.inf], [2.0]]))
