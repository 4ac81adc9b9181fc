"""Results in memory: labels, statistics, equality."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rxncompile.errors import RxnError
from rxncompile.simulators.results import files
from rxncompile.simulators.results.trajectory import Trajectory

T = np.linspace(0.0, 2.0, 5)


def trajectory(runs: int = 3, **changes: object) -> Trajectory:
    values = np.random.default_rng(runs).normal(size=(runs, 5, 2))
    made = Trajectory("m", T, ("A", "<A^2*B[0,1]>"), ("uM", ""), values, "ssa", 7, ("slow",))
    return replace(made, **changes)  # type: ignore[arg-type]


def test_labels_give_columns() -> None:
    many, one = trajectory(3), trajectory(1)
    assert many["A"].shape == (3, 5)
    assert one["A"].shape == (5,)
    np.testing.assert_array_equal(many["<A^2*B[0,1]>"], many.values[:, :, 1])
    assert one.final == {"A": one.values[0, -1, 0], "<A^2*B[0,1]>": one.values[0, -1, 1]}
    np.testing.assert_array_equal(many.final["A"], many.values[:, -1, 0])


@pytest.mark.parametrize("ask", [lambda r: r["B"], lambda r: r.mean_of("B"), lambda r: r.statistics().sd_of("B")])
def test_unknown_label_is_named(ask: object) -> None:
    with pytest.raises(RxnError, match="'B' is no state or output of m") as caught:
        ask(replace(trajectory(), labels=("BB", "other")))  # type: ignore[operator]
    assert caught.value.code == "R704"
    assert caught.value.hint == "did you mean 'BB'?"
    with pytest.raises(RxnError) as caught:
        trajectory()["quite different"]
    assert "A, <A^2*B[0,1]>" in caught.value.hint


def test_statistics_are_asked_in_one_way() -> None:
    path = trajectory(4)
    ensemble = path.statistics()
    for result in (path, ensemble):
        assert result.runs == 4
        np.testing.assert_array_equal(result.mean_of("A"), path.values[:, :, 0].mean(axis=0))
        np.testing.assert_array_equal(result.sd_of("A"), path.values[:, :, 0].std(axis=0, ddof=1))
        assert result.statistics() == ensemble
    assert np.isnan(trajectory(1).sd).all()  # one run says nothing about spread
    np.testing.assert_array_equal(trajectory(1).mean, trajectory(1).values[0])


def test_selecting_runs() -> None:
    path = trajectory(4)
    np.testing.assert_array_equal(path.select(-1)["A"], path["A"][3])
    np.testing.assert_array_equal(path.select(slice(1, 3)).values, path.values[1:3])
    np.testing.assert_array_equal(path.select([3, 0]).values, path.values[[3, 0]])
    for which in (4, [0, 9], slice(4, None), []):
        with pytest.raises(RxnError, match="run"):
            path.select(which)  # type: ignore[arg-type]


def test_arrays_are_read_only_and_the_callers_stay_writable() -> None:
    values = np.zeros((1, 5, 2))
    path = trajectory(1, values=values)
    for array in (path.t, path.values, path["A"], path.mean, path.statistics().sd):
        with pytest.raises(ValueError, match="read-only"):
            array[..., 0] = 1.0
    values[0, 0, 0] = 1.0


def test_equality_is_by_content() -> None:
    path = trajectory()
    assert path == trajectory()
    assert path != path.statistics()
    assert path.statistics() == trajectory().statistics()
    changed = path.values.copy()
    changed[2, 4, 1] = np.nextafter(changed[2, 4, 1], 9.0)
    assert path != replace(path, values=changed)
    for field, value in {"name": "n", "method": "o", "seed": 8, "notes": (), "units": ("", ""), "t": T + 1}.items():
        assert path != replace(path, **{field: value})
    assert replace(path, values=path.values * np.nan) == replace(path, values=path.values * np.nan)
    with pytest.raises(TypeError, match="unhashable"):
        hash(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"values": np.zeros((5, 2))},
        {"values": np.zeros((1, 5, 3))},
        {"values": np.zeros((0, 5, 2))},
        {"units": ("",)},
        {"labels": ("A", "A")},
        {"labels": (), "units": (), "values": np.zeros((1, 5, 0))},
        {"t": np.zeros((5, 1))},
        {"t": np.zeros(0), "values": np.zeros((1, 0, 2))},
    ],
)
def test_shapes_that_do_not_fit(changes: dict[str, object]) -> None:
    with pytest.raises(RxnError) as caught:
        trajectory(1, **changes)
    assert caught.value.code == "R701"


def test_moments_that_do_not_fit() -> None:
    for name in ("mean", "sd"):
        with pytest.raises(RxnError, match=rf"{name} has shape \(5, 3\), expected \(5, 2\)"):
            replace(trajectory().statistics(), **{name: np.zeros((5, 3))})


def test_repr_is_short() -> None:
    assert repr(trajectory()) == "<Trajectory m: ssa, runs 3, 5 times 0 .. 2, A, <A^2*B[0,1]>>"
    assert "Ensemble" in repr(trajectory().statistics())


def test_pandas() -> None:
    one, many, ensemble = trajectory(1), trajectory(3), trajectory(3).statistics()
    frame = one.to_pandas()
    assert frame.index.name == "time"
    np.testing.assert_array_equal(frame["A"].to_numpy(), one["A"])
    frame = many.to_pandas()
    np.testing.assert_array_equal(frame.loc[2, "A"].to_numpy(), many["A"][2])
    assert list(ensemble.to_pandas().columns)[:2] == ["A-mean", "A-sd"]
    np.testing.assert_array_equal(ensemble.to_pandas()["A-sd"].to_numpy(), ensemble.sd_of("A"))


def test_xarray_is_what_the_netcdf_file_holds(tmp_path: Path) -> None:
    import xarray

    for result in (trajectory(1), trajectory(3), trajectory(3).statistics()):
        files.save(result, tmp_path / "x.nc")
        made = result.to_xarray()
        with xarray.open_dataset(tmp_path / "x.nc", engine="scipy") as opened:
            assert set(opened.data_vars) == set(made.data_vars)
            assert opened.attrs["title"] == "m"
            for name in made.data_vars:
                assert opened[name].dims == made[name].dims
                np.testing.assert_array_equal(opened[name], made[name])
                np.testing.assert_array_equal(
                    opened[name].sel(label="<A^2*B[0,1]>"), made[name].sel(label="<A^2*B[0,1]>")
                )
            assert list(opened["unit"].values) == ["uM", ""]


@pytest.mark.parametrize(("library", "ask"), [("pandas", "to_pandas"), ("xarray", "to_xarray")])
def test_missing_extra_is_one_line(library: str, ask: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    for result in (trajectory(), trajectory().statistics()):
        with pytest.raises(RxnError, match=f"needs {library}") as caught:
            getattr(result, ask)()
        assert (caught.value.code, caught.value.hint) == ("R705", "pip install 'rxncompile[data]'")
