"""Results to and from files, chosen by suffix; every number comes back bit by bit.

    .csv   `time`, then a column a label; several runs: `run` first; an ensemble: `X-mean`, `X-sd` for each label.
           What else is known stands above in comments `# key: JSON`; a table without them is read as well.
    .npz   arrays `time`, `label`, `unit`, `value` (run, time, label) or `mean` and `sd` (time, label), and
           `metadata`, a JSON text. No object arrays, so nothing is ever unpickled. What an ensemble has counted
           stands in arrays `tally_...`, in .nc files too; CSV has no place for it.
    .nc    the same variables in NetCDF-3 with 64-bit offsets: labels are values of a variable, not names of
           variables, because `<A^2*B>` is none. `xarray.open_dataset(path, engine="scipy")` reads it.

A file is written beside its target and moved over it when it is complete: an earlier file survives a full disk.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ...errors import RxnError
from ..arrays import Values
from .tally import Tally
from .trajectory import Ensemble, Result, Trajectory, column_names, interleaved

_TALLY = "tally_"
_QUANTILE = re.compile(r"-q[-+.e0-9]+$")  # the end of a column that is read past

_LARGEST_VARIABLE = 2**32 - 4  # bytes of one NetCDF-3 variable


def save(result: Result, path: str | os.PathLike[str]) -> None:
    """Write a result as .csv, .npz or .nc. Raises R702 for another suffix, or where the file cannot be written."""
    target = Path(path)
    writer = {".csv": _write_csv, ".npz": _write_npz, ".nc": _write_netcdf}.get(target.suffix.lower())
    if writer is None:
        raise _unknown_suffix(target)
    with replacing(target) as temporary:
        writer(result, temporary)


def load(path: str | os.PathLike[str]) -> Result:
    """Read a result that `save` wrote, or any CSV table with a column `time`.

    Raises R702 for another suffix or a file that cannot be read, R703 for one that holds no result.
    """
    source = Path(path)
    reader = {".csv": _read_csv, ".npz": _read_npz, ".nc": _read_netcdf}.get(source.suffix.lower())
    if reader is None:
        raise _unknown_suffix(source)
    try:
        content = source.read_bytes()
    except OSError as error:
        raise RxnError("R702", f"cannot read {source}: {error.strerror}") from None
    try:
        return reader(io.BytesIO(content), source.stem)
    except RxnError as error:
        raise RxnError("R703", f"{source}: {error.message}") from None
    except Exception as error:  # a damaged file may make a reader of someone else's fail in any way
        raise RxnError("R703", f"{source} holds no result: {error}") from error


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A new empty file to write; it takes the place of `path` at the end, unless something was raised.

    Raises R702 where the operating system refuses.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{os.getpid()}.{os.urandom(4).hex()}.part")
    try:
        try:
            temporary.touch(exist_ok=False)
            yield temporary
            with open(temporary, "rb+") as file:
                os.fsync(file.fileno())
            temporary.replace(target)
        except OSError as error:
            raise RxnError("R702", f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):  # gone already, or never made
            temporary.unlink()


def _unknown_suffix(path: Path) -> RxnError:
    return RxnError("R702", f"{str(path)!r} has no known suffix", hint="results are .csv, .npz or .nc files")


# ---------------------------------------------------------------------------------------------- metadata


def metadata(result: Result) -> dict[str, object]:
    """What a file says besides times, labels and numbers."""
    return {
        "kind": "trajectory" if isinstance(result, Trajectory) else "ensemble",
        "name": result.name,
        "method": result.method,
        "runs": result.runs,
        "seed": result.seed,
        "units": result.units,
        "notes": result.notes,
    }


def _result(
    said: Mapping[str, Any], t: Values, labels: Sequence[str], *arrays: Values, tally: Tally | None = None
) -> Result:
    """A result of the metadata and one array (values) or two (mean, sd); checks the metadata's types."""
    name, method, seed, runs = said["name"], said["method"], said.get("seed"), said.get("runs", 0)
    units, notes = said.get("units", [""] * len(labels)), said.get("notes", [])
    texts = [name, method, *units, *notes]
    if not all(isinstance(x, str) for x in texts) or not isinstance(seed, int | None) or not isinstance(runs, int):
        raise RxnError("R703", "its metadata are not those of a result")
    shared = (name, t, tuple(labels), tuple(units))
    if len(arrays) == 1:
        return Trajectory(*shared, arrays[0], method, seed, tuple(notes))
    return Ensemble(*shared, runs, arrays[0], arrays[1], method, seed, tuple(notes), tally)


# ---------------------------------------------------------------------------------------------- CSV


def csv_text(result: Result, quantiles: Sequence[float] = ()) -> str:
    """The text of a .csv file; every number in the shortest form that reads back to the same double.

    `quantiles` of an ensemble are columns `X-q0.05` behind all others. Raises R706 where they were not kept.
    """
    out = io.StringIO()
    for key, value in metadata(result).items():
        out.write(f"# {key}: {json.dumps(value, ensure_ascii=False)}\n")
    table = csv.writer(out, lineterminator="\n")
    several = isinstance(result, Trajectory) and result.runs > 1
    wanted = [(label, q) for label in result.labels for q in quantiles]
    if wanted and not isinstance(result, Ensemble):
        raise RxnError("R706", f"quantiles are of an ensemble, not of {result!r}", hint="--runs 1000")
    more = np.array([result.quantile(label, q) for label, q in wanted if isinstance(result, Ensemble)])
    names = (*column_names(result), *(f"{label}-q{q:g}" for label, q in wanted))
    table.writerow([*(["run"] if several else []), "time", *names])
    times = result.t.tolist()
    rows = result.values if isinstance(result, Trajectory) else [interleaved(result)]
    for run, values in enumerate(rows if not wanted else [np.hstack([rows[0], more.T])]):
        front = [run] if several else []
        table.writerows([*front, time, *row] for time, row in zip(times, values.tolist(), strict=True))
    return out.getvalue()


def _write_csv(result: Result, path: Path) -> None:
    path.write_text(csv_text(result), encoding="utf-8", newline="")


def _read_csv(file: BinaryIO, stem: str) -> Result:
    text = file.read().decode("utf-8-sig")
    said: dict[str, Any] = {"name": stem, "method": "table"}
    while text.startswith("#"):
        line, _, text = text.partition("\n")
        key, _, value = line[1:].partition(":")
        if key.strip() in ("kind", "name", "method", "runs", "seed", "units", "notes"):
            said[key.strip()] = json.loads(value)
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    if len(rows) < 2:
        raise RxnError("R703", "there is no row of numbers")
    header, first = rows[0], 2 if rows[0][0] == "run" else 1
    if header[first - 1 : first] != ["time"]:
        raise RxnError("R703", f"column {first} is not 'time'")
    for number, row in enumerate(rows[1:], 1):
        if len(row) != len(header):
            raise RxnError("R703", f"row {number} has {len(row)} cells, the header {len(header)}")
    table = np.array([[float(cell) for cell in row] for row in rows[1:]])
    labels, t, values = header[first:], table[:, first - 1], table[:, first:]
    if said.get("kind") == "ensemble":
        kept = [i for i, label in enumerate(labels) if not _QUANTILE.search(label)]
        labels, values = [labels[i] for i in kept], values[:, kept]
    if said.get("kind") == "ensemble" or ("kind" not in said and _paired(labels)):
        if first == 2 or not _paired(labels):
            raise RxnError("R703", "an ensemble has the columns 'time' and 'X-mean', 'X-sd' for each label")
        names = [label.removesuffix("-mean") for label in labels[::2]]
        return _result(said, t, names, values[:, ::2], values[:, 1::2])
    if first == 1:
        return _result(said, t, labels, values[np.newaxis])
    return _result(said, *_by_run(table[:, 0], t, labels, values))


def _paired(labels: list[str]) -> bool:
    names = [label.removesuffix("-mean") for label in labels[::2]]
    return bool(labels) and labels == [f"{name}-{what}" for name in names for what in ("mean", "sd")]


def _by_run(run: Values, t: Values, labels: list[str], values: Values) -> tuple[Values, list[str], Values]:
    """Times, labels and (run, time, label) values of a table whose rows are ordered by run, then time."""
    runs = int(run.max()) + 1 if np.isfinite(run).all() else 0
    points = len(t) // max(runs, 1)
    regular = runs > 0 and np.array_equal(run, np.repeat(np.arange(runs), points))
    if not regular or not np.array_equal(t, np.tile(t[:points], runs)):
        raise RxnError("R703", "the rows are not runs 0, 1, 2 ... one after the other at the same times")
    return t[:points], labels, values.reshape(runs, points, len(labels))


# ---------------------------------------------------------------------------------------------- arrays


def _variables(result: Result) -> dict[str, tuple[tuple[str, ...], Values]]:
    """The arrays of numbers besides time, with the names of their axes."""
    if isinstance(result, Trajectory):
        return {"value": (("run", "time", "label"), result.values)}
    return {"mean": (("time", "label"), result.mean), "sd": (("time", "label"), result.sd)}


def arrays_of(result: Result) -> dict[str, Any]:
    """The arrays of a result besides times and labels: numbers, and what an ensemble has counted."""
    return {name: values for name, (_, values) in _variables(result).items()} | _counted(result)


def assembled(said: Mapping[str, Any], t: Values, labels: Sequence[str], arrays: Mapping[str, Any]) -> Result:
    """The result of its metadata and arrays."""
    names = ("value",) if said["kind"] == "trajectory" else ("mean", "sd")
    counted = {name[len(_TALLY) :]: arrays[name] for name in arrays if name.startswith(_TALLY)}
    tally = Tally.rebuilt(len(t), counted) if counted else None
    if tally and (len(tally.layout.whole) != len(labels) or tally.runs != said.get("runs")):
        raise RxnError("R703", "its sums are not those of its labels and runs")
    return _result(said, t, labels, *(np.array(arrays[name], dtype=np.float64) for name in names), tally=tally)


def _counted(result: Result) -> dict[str, NDArray[Any]]:
    """The arrays of an ensemble's sums and histograms."""
    tally = result.tally if isinstance(result, Ensemble) else None
    return {_TALLY + name: array for name, array in tally.arrays().items()} if tally else {}


def _write_npz(result: Result, path: Path) -> None:
    arrays = arrays_of(result)
    for name, texts in (("label", result.labels), ("unit", result.units), ("metadata", json.dumps(metadata(result)))):
        arrays[name] = np.array(texts, dtype=np.str_)
    with open(path, "wb") as file:
        np.savez(file, time=result.t, **arrays)


def _read_npz(file: BinaryIO, _: str) -> Result:
    arrays = np.load(file, allow_pickle=False)
    if not isinstance(arrays, np.lib.npyio.NpzFile):
        raise RxnError("R703", "it holds one array and no names")
    with arrays:
        said = json.loads(arrays["metadata"].item())
        return assembled(said, arrays["time"], arrays["label"].tolist(), arrays)


def _write_netcdf(result: Result, path: Path) -> None:
    from scipy.io import netcdf_file

    with netcdf_file(path, "w", version=2) as file:
        for name, size in (("run", result.runs), ("time", len(result.t)), ("label", len(result.labels))):
            if name != "run" or isinstance(result, Trajectory):
                file.createDimension(name, size)
        file.title, file.method = (x.encode("utf-8") for x in (result.name, result.method))
        file.metadata = json.dumps(metadata(result)).encode("ascii")
        for name, texts in (("label", result.labels), ("unit", result.units)):
            characters = _characters(texts)
            file.createDimension(f"{name}_length", characters.shape[1])
            variable = file.createVariable(name, "c", ("label", f"{name}_length"))
            variable[:] = characters
            variable._Encoding = b"utf-8"
        variable = file.createVariable("time", "d", ("time",))
        variable[:] = result.t
        for name, (axes, values) in _variables(result).items():
            if values.nbytes > _LARGEST_VARIABLE:
                raise RxnError("R702", f"{path} would be too large for NetCDF-3", hint="save it as .npz")
            variable = file.createVariable(name, "d", axes)
            variable.coordinates = b"unit"
            variable[:] = values
        for name, array in _counted(result).items():
            for axis, size in enumerate(array.shape):
                file.createDimension(f"{name}_{axis}", size)
            variable = file.createVariable(name, "d", tuple(f"{name}_{axis}" for axis in range(array.ndim)))
            variable[:] = array


def _read_netcdf(file: BinaryIO, _: str) -> Result:
    from scipy.io import netcdf_file

    with netcdf_file(file, "r", mmap=False) as content:
        found = {name: variable.data for name, variable in content.variables.items()}
        said = json.loads(content.metadata)
    labels = [row.tobytes().rstrip(b"\0").decode("utf-8") for row in found["label"]]
    return assembled(said, np.array(found["time"], dtype=np.float64), labels, found)


def _characters(texts: Sequence[str]) -> NDArray[np.bytes_]:
    """Texts as an array of single bytes, (texts, longest), filled up with zeros."""
    encoded = np.array([text.encode("utf-8") for text in texts], dtype=np.bytes_)
    width = max(encoded.dtype.itemsize, 1)
    return encoded.astype(f"S{width}").view("S1").reshape(len(texts), width)
