"""Whether the units of an SBML document agree, and the units that its Network is given.

SBML is valid with units that do not agree: its numbers mean what they mean. So every mistake is a warning, and the
Network keeps as many of the units as the model language accepts together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import sympy as sp

from ..dimensions import check_units
from ..errors import Diagnostic
from ..network import Network, Species, Unit
from ..unit_names import unit_of_text
from .sbml_units import SbmlUnits

NUMBER = Unit("dimensionless", sp.S.One, ())


def settled(
    net: Network, units: SbmlUnits, meant: Mapping[str, Unit | None]
) -> tuple[Network, tuple[Diagnostic, ...]]:
    """The Network with units that agree, and a warning for each that does not.

    `meant`: the units of moving quantities that are no species, which a Network calls plain numbers.
    """
    mistakes = check_units(_as_meant(net, units, meant), foreign=True)
    warnings = tuple(replace(d, severity="warning", hint=_hint(d)) for d in mistakes)
    agreeing = next((tried for tried in _with_fewer_units(net) if not check_units(tried)), None)
    return agreeing or _bare(net), (*units.found, *warnings)


def _hint(diagnostic: Diagnostic) -> str:
    """What a reader of SBML is told: numbers stay, whatever their units."""
    told = diagnostic.hint.partition("; units are not rescaled")[0]
    return f"{told}; numbers are used as they are written" if told.startswith("one ") else "numbers are used as written"


def _as_meant(net: Network, units: SbmlUnits, meant: Mapping[str, Unit | None]) -> Network:
    """The Network with the units that SBML gives it; those of levels 1 and 2 count in moles unless they say so."""
    species = tuple(replace(s, unit=meant[s.name]) if s.name in meant else s for s in net.species)
    mole = unit_of_text("mol")
    if units.document.level < 3 and "amount" not in units.model_units and mole is not None:
        species = tuple(
            replace(s, unit=mole) if s.unit is None and s.name not in meant else s for s in species
        )
        net = replace(net, units=(*net.units, ("amount", mole)))
    return replace(net, species=species)


def _with_fewer_units(net: Network) -> Iterator[Network]:
    """The Network, without the units of its numbers and formulas, without those of time and sizes too."""
    yield net
    less = replace(
        net,
        constants=tuple(replace(c, unit=None) for c in net.constants),
        parameters=tuple(replace(p, unit=None) for p in net.parameters),
        rules=tuple(replace(r, unit=None) for r in net.rules),
        observables=tuple(replace(o, unit=None) for o in net.observables),
    )
    yield less
    yield _bare(less)


def _bare(net: Network) -> Network:
    """The Network with the unit of amount alone, which says how many molecules one unit of it is."""
    conc = unit_of_text("conc")
    amount = dict(net.units).get("amount")

    def bare(s: Species) -> Species:
        if s.concentration:
            return replace(s, unit=conc)
        own = s.unit is not None and (amount is None or s.unit.size != amount.size)
        return s if own else replace(s, unit=None)

    return replace(
        net,
        units=() if amount is None or amount.size == 1 else (("amount", amount),),
        constants=tuple(replace(c, unit=None) for c in net.constants),
        parameters=tuple(replace(p, unit=None) for p in net.parameters),
        rules=tuple(replace(r, unit=None) for r in net.rules),
        observables=tuple(replace(o, unit=None) for o in net.observables),
        compartments=tuple(replace(c, unit=None) for c in net.compartments),
        species=tuple(bare(s) for s in net.species),
    )
