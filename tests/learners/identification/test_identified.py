"""Numbers as they are written out."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rxncompile.learners.identification.identified import rounded

sizes = st.floats(1e-12, 1e12)


@given(sizes, sizes, st.booleans())
def test_rounded_within_its_uncertainty(value: float, sd: float, negative: bool) -> None:
    value = -value if negative else value
    found = rounded(value, sd)
    if abs(value) > sd:
        assert abs(found - value) <= 0.0051 * sd + 1e-15 * abs(value)
        shown = len(Decimal(repr(found)).normalize().as_tuple().digits)
        assert shown <= max(1, min(17, math.ceil(math.log10(abs(value) / sd)) + 3))
    assert rounded(found, sd) == found


@pytest.mark.parametrize(
    ("value", "sd", "shown"),
    [(1.003259590372852, 0.0042, 1.00326), (-0.6, 0.2, -0.6), (123456.0, 3000.0, 123460.0), (3.7, 0.0, 3.7),
     (0.0, 1.0, 0.0), (2.5, math.inf, 2.5)],
)  # fmt: skip
def test_some_numbers(value: float, sd: float, shown: float) -> None:
    assert rounded(value, sd) == shown
