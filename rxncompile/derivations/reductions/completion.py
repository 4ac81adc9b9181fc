"""What every reduction is given in the end: its network, and the numbers that say how far it can be trusted."""

from __future__ import annotations

from dataclasses import replace

from ...errors import RxnError
from .as_network import as_network
from .assembly import Reduction
from .validity import validity


def finished(found: Reduction) -> Reduction:
    """A reduction with its validity, which joins the history of the System, and its network."""
    try:
        numbers = validity(found)
    except RxnError:
        numbers = None
    system = found.system
    if numbers is not None:
        last = system.steps[-1]
        step = replace(last, options=(*last.options, ("at the start", str(numbers))))
        system = replace(system, steps=(*system.steps[:-1], step))
    notes = found.notes
    if system.fields and found.mechanism.network is not None:
        notes = (*notes, "no reaction network is made of it, as a rate law cannot hold unknowns of equations")
    found = replace(found, system=system, validity=numbers, notes=notes)
    return replace(found, network=as_network(found))
