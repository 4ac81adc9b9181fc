"""System -> JSON: every formula as text in the model language, keyed by the labels that users see."""

from __future__ import annotations

import json

import sympy as sp

from ..expressions import text
from ..network import Distribution
from ..system import Field, System, as_expr


def system_json(system: System) -> str:
    """A System as JSON text: states, parameters, drift, jumps, definitions, outputs, events, steps."""
    states = system.symbols

    def initial(value: sp.Expr | Distribution) -> object:
        if isinstance(value, Distribution):
            return {"distribution": value.name, "arguments": [text(a) for a in value.arguments]}
        return text(value)

    def written(f: Field) -> object:
        names = {"inputs": [s.name for s in f.inputs], "outputs": [s.name for s in f.outputs]}
        return {"name": f.name, "kind": f.kind, **names, "zero": [text(e, states) for e in f.zeros]}

    content = {
        "name": system.name,
        "states": [{"label": s.label, "initial": initial(s.initial), "unit": s.unit} for s in system.states],
        "parameters": [
            {
                "label": c.label,
                "value": text(c.value),
                "unit": c.unit,
                "lower": None if c.lower is None else text(c.lower),
                "upper": None if c.upper is None else text(c.upper),
            }
            for c in system.parameters
        ],
        "definitions": {name.name: text(formula, states) for name, formula in system.definitions},
        **({"fields": [written(f) for f in system.fields]} if system.fields else {}),
        "drift": {
            s.label: text(as_expr(d), states) for s, d in zip(system.states, system.drift, strict=True)
        },
        "jumps": [
            {
                "name": j.name,
                "change": {s.name: v for s, v in j.change},
                "propensity": text(j.propensity, states),
                "requires": {s.name: v for s, v in j.requires},
            }
            for j in system.jumps
        ],
        "outputs": {label: text(formula, states) for label, formula in system.outputs},
        "events": [
            {
                "kind": "at" if e.timed else "when",
                "trigger": text(e.condition, states),
                "assignments": {s.name: text(v, states) for s, v in e.assignments},
            }
            for e in system.events
        ],
        "open": [s.label for s in system.frontier],
        "steps": list(system.history),
    }
    return json.dumps(content, indent=1, ensure_ascii=False)
