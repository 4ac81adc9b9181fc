"""SBML documents drawn at random, read by us and by libRoadRunner: compared case by case.

    pip install -e '.[check]'
    python tests/benchmarks/roadrunner_sbml.py --cases 200

Case `n` of seed `s` is the same on every run: `--first n --cases 1 --show` repeats it and prints its document. Both
integrate with tight tolerances; the error of a quantity is |ours - theirs| / (1e-7 * scale + 1e-5 * |theirs|), scale
its maximum. Exit 1 where an error is above 1 or only one of the two reads the document, unless libRoadRunner is known
to be at fault (`known`).
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import libsbml
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from external.test_semantic import quantity  # noqa: E402
from interchange import sbml_text as w  # noqa: E402

from rxncompile.derivations.rates import rate_equations  # noqa: E402
from rxncompile.errors import RxnError, Source  # noqa: E402
from rxncompile.interchange.sbml_in import read_sbml  # noqa: E402
from rxncompile.network import Observable  # noqa: E402
from rxncompile.simulators.rate_equations.ode import integrate  # noqa: E402

UNTIL, POINTS = 5.0, 21
SECONDS = 20.0  # for one of their runs
FUNCTIONS = {"x": "x/(1+x)", "x, y": "x*y", "y, x": "piecewise(x, x > y, y)"}
LEVELS = ((3, 2), (3, 2), (3, 1), (2, 4), (2, 1))
GIVEN = ("k0", "k1", "k2")

Answer = dict[str, np.ndarray]


# ---------------------------------------------------------------------------------------------- documents


@dataclass
class Drawing:
    """One document while it is being drawn: its elements, and the names that formulas may mention."""

    draw: random.Random
    parts: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    species_names: list[str] = field(default_factory=list)
    terms: list[str] = field(default_factory=list)
    reacting: list[str] = field(default_factory=list)
    functions: list[tuple[str, int]] = field(default_factory=list)  # name, number of arguments
    converting: bool = False

    def chance(self, p: float) -> bool:
        return self.draw.random() < p

    def one(self, *choices: str) -> str:
        return self.draw.choice(choices)

    def text(self) -> str:
        self.species_names = [f"S{k}" for k in range(self.draw.randint(2, 5))]
        self.terms = [*self.species_names, *GIVEN]
        self.compartments()
        self.parameters()
        for name in self.species_names:
            self.species(name)
        self.reacting = self.reacting or self.species_names[:1]
        self.definitions()
        for k in range(self.draw.randint(1, 4)):
            self.reaction(k)
        if self.chance(0.3):
            self.events()
        self.draw.shuffle(self.parts)
        factor = ' conversionFactor="cf"' if self.converting and self.chance(0.6) else ""
        return w.document(*self.parts, model=f'id="m"{factor}')

    def compartments(self) -> None:
        for k in range(self.draw.choice((1, 1, 2))):
            name, varies, parts = f"C{k}", self.chance(0.25), self.parts
            self.places.append(name)
            given = {"spatialDimensions": self.one("1", "2", "3"), "constant": str(not varies).lower()}
            parts.append(w.compartment(name, self.one("1", "0.5", "2", "10"), **given))
            kind = self.one("rateRule", "assignmentRule", "event")
            if varies and kind == "rateRule":
                parts.append(w.rule(kind, name, self.one("0.1", f"0.2*{name}", "0.1*cos(time)")))
            elif varies and kind == "assignmentRule":
                parts.append(w.rule(kind, name, self.one("1+0.2*time", "2+sin(time)")))
            elif varies:
                parts.append(w.event("time >= 2", **{name: self.one(f"{name}*2", "3")}))
            elif self.chance(0.2):
                parts.append(w.start(name, self.one("1.5", "k0*3")))

    def parameters(self) -> None:
        any_species = self.draw.choice(self.species_names)
        self.parts += [w.parameter(name, self.one("0.3", "0.7", "1.2", "1")) for name in GIVEN]
        self.converting = self.chance(0.3)
        if self.converting:
            self.parts += [w.parameter("cf", self.one("2", "0.5")), w.parameter("cg", "3")]
        moving = {"pa": ("assignmentRule", f"{any_species}*2 + k1"), "pr": ("rateRule", f"0.3*{any_species} - pr")}
        for name, (kind, formula) in moving.items():
            if self.chance(0.3):
                self.parts += [w.parameter(name, "0.5", "false"), w.rule(kind, name, formula)]
                self.terms.append(name)
        if self.chance(0.3):
            self.parts += [w.parameter("pi0", "0"), w.start("pi0", f"{any_species} + 0.1")]
            self.terms.append("pi0")

    def species(self, name: str) -> None:
        given = {"hasOnlySubstanceUnits": self.one("true", "false")}
        given[self.one("initialAmount", "initialConcentration")] = self.one("1", "2.5", "0.4")
        if self.converting and self.chance(0.4):
            given["conversionFactor"] = "cg"
        kind = self.one(*("plain",) * 6, "boundary", "constant", "rateRule", "assignmentRule", "start")
        if kind not in ("plain", "start"):
            given["boundaryCondition"] = "true"
        if kind == "constant":
            given["constant"] = "true"
        first = not {"pa", "pi0"} & {*self.terms}  # else initial values could need each other in a circle
        if kind == "rateRule":
            self.parts.append(w.rule(kind, name, self.one("0.2", f"k1 - 0.5*{name}")))
        elif kind == "assignmentRule" and first:
            self.parts.append(w.rule(kind, name, self.one("k1 + 0.1*time", "2*k2")))
        elif kind == "start" and first:
            self.parts.append(w.start(name, self.one("k0 + 2", "k1*3")))
        if kind in ("plain", "start", "boundary"):
            self.reacting.append(name)
        self.parts.append(w.species(name, self.draw.choice(self.places), **given))

    def definitions(self) -> None:
        for k, (arguments, body) in enumerate(FUNCTIONS.items()):
            if self.chance(0.4):
                self.parts.append(w.function(f"f{k}", f"lambda({arguments}, {body})"))
                self.functions.append((f"f{k}", arguments.count(",") + 1))

    def law(self, left: list[str], right: list[str]) -> str:
        draw = self.draw
        formula = "*".join([self.one("k0", "k1", "k2", "0.3", "q"), *left])
        if self.chance(0.4):
            formula += f"*{draw.choice(self.places)}"
        if self.functions and self.chance(0.4):
            name, many = draw.choice(self.functions)
            formula += f"*{name}({', '.join(draw.choice(self.terms) for _ in range(many))})"
        if self.chance(0.15):
            formula += "*(1 + sin(time))"
        if self.chance(0.2) and right:
            formula += f" - 0.1*{right[0]}"
        if self.chance(0.15):
            formula += f"*piecewise(2, {draw.choice(self.terms)} > 1, 0.5)"
        return formula

    def side(self) -> list[str]:
        return [self.draw.choice(self.reacting) for _ in range(self.draw.choice((0, 1, 1, 2)))]

    def reaction(self, k: int) -> None:
        left, right = self.side(), self.side()
        law, own = self.law(left, right), ""
        if "q" in law or self.chance(0.2):
            local = "q" if "q" in law else self.draw.choice(self.terms)  # which hides the name of something else
            own = f'<listOfLocalParameters><localParameter id="{local}" value="0.6"/></listOfLocalParameters>'
        counts = ("1", "1", "2", "0.5", "3") if self.chance(0.5) else ("1",)
        sides = [" ".join(f"{s}:{self.one(*counts)}" for s in side) for side in (left, right)]
        text = w.reaction(f"R{k}", *sides, law, "true" if " - " in law else "false", own)
        self.parts.append(self.named_stoichiometry(text, f"n{k}") if self.chance(0.15) and left + right else text)

    def named_stoichiometry(self, text: str, name: str) -> str:
        """The reaction with its first stoichiometry given by an assignment, or by a rule at all times."""
        text = text.replace("<speciesReference ", f'<speciesReference id="{name}" ', 1)
        how = self.one("start", "assignmentRule", "rateRule")
        if how == "start":
            self.parts.append(w.start(name, self.one("2", "k0 + 1", "3*k1")))
            return text
        formula = self.one("1 + 0.2*time", "k1*2") if how == "assignmentRule" else "0.3"
        self.parts.append(w.rule(how, name, formula))
        return text.replace('constant="true"', 'constant="false"', 1)

    def events(self) -> None:
        target, other = (self.draw.choice(self.reacting) for _ in range(2))
        when = self.one("time >= 1.3", f"{target} > 2", f"{target} < 0.5", "time > 1 && time < 2")
        at_start = self.one("true", "false")
        self.parts.append(w.event(when, at_start, **{target: self.one("1", f"{target} + 1", "k1")}))
        if other != target and self.chance(0.5):  # at the same moment, with the values of that moment
            self.parts.append(w.event(when, at_start, **{other: f"{target} + {other}"}))


def drawn(seed: int, number: int) -> str:
    """Document `number` of a seed, in a level that can say it."""
    draw = random.Random(f"{seed}:{number}")
    text = Drawing(draw).text()
    level, version = draw.choice(LEVELS)
    document = libsbml.readSBMLFromString(text)
    if (level, version) != (3, 2) and document.setLevelAndVersion(level, version, False):
        return str(libsbml.writeSBMLToString(document))
    return text


# ---------------------------------------------------------------------------------------------- answers


def shown(model: Any) -> dict[str, str]:
    """What is compared: amounts, sizes that may change and parameters that may."""
    kinds = {s.getId(): "amount" for s in model.getListOfSpecies()}
    moving = [*model.getListOfCompartments(), *model.getListOfParameters()]
    return kinds | {x.getId(): "" for x in moving if not x.getConstant()}


def theirs(text: str, times: np.ndarray) -> Answer:
    import roadrunner

    for stream in (1, 2):  # their integrator writes what it thinks there
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_FATAL)
    wanted = list(shown(libsbml.readSBMLFromString(text).getModel()))
    runner = roadrunner.RoadRunner(text)
    runner.integrator.relative_tolerance = 1e-10
    runner.integrator.absolute_tolerance = 1e-13
    runner.integrator.maximum_time_step = 0.05
    runner.timeCourseSelections = ["time", *wanted]
    found = np.array(runner.simulate(times[0], times[-1], len(times)))
    return {name: found[:, k + 1] for k, name in enumerate(wanted)}


def ours(text: str, times: np.ndarray) -> Answer:
    model = libsbml.readSBMLFromString(text).getModel()
    net = read_sbml(Source("model.xml", text))
    observables = tuple(Observable(f"column {v}", quantity(net, model, v, kind)) for v, kind in shown(model).items())
    result = integrate(rate_equations(replace(net, observables=observables)), times, rtol=1e-10)
    return {v: np.asarray(result[f"column {v}"]) for v in shown(model)}


def attempt(solve: Callable[[str, np.ndarray], Answer], text: str, times: np.ndarray) -> Answer | str:
    """What one of the two says, or why it says nothing."""
    try:
        return solve(text, times)
    except (RxnError, RuntimeError) as fault:
        return f"{type(fault).__name__}: {fault}"


def attempt_theirs(text: str, times: np.ndarray) -> Answer | str:
    """Theirs in a process of its own, because nothing else stops one of their runs."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        try:
            return pool.apply_async(attempt, (theirs, text, times)).get(SECONDS)
        except multiprocessing.TimeoutError:
            return f"no end within {SECONDS:g} s"


def error(mine: Answer, other: Answer) -> dict[str, float]:
    """The worst error over the tolerance of each quantity."""
    found = {}
    for name, reference in other.items():
        scale = max(1e-12, float(np.abs(reference).max()))
        off = float((np.abs(mine[name] - reference) / (1e-7 * scale + 1e-5 * np.abs(reference))).max())
        found[name] = off if np.isfinite(off) else float("inf")
    return found


# ---------------------------------------------------------------------------------------------- whose fault


def known(text: str) -> str:
    """A fault of libRoadRunner 2.10 that a document meets, nothing where there is none."""
    model = libsbml.readSBMLFromString(text).getModel()
    ruled = {rule.getVariable(): rule for rule in model.getListOfRules()}
    for reaction in model.getListOfReactions():
        references = [*reaction.getListOfReactants(), *reaction.getListOfProducts()]
        named = [r.getSpecies() for r in references]
        if any(r.isSetStoichiometryMath() or r.getId() in ruled for r in references if named.count(r.getSpecies()) > 1):
            # SBML Level 3 Version 2, section 4.11: the stoichiometries of several references to one species add up
            return "a stoichiometry that varies takes the place of the species' other ones in the reaction"
    for species in model.getListOfSpecies():
        rule, size = ruled.get(species.getId()), ruled.get(species.getCompartment())
        if rule and rule.isRate() and size and size.isAssignment() and not species.getHasOnlySubstanceUnits():
            # section 4.9.4: the rule is d[S]/dt, so the amount [S] V also grows with V
            return "a rate rule of a concentration leaves out how a size that another rule assigns grows"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--show", action="store_true", help="print the documents")
    given = parser.parse_args()
    times = np.linspace(0.0, UNTIL, POINTS)
    worst, counts = 0.0, dict.fromkeys(("agree", "refused by both", "their known faults", "findings"), 0)
    for number in range(given.first, given.first + given.cases):
        text = drawn(given.seed, number)
        if given.show:
            print(text)
        mine, other = attempt(ours, text, times), attempt_theirs(text, times)
        if isinstance(mine, str) and isinstance(other, str):
            counts["refused by both"] += 1
            print(f"case {number}: refused by both: {mine.splitlines()[0]} | {other.splitlines()[0]}"[:300], flush=True)
            continue
        if isinstance(mine, str) or isinstance(other, str):
            said = " | ".join(x if isinstance(x, str) else "reads" for x in (mine, other))[:400]
        else:
            errors = error(mine, other)
            said = ", ".join(f"{name} {e:.3g}" for name, e in errors.items() if not e <= 1)
            worst = max(worst, *errors.values()) if not said else worst
        fault = known(text) if said and not isinstance(mine, str) else ""
        counts["their known faults" if fault else "findings" if said else "agree"] += 1
        if said:
            print(f"case {number}: {said}" + (f"; known: {fault}" if fault else ""), flush=True)
    print(", ".join(f"{n} {what}" for what, n in counts.items()) + f"; worst error over tolerance {worst:.2g}")
    return 1 if counts["findings"] else 0


if __name__ == "__main__":
    sys.exit(main())
