"""Moments of the chemical Langevin equation: the jump process as a diffusion of the same drift and diffusion.

    dn = sum_r c_r a_r(n) dt + sum_r c_r sqrt(a_r(n)) dW_r
    d<f>/dt = sum_i <A_i df/dn_i> + (1/2) sum_ij <B_ij d2f/dn_i dn_j>      A = sum_r c_r a_r,  B = sum_r c_r c_r' a_r

which is `f(n + c_r) - f(n)` as a Taylor series cut after the second derivative (Kramers-Moyal). Means and second
moments have the equations of the jump process, higher moments have others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..monomials import Kind
from ..network import Network
from ..operators import generator
from ..system import Step, System
from .moments import hierarchy


def langevin_moments(
    net: Network, order: int, kind: Kind = Kind.RAW, of: Iterable[str] | None = None, expansion: int | None = None
) -> System:
    """The moment equations of the diffusion, open above `order` where a reaction is not linear.

    Arguments and errors as of `moments`; R517 for factorial moments. Gillespie 2000; Schnoerr, Sanguinetti and Grima
    2014.
    """
    system = hierarchy(net, generator(net), order, kind, of, expansion, derivatives=2)
    options = (("process", "chemical Langevin equation"), ("order", str(order)), ("kind", kind))
    return replace(system, steps=(*system.steps[:-1], Step("moment equations", options, "Gillespie 2000")))
