"""PEtab problems, version 1: tables of measurements, conditions, observables and parameters around an SBML model.

Read are what `https://petab.readthedocs.io` defines for these tables; what is not supported is refused by name and
place: pre-equilibration, priors other than uniform ones, visualisation is left aside.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import sympy as sp

from ...derivations.rates import rate_equations
from ...errors import RxnError
from ...expressions import exact, symbol
from ...interchange.sbml_in import load_sbml
from ...interchange.sbml_infix import Infix
from ...system import System
from .problem import Condition, Data, Noise, Observable, Problem, Scale, Unknown

_PLACEHOLDER = re.compile(r"(observableParameter|noiseParameter)(\d+)_")
_CAP = 50_000_000  # bytes of one file
_ROWS = 1_000_000


@dataclass(frozen=True)
class Table:
    """The rows of a tab-separated file, each by its columns' names; `where(k)` names a row."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]

    def where(self, k: int) -> str:
        return f"{self.path.name}:{k + 2}"

    def refuse(self, k: int, message: str, hint: str = "") -> RxnError:
        return RxnError("R711", f"{self.where(k)}: {message}", hint=hint)

    def number(self, k: int, column: str) -> float:
        """A number of a row. Raises R711."""
        written = self.rows[k][column]
        try:
            value = float(written)
        except ValueError:
            raise self.refuse(k, f"{column} is {written!r}, expected a number") from None
        if not np.isfinite(value):
            raise self.refuse(k, f"{column} is {written!r}, expected a finite number")
        return value


def load_petab(path: str | Path) -> Problem:
    """The problem of a PEtab .yaml file. Raises R711 for what is wrong or not supported, R705 for a missing library."""
    path = Path(path)
    described = _yaml(path)
    parts = _one(described.get("problems"), path, "problems")
    folder = path.parent

    def tables(key: str, needed: Sequence[str]) -> Table:
        files = parts.get(key) or []
        found = [_table(_inside(folder, str(f), path), needed) for f in files]
        if not found:
            raise RxnError("R711", f"{path.name} names no {key}")
        return found[0] if len(found) == 1 else Table(found[0].path, found[0].columns, sum((t.rows for t in found), ()))

    model = _one(parts.get("sbml_files"), path, "sbml_files")
    system = rate_equations(load_sbml(_inside(folder, str(model), path)))
    files = described.get("parameter_file")
    if not isinstance(files, str):
        raise RxnError("R711", f"{path.name} names no parameter_file")
    needed = ("parameterId", "parameterScale", "lowerBound", "upperBound", "nominalValue", "estimate")
    parameters = _table(_inside(folder, files, path), needed)
    unknowns, known = _parameters(parameters)
    conditions = _conditions(tables("condition_files", ("conditionId",)), known, unknowns)
    observables = tables("observable_files", ("observableId", "observableFormula", "noiseFormula"))
    measured = tables("measurement_files", ("observableId", "simulationConditionId", "measurement", "time"))
    system = _with_values(system, known)
    found, data = _data(measured, observables, conditions, _names(system, unknowns, known))
    return Problem.of(system, tuple(unknowns), found, data, tuple(conditions), path.stem)


def _yaml(path: Path) -> Mapping[str, Any]:
    try:
        import yaml
    except ImportError:
        raise RxnError("R705", "reading PEtab needs pyyaml", hint="pip install 'rxncompile[petab]'") from None
    try:
        found = yaml.safe_load(_read(path))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise RxnError("R711", f"{path.name}{where} is not YAML") from None
    if not isinstance(found, dict):
        raise RxnError("R711", f"{path.name} is no PEtab file: expected keys such as 'problems'")
    if str(found.get("format_version", "1")) not in ("1", "1.0.0"):
        raise RxnError("R711", f"{path.name} is PEtab {found['format_version']}, expected version 1")
    return found


def _one(found: Any, path: Path, key: str) -> Any:
    if not isinstance(found, list) or not found:
        raise RxnError("R711", f"{path.name} has no {key}")
    if len(found) > 1:
        raise RxnError("R711", f"{path.name} has {len(found)} {key}, expected one")
    return found[0]


def _inside(folder: Path, name: str, path: Path) -> Path:
    """A file beside the .yaml; a way out of its folder is refused."""
    found = folder / name
    if not found.resolve().is_relative_to(folder.resolve()):
        raise RxnError("R711", f"{path.name} names {name!r}, which is outside its folder")
    return found


def _read(path: Path) -> str:
    try:
        if not path.is_file() or path.stat().st_size > _CAP:
            raise RxnError("R711", f"{path} is no file of at most {_CAP // 10**6} MB")
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RxnError("R711", f"{path} cannot be read: {error}") from None


def _table(path: Path, needed: Sequence[str]) -> Table:
    reader = csv.reader(io.StringIO(_read(path)), delimiter="\t")
    lines = [[cell.strip() for cell in line] for line in reader]
    lines = [line for line in lines if any(line)]
    if not lines or len(lines) > _ROWS:
        raise RxnError("R711", f"{path.name} has {len(lines)} lines, expected a head and up to {_ROWS:,} more")
    head = tuple(lines[0])
    for column in needed:
        if column not in head:
            raise RxnError("R711", f"{path.name} has no column {column!r}", hint="it has: " + ", ".join(head))
    rows = tuple(dict(zip(head, [*line, *[""] * (len(head) - len(line))], strict=False)) for line in lines[1:])
    return Table(path, head, rows)


def _parameters(table: Table) -> tuple[list[Unknown], dict[str, float]]:
    """The unknowns, and the values of parameters that are known."""
    unknowns: list[Unknown] = []
    known: dict[str, float] = {}
    for k, row in enumerate(table.rows):
        name = row["parameterId"]
        if row["estimate"] not in ("0", "1", "0.0", "1.0"):
            raise table.refuse(k, f"estimate is {row['estimate']!r}, expected 0 or 1")
        for column in ("objectivePriorType", "initializationPriorType"):
            if row.get(column) and (column.startswith("obj") or row[column] != "parameterScaleUniform"):
                kind = row[column]
                if kind not in ("parameterScaleUniform", "uniform"):
                    raise table.refuse(k, f"the prior {kind!r} is not supported")
        if float(row["estimate"]):
            scale = _scale(table, k, row["parameterScale"])
            nominal = table.number(k, "nominalValue") if row["nominalValue"] else None
            low, high = table.number(k, "lowerBound"), table.number(k, "upperBound")
            unknowns.append(Unknown(name, low, high, scale, nominal))
        else:
            known[name] = table.number(k, "nominalValue")
    return unknowns, known


def _scale(table: Table, k: int, written: str) -> Scale:
    try:
        return Scale(written or "lin")
    except ValueError:
        raise table.refuse(k, f"the scale {written!r} is not lin, log or log10") from None


def _conditions(table: Table, known: Mapping[str, float], unknowns: Sequence[Unknown]) -> list[Condition]:
    names = {u.name for u in unknowns}
    found = []
    for k, row in enumerate(table.rows):
        values: list[tuple[str, sp.Expr]] = []
        for column in table.columns:
            written = row[column]
            if column in ("conditionId", "conditionName") or not written or written.lower() == "nan":
                continue
            if written in names:
                values.append((column, symbol(written)))
            else:
                value = known[written] if written in known else table.number(k, column)
                values.append((column, exact(value)))
        found.append(Condition(row["conditionId"], tuple(values)))
    return found


def _with_values(system: System, known: Mapping[str, float]) -> System:
    """The System with the values that the parameter table gives to what is not estimated."""
    parameters = tuple(
        replace(c, value=exact(known[c.label])) if c.label in known else c for c in system.parameters
    )
    return replace(system, parameters=parameters)


def _names(system: System, unknowns: Sequence[Unknown], known: Mapping[str, float]) -> dict[str, sp.Expr]:
    """What the names of formulas stand for."""
    found: dict[str, sp.Expr] = {name: exact(value) for name, value in known.items()}
    found |= {c.label: c.symbol for c in system.parameters}
    found |= {name.name: name for name, _ in system.definitions}
    found |= dict(system.outputs)
    found |= {s.label: s.symbol for s in system.states}
    return found | {u.name: symbol(u.name) for u in unknowns if u.name not in found}


def _data(
    measured: Table, table: Table, conditions: Sequence[Condition], names: Mapping[str, sp.Expr]
) -> tuple[tuple[Observable, ...], Data]:
    """Every row of the data with an observable in which that row's own parameters are put in.

    Where the size of the noise is a number of that row and nothing else, rows share an observable of size 1.
    """
    places = {c.label: i for i, c in enumerate(conditions)}
    written = {row["observableId"]: (k, row) for k, row in enumerate(table.rows)}
    infix, made = Infix(), {}
    observables: list[Observable] = []
    c: list[int] = []
    o: list[int] = []
    t: list[float] = []
    v: list[float] = []
    factor: list[float] = []
    for k, row in enumerate(measured.rows):
        if row.get("preequilibrationConditionId"):
            raise measured.refuse(k, "pre-equilibration is not supported")
        condition = places.get(row["simulationConditionId"])
        if condition is None:
            raise measured.refuse(k, f"there is no condition {row['simulationConditionId']!r}")
        name = row["observableId"]
        if name not in written:
            raise measured.refuse(k, f"there is no observable {name!r}", "it has: " + ", ".join(written))
        size = _own_size(name, written[name][1], row.get("noiseParameters", ""))
        given = (row.get("observableParameters", ""), "1" if size else row.get("noiseParameters", ""))
        factor.append(size or 1.0)
        if (name, *given) not in made:
            made[name, *given] = len(observables)
            observables.append(_observable(infix, table, *written[name], measured, k, given, names))
        c.append(condition)
        o.append(made[name, *given])
        t.append(measured.number(k, "time"))
        v.append(measured.number(k, "measurement"))
    places_of = (np.array(c, dtype=np.int64), np.array(o, dtype=np.int64))
    return tuple(observables), Data(*places_of, np.array(t), np.array(v), np.array(factor))


def _own_size(label: str, row: Mapping[str, str], given: str) -> float:
    """The number that is the size of a measurement's noise, 0 where it is not just a number."""
    if row["noiseFormula"] != f"noiseParameter1_{label}":
        return 0.0
    try:
        return max(float(given), 0.0) if np.isfinite(float(given)) else 0.0
    except ValueError:
        return 0.0


def _observable(
    infix: Infix, table: Table, at: int, row: Mapping[str, str], measured: Table, k: int, given: tuple[str, str],
    names: Mapping[str, sp.Expr],
) -> Observable:  # fmt: skip
    label, local = row["observableId"], dict(names)
    for kind, text in zip(("observableParameter", "noiseParameter"), given, strict=True):
        for i, part in enumerate(filter(None, text.split(";")), start=1):
            part = part.strip()
            if part in names:
                value = names[part]
            else:
                try:
                    value = exact(float(part))
                except (ValueError, RxnError):
                    raise measured.refuse(k, f"{kind} {i} is {part!r}, neither a number nor a parameter") from None
            local[f"{kind}{i}_{label}"] = value
    scale = _scale(table, at, row.get("observableTransformation", ""))
    noise = row.get("noiseDistribution") or "normal"
    if noise not in ("normal", "laplace"):
        raise table.refuse(at, f"the noise distribution {noise!r} is not normal or laplace")
    formula, sigma = (_formula(infix, table, at, row[c], local) for c in ("observableFormula", "noiseFormula"))
    return Observable(label, formula, sigma, scale, Noise(noise))


def _formula(infix: Infix, table: Table, k: int, written: str, names: Mapping[str, sp.Expr]) -> sp.Expr:
    missing = [m.group(0) for m in _PLACEHOLDER.finditer(written) if not any(n.startswith(m.group(0)) for n in names)]
    if missing:
        raise table.refuse(k, f"{written!r} needs {missing[0].rstrip('_')}, which the measurements do not give")
    try:
        return infix.formula(written, names)
    except RxnError as error:
        raise table.refuse(k, error.message, error.hint) from None
