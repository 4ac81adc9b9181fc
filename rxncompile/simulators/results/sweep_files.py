"""Sweeps to and from files, and whatever result a file holds.

    .csv   long form: a column for each axis, then `time`, then the columns of a result; one row a point and time
    .npz   arrays `axis_0`, `axis_1`, ..., and those of the result of point n under `pn_...`; nothing is lost
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import RxnError
from ..results import files
from .axes import Sweep
from .trajectory import Ensemble, Result, Trajectory, column_names, interleaved


def save(result: Result | Sweep, path: str | os.PathLike[str]) -> None:
    """Write a result or a sweep; a sweep as .csv or .npz. Raises R702 as `files.save`."""
    target = Path(path)
    if not isinstance(result, Sweep):
        return files.save(result, target)
    suffix = target.suffix.lower()
    if suffix not in (".csv", ".npz"):
        raise RxnError("R702", f"{str(path)!r} cannot hold a sweep", hint="sweeps are .csv or .npz files")
    with files.replacing(target) as part:
        if suffix == ".csv":
            part.write_text(csv_text(result), encoding="utf-8", newline="")
        else:
            with open(part, "wb") as file:
                np.savez(file, **_arrays(result))
    return None


def load(path: str | os.PathLike[str]) -> Result | Sweep:
    """Read a result or a sweep that was saved. Raises R702, R703 as `files.load`."""
    source = Path(path)
    try:
        if source.suffix.lower() == ".npz":
            with np.load(io.BytesIO(source.read_bytes()), allow_pickle=False) as arrays:
                said = json.loads(arrays["metadata"].item())
                if said.get("kind") == "sweep":
                    return _rebuilt(said, arrays)
        elif source.suffix.lower() == ".csv":
            with open(source, encoding="utf-8-sig", newline="") as text:
                if text.readline().strip() == '# kind: "sweep"':
                    return _read_csv(text.read())
    except RxnError as error:
        raise RxnError("R703", f"{source}: {error.message}") from None
    except OSError:
        pass  # which the other reader says better
    except Exception as error:
        if source.suffix.lower() == ".csv":
            raise RxnError("R703", f"{source} holds no result: {error}") from error
    return files.load(source)


def csv_text(result: Result | Sweep, quantiles: Sequence[float] = ()) -> str:
    """The text of a .csv file, with columns `X-q0.05` for `quantiles` of ensembles. Raises R706 for others."""
    return _long_form(result, quantiles) if isinstance(result, Sweep) else files.csv_text(result, quantiles)


def _long_form(sweep: Sweep, quantiles: Sequence[float]) -> str:
    """One row a point and time; points that are missing are left out."""
    out = io.StringIO()
    first = sweep.first
    if isinstance(first, Trajectory) and first.runs > 1:
        raise RxnError("R702", "a sweep of several trajectories a point has no CSV form", hint="save it as .npz")
    said = {
        "kind": "sweep", "name": sweep.name, "method": sweep.method, "seed": sweep.seed,
        "of": "ensemble" if isinstance(first, Ensemble) else "trajectory", "axes": [label for label, _ in sweep.axes],
        "runs": [point.runs if point else 0 for point in sweep.points],
        "seeds": [point.seed if point else None for point in sweep.points], "units": first.units,
    }  # fmt: skip
    for key, value in said.items():
        out.write(f"# {key}: {json.dumps(value, ensure_ascii=False)}\n")
    table = csv.writer(out, lineterminator="\n")
    more = [f"{label}-q{q:g}" for label in first.labels for q in quantiles]
    table.writerow([*said["axes"], "time", *column_names(first), *more])  # type: ignore[misc]
    for where, point in sweep:
        if point is None:
            continue
        rows = point.values[0] if isinstance(point, Trajectory) else interleaved(point)
        if quantiles:
            if isinstance(point, Trajectory):
                raise RxnError("R706", "quantiles are of ensembles", hint="--runs 1000")
            wanted = [point.quantile(label, q) for label in point.labels for q in quantiles]
            rows = np.hstack([rows, np.array(wanted).T])
        for time, row in zip(point.t.tolist(), rows.tolist(), strict=True):
            table.writerow([*where.values(), time, *row])
    return out.getvalue()


def _read_csv(text: str) -> Sweep:
    said: dict[str, Any] = {}
    while text.startswith("#"):
        line, _, text = text.partition("\n")
        key, _, value = line[1:].partition(":")
        said[key.strip()] = json.loads(value)
    header, *rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    n = len(said["axes"])
    if header[: n + 1] != [*said["axes"], "time"] or not rows:
        raise RxnError("R703", "its columns are not the axes, then 'time'")
    numbers = np.array([[float(cell) for cell in row] for row in rows])
    axes = tuple((label, _in_order(numbers[:, i])) for i, label in enumerate(said["axes"]))
    present = [k for k, runs in enumerate(said["runs"]) if runs]
    blocks = numbers.reshape(len(present), -1, numbers.shape[1])
    points: list[Result | None] = [None] * len(said["runs"])
    for k, block in zip(present, blocks, strict=True):
        shared = (said["name"], block[:, n])
        seed, method, units = said["seeds"][k], said["method"], tuple(said["units"])
        if said["of"] == "trajectory":
            points[k] = Trajectory(*shared, tuple(header[n + 1 :]), units, block[np.newaxis, :, n + 1 :], method, seed)
            continue
        kept = [c for c, name in enumerate(header) if name.endswith("-mean")]
        labels = tuple(header[c].removesuffix("-mean") for c in kept)
        mean, sd = block[:, kept], block[:, [c + 1 for c in kept]]
        points[k] = Ensemble(*shared, labels, units, said["runs"][k], mean, sd, method, seed)
    return Sweep(said["name"], axes, tuple(points), said["seed"])


def _in_order(column: Any) -> Any:
    _, first = np.unique(column, return_index=True)
    return column[np.sort(first)]


def _arrays(sweep: Sweep) -> dict[str, Any]:
    said = {
        "kind": "sweep", "name": sweep.name, "seed": sweep.seed, "axes": [label for label, _ in sweep.axes],
        "points": [files.metadata(point) if point else None for point in sweep.points],
    }  # fmt: skip
    found: dict[str, Any] = {f"axis_{i}": values for i, (_, values) in enumerate(sweep.axes)}
    found["metadata"] = np.array(json.dumps(said), dtype=np.str_)
    found |= {"time": sweep.t, "label": np.array(sweep.labels, dtype=np.str_)}
    for k, point in enumerate(sweep.points):
        if point is not None:
            found |= {f"p{k}_{name}": array for name, array in files.arrays_of(point).items()}
    return found


def _rebuilt(said: Mapping[str, Any], arrays: Any) -> Sweep:
    by_point: dict[int, dict[str, Any]] = {}
    for name in arrays.files:
        point, _, rest = name.partition("_")
        if point[:1] == "p" and point[1:].isdigit():
            by_point.setdefault(int(point[1:]), {})[rest] = arrays[name]
    time, labels = arrays["time"], arrays["label"].tolist()
    points = tuple(
        None if one is None else files.assembled(one, time, labels, by_point[k]) for k, one in enumerate(said["points"])
    )
    axes = tuple((str(label), np.array(arrays[f"axis_{i}"])) for i, label in enumerate(said["axes"]))
    return Sweep(said["name"], axes, points, said["seed"])
