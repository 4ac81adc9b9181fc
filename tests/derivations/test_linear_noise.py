"""Linear noise: exact for linear networks, and the orders of its errors as the system grows."""

import numpy as np
import pytest
import sympy as sp

import rxncompile as rx
from rxncompile.derivations.linear_noise import linear_noise
from rxncompile.derivations.moments import moments
from rxncompile.errors import RxnError
from rxncompile.monomials import Kind

T = np.linspace(0.0, 3.0, 4)


def test_a_linear_network_has_no_more_than_linear_noise() -> None:
    """The same equations as the central moments', term by term."""
    net = rx.parse("species A = 4, B = 1\nparam k = 2\n0 -> A @ 3\nA -> 2 A + B @ k\nA -> B @ 5\nB -> 0 @ 1\n")
    exact = {text.strip("<>"): sp.expand(rhs) for text, rhs in moments(net, 2, Kind.CENTRAL).equations()}
    means = {sp.Symbol(f"<{s}>", real=True): sp.Symbol(s, real=True) for s in "AB"}
    found = {text.strip("<>"): sp.expand(rhs) for text, rhs in linear_noise(net).equations()}
    assert found == {text: rhs.xreplace(means) for text, rhs in exact.items()}


DIMERS = """compartment c = {V}
species A : conc in c = 1, D : conc in c = 0
2 A -> D @ 2
D -> 2 A @ 1
0 -> A @ 1
A -> 0 @ 0.5
"""


@pytest.mark.parametrize("correction", [False, True])
def test_the_error_of_the_mean_falls_as_the_expansion_says(correction: bool) -> None:
    """Against the master equation: the macroscopic mean is off by a constant, the corrected one by 1/volume."""
    errors = []
    for volume in (8, 16, 32):
        net = rx.parse(DIMERS.replace("{V}", str(volume)))
        exact = rx.master_equation(rx.jump_process(net), T, error=1e-9).mean_of("A")
        path = rx.integrate(linear_noise(net, correction), T, rtol=1e-9)
        errors.append(np.abs(path["<A>" if correction else "A"] - exact)[1:].max())
    falls = np.log2(np.array(errors[:-1]) / errors[1:])
    if correction:
        assert (falls > 0.7).all() and (falls < 1.4).all()  # the next order in 1/volume joins in
    else:
        assert (np.abs(falls) < 0.2).all()


def test_covariances_approach_those_of_the_master_equation() -> None:
    relative = []
    for volume in (8, 32):
        net = rx.parse(DIMERS.replace("{V}", str(volume)))
        exact = rx.master_equation(rx.jump_process(net), T, error=1e-9).sd_of("A") ** 2
        path = rx.integrate(linear_noise(net), T, rtol=1e-9)
        relative.append(np.abs(path["<A^2>_c"] / np.maximum(exact, 1e-12) - 1)[1:].max())
    assert relative[1] < 0.4 * relative[0] < 0.2


def test_a_net_with_events_is_refused() -> None:
    with pytest.raises(RxnError, match="events"):
        linear_noise(rx.parse("species A = 1\nA -> 0 @ 1\nat 3 : A = 5\n"))
