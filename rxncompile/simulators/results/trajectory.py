"""What a simulation gives back: paths over time, or their mean and standard deviation, under the labels of a model.

Both kinds answer the same questions in the same words: `labels`, `units`, `t`, `mean`, `sd`, `mean_of(label)`,
`sd_of(label)`, `statistics()`, `to_pandas()`, `to_xarray()`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from ...errors import RxnError
from ..arrays import Values

if TYPE_CHECKING:
    from .histograms import Histogram, JointHistogram
    from .tally import Tally



@dataclass(frozen=True, eq=False)
class Trajectory:
    """Runs of one model at common times: `values[run, time, label]`.

    Shapes: `t` (T,), `values` (runs, T, L), `labels` and `units` L each. A deterministic solution has one run.
    The columns are the states in their order, then the outputs. `method` and `seed` say how it was made, `notes`
    what deserves attention. The arrays cannot be written to. Raises R701 where shapes do not fit.
    """

    name: str
    t: Values
    labels: tuple[str, ...]
    units: tuple[str, ...]
    values: Values
    method: str
    seed: int | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _settle(self)
        expected = (len(self.t), len(self.labels))
        if self.values.ndim != 3 or self.values.shape[1:] != expected or not len(self.values):
            raise RxnError("R701", f"values have shape {self.values.shape}, expected (runs, *{expected})")

    @property
    def runs(self) -> int:
        """The number of runs."""
        return len(self.values)

    def __getitem__(self, label: str) -> Values:
        """The values of one label: (T,) for a single run, else (runs, T). Raises R704 for an unknown label."""
        found: Values = self.values[:, :, column(self, label)]
        return found[0] if self.runs == 1 else found

    @property
    def final(self) -> dict[str, Any]:
        """The values at the last time by label: a number for a single run, else (runs,)."""
        return {label: self[label][..., -1] for label in self.labels}

    def select(self, which: int | slice | Sequence[int]) -> Trajectory:
        """Some of the runs, by index, slice or list of indices. Raises R704 where there are none of these."""
        index = [which] if isinstance(which, int) else which
        try:
            chosen = self.values[index]
        except IndexError:
            raise RxnError("R704", f"there is no run {which} among {self.runs}") from None
        if not len(chosen):
            raise RxnError("R704", f"no run is left of {self.runs}")
        return replace(self, values=chosen)

    @cached_property
    def mean(self) -> Values:
        """The mean over runs, (T, L)."""
        return _read_only(self.values[0] if self.runs == 1 else self.values.mean(axis=0))

    @cached_property
    def sd(self) -> Values:
        """The standard deviation over runs (runs - 1 in the denominator), (T, L); not a number for one run."""
        if self.runs == 1:
            return _read_only(np.full(self.mean.shape, np.nan))
        return _read_only(self.values.std(axis=0, ddof=1))

    def mean_of(self, label: str) -> Values:
        """The mean over runs of one label, (T,)."""
        return self.mean[:, column(self, label)]

    def sd_of(self, label: str) -> Values:
        """The standard deviation over runs of one label, (T,)."""
        return self.sd[:, column(self, label)]

    def statistics(self) -> Ensemble:
        """Mean and standard deviation over the runs."""
        shared = (self.name, self.t, self.labels, self.units)
        return Ensemble(*shared, self.runs, self.mean, self.sd, self.method, self.seed, self.notes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Trajectory) and _same(self, other) and _equal(self.values, other.values)

    def __repr__(self) -> str:
        return _summary(self)

    def to_pandas(self) -> Any:
        """A DataFrame: index `time` (for several runs `run`, `time`), a column a label. Raises R705 without pandas."""
        pandas = extra("pandas")
        flat = self.values.reshape(-1, len(self.labels))
        if self.runs == 1:
            index = pandas.Index(self.t, name="time")
        else:
            index = pandas.MultiIndex.from_product([range(self.runs), self.t], names=["run", "time"])
        return pandas.DataFrame(flat, index=index, columns=list(self.labels))

    def to_xarray(self) -> Any:
        """A Dataset with `value` over (run, time, label), as its NetCDF file has. Raises R705 without xarray."""
        return _dataset(self, {"value": (("run", "time", "label"), self.values)})


@dataclass(frozen=True, eq=False)
class Ensemble:
    """The mean and standard deviation over many runs of one model at common times.

    Shapes: `t` (T,), `mean` and `sd` (T, L), `labels` and `units` L each. `sd` has runs - 1 in the denominator.
    `tally` holds the sums and histograms that a sampler has kept, for covariances and quantiles. The arrays cannot
    be written to. Raises R701 where shapes do not fit.
    """

    name: str
    t: Values
    labels: tuple[str, ...]
    units: tuple[str, ...]
    runs: int
    mean: Values
    sd: Values
    method: str
    seed: int | None = None
    notes: tuple[str, ...] = ()
    tally: Tally | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        _settle(self)
        expected = (len(self.t), len(self.labels))
        for what, array in (("mean", self.mean), ("sd", self.sd)):
            if array.shape != expected:
                raise RxnError("R701", f"{what} has shape {array.shape}, expected {expected}")

    def mean_of(self, label: str) -> Values:
        """The mean over runs of one label, (T,). Raises R704 for an unknown label."""
        return self.mean[:, column(self, label)]

    def sd_of(self, label: str) -> Values:
        """The standard deviation over runs of one label, (T,). Raises R704 for an unknown label."""
        return self.sd[:, column(self, label)]

    def covariance(self, first: str, second: str) -> Values:
        """The covariance of two labels (runs - 1 in the denominator), (T,). Raises R704, R706 where it was not kept."""
        found = self._kept().covariance(column(self, first), column(self, second))
        if found is None:
            hint = f"ask for it: sample_statistics(..., joint=[({first!r}, {second!r})])"
            raise RxnError("R706", f"the covariance of {first} and {second} was not kept", hint=hint)
        return found

    def quantile(self, label: str, q: float) -> Values:
        """The least value that at least the part q of the runs do not exceed, (T,).

        Exact for counts unless their range is wider than the bins kept; then, and for other outputs, within a bin,
        see `histogram`. Not a number where an output is none. Raises R604 for q outside [0, 1], R704, R706.
        """
        if not 0.0 <= q <= 1.0:
            raise RxnError("R604", f"quantile {q!r} is not between 0 and 1")
        found = self._kept().quantile(column(self, label), q)
        if found is None:
            raise self._many()
        return found

    def histogram(self, label: str, time: float | None = None) -> Histogram:
        """How often each value of a label occurs at an output time (None: the last). Raises R704, R706."""
        tally = self._kept()
        if tally.cells is None:
            raise self._many()
        return tally.cells.histogram(moment(self, time) * len(self.labels) + column(self, label))

    def joint(self, first: str, second: str, time: float | None = None) -> JointHistogram:
        """How often pairs of values occur, of labels asked for when sampling. Raises R704, R706."""
        tally, pair = self._kept(), (column(self, first), column(self, second))
        kept = tally.layout.joint
        if tally.joint is None or not {pair, pair[::-1]} & set(kept):
            hint = f"ask for it: sample_statistics(..., joint=[({first!r}, {second!r})])"
            raise RxnError("R706", f"the joint histogram of {first} and {second} was not kept", hint=hint)
        place = moment(self, time) * len(kept)
        if pair in kept:
            return tally.joint.joint(place + kept.index(pair))
        return tally.joint.joint(place + kept.index(pair[::-1])).turned()

    def _many(self) -> RxnError:
        size = f"{len(self.labels)} columns at {len(self.t)} times"
        return RxnError("R706", f"histograms of {size} were not kept", hint="ask for fewer times")

    def _kept(self) -> Tally:
        if self.tally is None:
            hint = "sample_statistics keeps them; .npz and .nc files do, .csv files do not"
            raise RxnError("R706", f"this result of {self.name} has means and deviations alone", hint=hint)
        return self.tally

    def statistics(self) -> Ensemble:
        """This ensemble itself, so that a caller need not know which of the two kinds it has."""
        return self

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Ensemble)
            and _same(self, other)
            and self.runs == other.runs
            and _equal(self.mean, other.mean)
            and _equal(self.sd, other.sd)
            and self.tally == other.tally
        )

    def __repr__(self) -> str:
        return _summary(self)

    def to_pandas(self) -> Any:
        """A DataFrame: index `time`, columns `X-mean`, `X-sd` for each label. Raises R705 without pandas."""
        pandas = extra("pandas")
        index = pandas.Index(self.t, name="time")
        return pandas.DataFrame(interleaved(self), index=index, columns=list(column_names(self)))

    def to_xarray(self) -> Any:
        """A Dataset with `mean` and `sd` over (time, label), as its NetCDF file has. Raises R705 without xarray."""
        over = ("time", "label")
        return _dataset(self, {"mean": (over, self.mean), "sd": (over, self.sd)})


Result: TypeAlias = Trajectory | Ensemble


class Labelled(Protocol):
    """A result with labelled columns."""

    @property
    def name(self) -> str: ...

    @property
    def labels(self) -> tuple[str, ...]: ...


def column(result: Labelled, label: str) -> int:
    """The column of a label. Raises R704 for an unknown one."""
    try:
        return result.labels.index(label)
    except ValueError:
        near = get_close_matches(label, result.labels, 1, 0.5) if isinstance(label, str) else []
        some = ", ".join(result.labels[:12]) + (" ..." if len(result.labels) > 12 else "")
        hint = f"did you mean {near[0]!r}?" if near else f"it has: {some}"
        raise RxnError("R704", f"{label!r} is no state or output of {result.name}", hint=hint) from None


def moment(result: Result, time: float | None) -> int:
    """The place of an output time, None for the last. Raises R704 for another time."""
    if time is None:
        return len(result.t) - 1
    nearest = int(np.argmin(np.abs(result.t - time)))
    if not np.isclose(result.t[nearest], time, rtol=1e-9, atol=0.0):
        raise RxnError("R704", f"{time:g} is no output time of {result.name}", hint=f"near is {result.t[nearest]!r}")
    return nearest


def column_names(result: Result) -> tuple[str, ...]:
    """The names of a table's columns beside time: the labels, or `X-mean`, `X-sd` for each."""
    if isinstance(result, Trajectory):
        return result.labels
    return tuple(f"{label}-{what}" for label in result.labels for what in ("mean", "sd"))


def interleaved(ensemble: Ensemble) -> Values:
    """Mean and standard deviation side by side, (T, 2 L)."""
    return np.stack([ensemble.mean, ensemble.sd], axis=2).reshape(len(ensemble.t), -1)


def extra(library: str) -> Any:
    """A library of the extra `data`. Raises R705 with the command that installs it."""
    try:
        return import_module(library)
    except ImportError:
        raise RxnError("R705", f"this needs {library}", hint="pip install 'rxncompile[data]'") from None


def _read_only(array: ArrayLike) -> Values:
    """A view of an array as doubles that cannot be written through."""
    view: Values = np.asarray(array, dtype=np.float64).view()
    view.flags.writeable = False
    return view


def _settle(result: Result) -> None:
    """Make arrays of doubles and tuples, and check what both kinds have in common."""
    for name in ("t", "values") if isinstance(result, Trajectory) else ("t", "mean", "sd"):
        object.__setattr__(result, name, _read_only(getattr(result, name)))
    for name in ("labels", "units", "notes"):
        object.__setattr__(result, name, tuple(getattr(result, name)))
    if result.t.ndim != 1 or not len(result.t):
        raise RxnError("R701", f"times have shape {result.t.shape}, expected one axis with at least one time")
    if not result.labels:
        raise RxnError("R701", f"{result.name} has neither states nor outputs to report")
    if len(result.units) != len(result.labels):
        raise RxnError("R701", f"{len(result.units)} units for {len(result.labels)} labels")
    if len(set(result.labels)) != len(result.labels):
        twice = next(label for i, label in enumerate(result.labels) if label in result.labels[:i])
        raise RxnError("R701", f"the label {twice!r} occurs twice")


def _same(a: Result, b: Result) -> bool:
    """Whether everything but the values agrees."""
    described = ("name", "labels", "units", "method", "seed", "notes")
    return all(getattr(a, f) == getattr(b, f) for f in described) and _equal(a.t, b.t)


def _equal(a: Values, b: Values) -> bool:
    return np.array_equal(a, b, equal_nan=True)


def _summary(result: Result) -> str:
    some = ", ".join(result.labels[:8]) + (" ..." if len(result.labels) > 8 else "")
    return (
        f"<{type(result).__name__} {result.name}: {result.method}, runs {result.runs}, "
        f"{len(result.t)} times {result.t[0]:g} .. {result.t[-1]:g}, {some}>"
    )


def _dataset(result: Result, variables: dict[str, tuple[tuple[str, ...], Values]]) -> Any:
    coordinates = {"time": result.t, "label": list(result.labels), "unit": ("label", list(result.units))}
    attributes: dict[str, Any] = {"title": result.name, "method": result.method, "notes": "\n".join(result.notes)}
    attributes["runs"] = result.runs
    if result.seed is not None:
        attributes["seed"] = str(result.seed)  # a seed may be longer than any integer of a file format
    return extra("xarray").Dataset(variables, coordinates, attributes)
