"""SBML documents drawn at random, read by us and by libRoadRunner: compared case by case.

    python tests/benchmarks/roadrunner_sbml.py --cases 200

Case `n` of seed `s` is the same on every run: `--first n --cases 1 --show` repeats it and prints its document. Both
integrate with tight tolerances; the error of a quantity is |ours - theirs| / (1e-7 * scale + 1e-5 * |theirs|), scale
its maximum. Exit 1 where an error is above 1 or only one of the two reads the document.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import libsbml
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
UNTIL, POINTS = 5.0, 21
FUNCTIONS = ("(x) = x/(1+x)", "(x, y) = x*y", "(x, y) = piecewise(x, x > y, y)")
LEVELS = ((3, 2), (3, 2), (3, 1), (2, 4), (2, 1))


def documents(seed: int, number: int) -> str:
    """Document `number` of a seed."""
    from interchange import sbml_text as w

    draw = random.Random(f"{seed}:{number}")

    def chance(p: float) -> bool:
        return draw.random() < p

    parts: list[str] = []
    places, moving_places = [], set()
    for k in range(draw.choice((1, 1, 2))):
        name = f"C{k}"
        places.append(name)
        varies = chance(0.25)
        size = draw.choice(("1", "0.5", "2", "10"))
        parts.append(w.compartment(name, size, constant=str(not varies).lower(), spatialDimensions=draw.choice("123")))
        if varies:
            moving_places.add(name)
            kind = draw.choice(("rateRule", "assignmentRule", "event"))
            if kind == "rateRule":
                parts.append(w.rule(kind, name, draw.choice(("0.1", f"0.2*{name}", "0.1*cos(time)"))))
            elif kind == "assignmentRule":
                parts.append(w.rule(kind, name, draw.choice(("1+0.2*time", "2+sin(time)"))))
            else:
                parts.append(w.event("time >= 2", **{name: draw.choice((f"{name}*2", "3"))}))
        elif chance(0.2):
            parts.append(w.start(name, draw.choice(("1.5", "k0*3"))))
    names = [f"S{k}" for k in range(draw.randint(2, 5))]
    given = "k0 k1 k2".split()
    for name in given:
        parts.append(w.parameter(name, draw.choice(("0.3", "0.7", "1.2", "1"))))
    extra = []
    if chance(0.3):
        parts += [w.parameter("cf", draw.choice(("2", "0.5"))), w.parameter("cg", "3")]
    free = list(names)
    fixed, reacting = set(), []
    terms = [*names, *given]
    if chance(0.3):
        parts += [w.parameter("pa", "0", "false"), w.rule("assignmentRule", "pa", f"{draw.choice(names)}*2 + k1")]
        terms.append("pa")
        extra.append("pa")
    if chance(0.3):
        parts += [w.parameter("pr", "0.5", "false"), w.rule("rateRule", "pr", f"0.3*{draw.choice(names)} - pr")]
        terms.append("pr")
        extra.append("pr")
    if chance(0.3):
        parts += [w.parameter("pi0", "0"), w.start("pi0", f"{draw.choice(names)} + 0.1")]
        terms.append("pi0")
    converting = any('"cf"' in p for p in parts)
    for name in free:
        place = draw.choice(places)
        other = {
            "hasOnlySubstanceUnits": draw.choice(("true", "false")),
            draw.choice(("initialAmount", "initialConcentration")): draw.choice(("1", "2.5", "0.4")),
        }
        if converting and chance(0.4):
            other["conversionFactor"] = "cg"
        kind = draw.choice(("plain",) * 6 + ("boundary", "constant", "rate rule", "assignment rule", "start"))
        if kind == "constant":
            other |= {"constant": "true", "boundaryCondition": "true"}
        if kind in ("boundary", "rate rule", "assignment rule"):
            other["boundaryCondition"] = "true"
        before = w.species(name, place, **other)
        if kind == "rate rule":
            parts.append(w.rule("rateRule", name, draw.choice(("0.2", f"k1 - 0.5*{name}"))))
            fixed.add(name)
        if kind == "assignment rule" and "pa" not in terms:
            parts.append(w.rule("assignmentRule", name, draw.choice(("k1 + 0.1*time", "2*k2"))))
            fixed.add(name)
        if kind == "start" and "pi0" not in terms and "pa" not in terms:
            parts.append(w.start(name, draw.choice(("k0 + 2", "k1*3"))))
        if kind in ("plain", "start", "boundary"):
            reacting.append(name)
        if "initialAmount" in other:
            parts.append(before)
        else:
            parts.append(
                before.replace('initialConcentration="3"', "", 1) if before.count("initialConc") > 1 else before
            )
    functions = [f for f in FUNCTIONS if chance(0.4)]
    for k, f in enumerate(functions):
        arguments, _, body = f.partition(" = ")
        parts.append(w.function(f"f{k}", f"lambda({arguments.strip('()')}, {body})"))
    reacting = reacting or names[:1]
    for k in range(draw.randint(1, 4)):
        left = [draw.choice(reacting) for _ in range(draw.choice((0, 1, 1, 2)))]
        right = [draw.choice(names) for _ in range(draw.choice((0, 1, 1, 2)))]
        right = [s for s in right if s in reacting]
        law = draw.choice((f"k{k % 3}", "0.3", "q" if chance(0.5) else "k1"))
        law += "".join(f"*{s}" for s in left)
        if chance(0.4):
            law += f"*{draw.choice(places)}"
        if functions and chance(0.4):
            j = draw.randrange(len(functions))
            many = functions[j].partition(" = ")[0].count(",") + 1
            law += f"*f{j}({', '.join(draw.choice(terms) for _ in range(many))})"
        if chance(0.15):
            law += "*(1 + sin(time))"
        if chance(0.2) and right:
            law += f" - 0.1*{right[0]}"
        if chance(0.15):
            law += f"*piecewise(2, {draw.choice(terms)} > 1, 0.5)"
        own = ""
        if "q" in law or chance(0.2):
            local = draw.choice((draw.choice(terms), "q")) if "q" not in law else "q"
            own = f'<listOfLocalParameters><localParameter id="{local}" value="0.6"/></listOfLocalParameters>'
        sides = [
            " ".join(f"{s}:{draw.choice(('1', '1', '2', '0.5', '3') if chance(0.5) else ('1',))}" for s in side)
            for side in (left, right)
        ]
        text = w.reaction(f"R{k}", sides[0], sides[1], law, "true" if " - " in law else "false", own)
        if chance(0.15) and (left or right):
            ref = f"n{k}"
            text = text.replace("<speciesReference ", f'<speciesReference id="{ref}" ', 1)
            how = draw.choice(("start", "rule", "rate"))
            if how == "start":
                parts.append(w.start(ref, draw.choice(("2", "k0 + 1", "3*k1"))))
            elif how == "rule":
                text = text.replace('constant="true"', 'constant="false"', 1)
                parts.append(w.rule("assignmentRule", ref, draw.choice(("1 + 0.2*time", "k1*2"))))
            else:
                text = text.replace('constant="true"', 'constant="false"', 1)
                parts.append(w.rule("rateRule", ref, "0.3"))
        parts.append(text)
    if chance(0.3):
        target = draw.choice(reacting)
        when = draw.choice(("time >= 1.3", f"{target} > 2", f"{target} < 0.5", "time > 1 && time < 2"))
        parts.append(
            w.event(when, draw.choice(("true", "false")), **{target: draw.choice(("1", f"{target} + 1", "k1"))})
        )
    draw.shuffle(parts)
    model = 'id="m"' + (' conversionFactor="cf"' if converting and chance(0.6) else "")
    text = w.document(*parts, model=model)
    level = draw.choice(LEVELS)
    return converted(text, *level) or text


def converted(text: str, level: int, version: int) -> str | None:
    """The document in another level, None where that cannot be."""
    if (level, version) == (3, 2):
        return text
    document = libsbml.readSBMLFromString(text)
    if not document.setLevelAndVersion(level, version, False) or document.getLevel() != level:
        return None
    return str(libsbml.writeSBMLToString(document))


def theirs(text: str, times: np.ndarray) -> dict[str, np.ndarray]:
    """Amounts, sizes and moving parameters by libRoadRunner."""
    import roadrunner

    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_FATAL)
    model = libsbml.readSBMLFromString(text).getModel()
    runner = roadrunner.RoadRunner(text)
    runner.integrator.relative_tolerance = 1e-10
    runner.integrator.absolute_tolerance = 1e-13
    runner.integrator.maximum_time_step = 0.05
    wanted = [s.getId() for s in model.getListOfSpecies()]
    wanted += [c.getId() for c in model.getListOfCompartments() if not c.getConstant()]
    wanted += [p.getId() for p in model.getListOfParameters() if not p.getConstant()]
    runner.timeCourseSelections = ["time", *wanted]
    found = np.array(runner.simulate(times[0], times[-1], len(times)))
    return {name: found[:, k + 1] for k, name in enumerate(wanted)}


def ours(text: str, times: np.ndarray) -> dict[str, np.ndarray]:
    """The same by our reader and integrator."""
    from external.test_semantic import quantity

    from rxncompile.derivations.rates import rate_equations
    from rxncompile.errors import Source
    from rxncompile.interchange.sbml_in import read_sbml
    from rxncompile.network import Observable
    from rxncompile.simulators.ode import integrate

    model = libsbml.readSBMLFromString(text).getModel()
    net = read_sbml(Source("model.xml", text))
    kinds = {s.getId(): "amount" for s in model.getListOfSpecies()}
    kinds |= {c.getId(): "" for c in model.getListOfCompartments() if not c.getConstant()}
    kinds |= {p.getId(): "" for p in model.getListOfParameters() if not p.getConstant()}
    shown = tuple(Observable(f"column {v}", quantity(net, model, v, kind)) for v, kind in kinds.items())
    result = integrate(rate_equations(replace(net, observables=shown)), times, rtol=1e-11)
    return {v: np.asarray(result[f"column {v}"]) for v in kinds}


def error(mine: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> dict[str, float]:
    """The worst error over the tolerance of each quantity."""
    found = {}
    for name, reference in other.items():
        scale = max(1e-12, float(np.abs(reference).max()))
        found[name] = float((np.abs(mine[name] - reference) / (1e-7 * scale + 1e-5 * np.abs(reference))).max())
        if not np.isfinite(found[name]):
            found[name] = float("inf")
    return found


def cases(first: int, many: int) -> Iterator[int]:
    yield from range(first, first + many)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--show", action="store_true", help="print the documents")
    given = parser.parse_args()
    times = np.linspace(0.0, UNTIL, POINTS)
    findings, worst, agreed, refused = 0, 0.0, 0, 0
    for number in cases(given.first, given.cases):
        text = documents(given.seed, number)
        if given.show:
            print(text)
        answers: list[dict[str, np.ndarray] | str] = []
        for solve in (ours, theirs):
            try:
                answers.append(solve(text, times))
            except Exception as fault:
                answers.append(f"{type(fault).__name__}: {fault}")
        mine, other = answers
        if isinstance(mine, str) and isinstance(other, str):
            refused += 1
            continue
        if isinstance(mine, str) or isinstance(other, str):
            findings += 1
            print(f"case {number}: ours {mine if isinstance(mine, str) else 'reads'}"[:500])
            print(f"   theirs {other if isinstance(other, str) else 'reads'}"[:500], flush=True)
            continue
        found = error(mine, other)
        bad = {name: round(e, 2) for name, e in found.items() if not e <= 1}
        if bad:
            findings += 1
            print(f"case {number}: {bad}", flush=True)
        else:
            agreed += 1
            worst = max(worst, *found.values(), 0.0)
    print(f"{agreed} agree (worst error over tolerance {worst:.2g}), {findings} findings, {refused} refused by both")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT)]
    sys.exit(main())
