"""SBML documents from few words, for tests."""

from __future__ import annotations

import re

import libsbml

from rxncompile.errors import Source
from rxncompile.interchange.sbml_in import read_sbml
from rxncompile.network import Network

CORE = 'xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"'


def math(formula: str) -> str:
    """The MathML of a formula in libsbml's infix notation (`ln`, `time`, `a && b`)."""
    written = libsbml.writeMathMLToString(libsbml.parseL3Formula(formula))
    return re.sub(r"<\?xml.*?\?>\s*", "", written)


def document(*parts: str, root: str = CORE, model: str = 'id="m"') -> str:
    """A document with the lists given: `species(...)`, `reaction(...)` and so on, each list named by its elements."""
    lists: dict[str, list[str]] = {}
    for part in parts:
        tag = re.match(r"<(\w+)", part)
        assert tag
        lists.setdefault(tag[1], []).append(part)
    names = {
        "functionDefinition": "listOfFunctionDefinitions", "compartment": "listOfCompartments",
        "species": "listOfSpecies", "parameter": "listOfParameters", "initialAssignment": "listOfInitialAssignments",
        "assignmentRule": "listOfRules", "rateRule": "listOfRules", "algebraicRule": "listOfRules",
        "reaction": "listOfReactions", "event": "listOfEvents",
    }  # fmt: skip
    body = ""
    for name in dict.fromkeys(names.values()):
        inside = "\n".join(p for tag, found in lists.items() if names[tag] == name for p in found)
        body += f"<{name}>\n{inside}\n</{name}>\n" if inside else ""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<sbml {root}>\n<model {model}>\n{body}</model>\n</sbml>\n'


def read(*parts: str, root: str = CORE, model: str = 'id="m"') -> Network:
    return read_sbml(Source("model.xml", document(*parts, root=root, model=model)))


def compartment(name: str = "C", size: str = "2", **other: str) -> str:
    given = {"spatialDimensions": "3", "size": size, "constant": "true"} | other
    return f'<compartment id="{name}"{_attributes(given)}/>'


def species(name: str, place: str = "C", **other: str) -> str:
    """A species, by default with a concentration of 3."""
    given = {
        "hasOnlySubstanceUnits": "false", "boundaryCondition": "false", "constant": "false",
        **({} if "initialAmount" in other else {"initialConcentration": "3"}),
    } | other  # fmt: skip
    return f'<species id="{name}" compartment="{place}"{_attributes(given)}/>'


def parameter(name: str, value: str = "1", constant: str = "true") -> str:
    return f'<parameter id="{name}" value="{value}" constant="{constant}"/>'


def reaction(name: str, left: str, right: str, law: str, reversible: str = "false", extra: str = "") -> str:
    """`left` and `right` as `A:1 B:2`; `extra` stands behind the law's formula."""
    sides = ""
    for tag, side in (("listOfReactants", left), ("listOfProducts", right)):
        items = ""
        for word in side.split():
            one, _, count = word.partition(":")
            items += f'<speciesReference species="{one}" stoichiometry="{count or 1}" constant="true"/>'
        sides += f"<{tag}>{items}</{tag}>" if items else ""
    kinetic = f"<kineticLaw>{math(law)}{extra}</kineticLaw>"
    return f'<reaction id="{name}" reversible="{reversible}">{sides}{kinetic}</reaction>'


def rule(kind: str, variable: str, formula: str) -> str:
    return f'<{kind} variable="{variable}">{math(formula)}</{kind}>'


def start(name: str, formula: str) -> str:
    return f'<initialAssignment symbol="{name}">{math(formula)}</initialAssignment>'


def event(trigger: str, at_start: str = "true", extra: str = "", **assignments: str) -> str:
    sets = "".join(f'<eventAssignment variable="{k}">{math(v)}</eventAssignment>' for k, v in assignments.items())
    return (
        f'<event useValuesFromTriggerTime="true"><trigger initialValue="{at_start}" persistent="true">{math(trigger)}'
        f"</trigger>{extra}<listOfEventAssignments>{sets}</listOfEventAssignments></event>"
    )


def function(name: str, formula: str) -> str:
    return f'<functionDefinition id="{name}">{math(formula)}</functionDefinition>'


def _attributes(given: dict[str, str]) -> str:
    return "".join(f' {key}="{value}"' for key, value in given.items())
