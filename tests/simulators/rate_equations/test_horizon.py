"""The time that a page shows: by the time scales and periods of models where these are known."""

from pathlib import Path

import pytest

import rxncompile as rx
from rxncompile.simulators.rate_equations.horizon import horizon, output_times
from rxncompile.simulators.results.times import logarithmic

MODELS = Path(__file__).parents[3] / "models"


def until(text: str) -> float:
    return horizon(rx.rate_equations(rx.parse("model M\n" + text)))


@pytest.mark.parametrize("rate", [1e-2, 1.0, 1e3])
def test_relaxation_is_shown_until_it_is_over(rate: float) -> None:
    shown = until(f"param k = {rate}\nspecies A = 100\nA -> 0 @ k\n")
    assert 2.0 <= shown * rate <= 20.0


@pytest.mark.parametrize("omega", [0.1, 10.0])
def test_an_oscillation_shows_some_periods(omega: float) -> None:
    shown = until(f"param w = {omega}\nspecies X = 1, Y = 0\nX' = w*Y\nY' = -w*X\n")
    assert 3.0 <= shown * omega / 6.2832 <= 40.0


def test_growth_is_shown_while_it_can_be_read() -> None:
    assert 2.0 <= until("species A = 10\nA -> 2 A @ 1\n") <= 20.0


def test_a_slow_stretch_of_a_cycle_is_not_the_end() -> None:
    brusselator = (
        "species X : conc = 1, Y : conc = 1\n0 -> X @ 1\nX -> Y @ 3\n2 X + Y -> 3 X @ 1 {powers}\nX -> 0 @ 1\n"
    )
    assert until(brusselator) >= 20.0  # the period is about 7


def test_nothing_happens() -> None:
    assert until("species A = 10\nB: A -> 0 @ 0\n") == 1.0


def test_timed_events_lie_inside() -> None:
    assert until("param k = 1\nspecies A = 1\nA -> 0 @ k\nat 300 : A = 5\n") > 300.0


def test_what_levels_off_late_is_shown_to_its_end() -> None:
    fast_and_slow = "species M = 0, P = 0\n0 -> M @ 20\nM -> M + P @ 25\nM -> 0 @ 10\nP -> 0 @ 1\n"
    assert until(fast_and_slow) >= 4.0  # P lives 1, M a tenth of it


@pytest.mark.parametrize(
    ("name", "logarithmic_times"),
    [("robertson", True), ("mapk", False), ("calcium", False), ("brusselator", False), ("michaelis_menten", False)],
)
def test_times_are_logarithmic_where_the_story_takes_decades(name: str, logarithmic_times: bool) -> None:
    system = rx.rate_equations(rx.load(MODELS / f"{name}.rxn"))
    t = output_times(system, horizon(system), 101)
    assert len(t) == 101 and t[0] == 0.0 and t[-1] == pytest.approx(horizon(system))
    assert logarithmic(t) is logarithmic_times
