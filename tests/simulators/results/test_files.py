"""Results in files: every bit comes back, damage has a name, an earlier file survives."""

import errno
import io
import os
import stat
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rxncompile.errors import RxnError
from rxncompile.simulators.results import files
from rxncompile.simulators.results.trajectory import Ensemble, Result, Trajectory

SUFFIXES = (".csv", ".npz", ".nc")


def trajectory(runs: int = 3) -> Trajectory:
    values = np.random.default_rng(runs).normal(size=(runs, 5, 2))
    return Trajectory("m", np.linspace(0.0, 2.0, 5), ("A", "<A^2*B[0,1]>"), ("uM", ""), values, "ssa", 7, ("slow",))


# Text as any model or file name may hold it: no surrogates (no file can), no control characters (no label has).
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)
NUMBERS = st.floats(width=64, allow_subnormal=True)  # infinities and not-a-numbers included


@st.composite
def results(draw: st.DrawFn) -> Result:
    labels = draw(st.lists(TEXTS, min_size=1, max_size=4, unique=True))
    units = [draw(TEXTS) for _ in labels]
    runs, points = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    t = draw(arrays(np.float64, points, elements=st.floats(allow_nan=False, allow_infinity=False), unique=True))
    values = draw(arrays(np.float64, (runs, points, len(labels)), elements=NUMBERS))
    seed = draw(st.none() | st.integers(0, 2**130))
    notes = tuple(draw(st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=8), max_size=2)))
    path = Trajectory(draw(TEXTS), t, tuple(labels), tuple(units), values, draw(TEXTS), seed, notes)
    if draw(st.booleans()):
        return path
    sd = draw(arrays(np.float64, (points, len(labels)), elements=NUMBERS))
    return Ensemble(path.name, t, path.labels, path.units, runs, values[0], sd, path.method, seed, notes)


def bits(result: Result) -> list[bytes]:
    fields = (result.values,) if isinstance(result, Trajectory) else (result.mean, result.sd)
    # a not-a-number's payload and sign are no value, all others must come back exactly
    return [np.where(np.isnan(a), np.nan, a).tobytes() for a in (result.t, *fields)]


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(result=results())
def test_round_trip(result: Result, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"result{suffix}"
    files.save(result, path)
    back = files.load(path)
    assert back == result
    assert bits(back) == bits(result)


def test_csv_as_written() -> None:
    t = np.array([0.0, 0.1])
    one = Trajectory("m", t, ("X", "S[0,1]"), ("uM", ""), np.array([[[1.0, 2.0], [1e-300, 0.1 + 0.2]]]), "LSODA")
    assert files.csv_text(one) == (
        '# kind: "trajectory"\n# name: "m"\n# method: "LSODA"\n# runs: 1\n# seed: null\n# units: ["uM", ""]\n'
        '# notes: []\ntime,X,"S[0,1]"\n0.0,1.0,2.0\n0.1,1e-300,0.30000000000000004\n'
    )
    two = replace(one, values=np.repeat(one.values, 2, axis=0))
    assert files.csv_text(two).splitlines()[7:] == [
        'run,time,X,"S[0,1]"', "0,0.0,1.0,2.0", "0,0.1,1e-300,0.30000000000000004",
        "1,0.0,1.0,2.0", "1,0.1,1e-300,0.30000000000000004",
    ]  # fmt: skip
    ensemble = replace(two.statistics(), sd=np.zeros((2, 2)))
    assert files.csv_text(ensemble).splitlines()[7:9] == [
        'time,X-mean,X-sd,"S[0,1]-mean","S[0,1]-sd"', "0.0,1.0,0.0,2.0,0.0",
    ]  # fmt: skip


def test_a_table_of_other_origin(tmp_path: Path) -> None:
    path = tmp_path / "measured.csv"
    path.write_bytes(b"\xef\xbb\xbf# taken on Monday: by hand\r\ntime,A,B\r\n0,1,2\r\n\r\n1,3,4e0\r\n")
    read = files.load(path)
    assert isinstance(read, Trajectory)
    assert (read.name, read.labels, read.method) == ("measured", ("A", "B"), "table")
    np.testing.assert_array_equal(read.values, [[[1, 2], [3, 4]]])
    path.write_text("time,A-mean,A-sd\n0,1,2\n")
    ensemble = files.load(path)
    assert isinstance(ensemble, Ensemble)
    assert (ensemble.labels, ensemble.sd_of("A").tolist()) == (("A",), [2.0])
    path.write_text("run,time,A\n0,0,1\n0,1,2\n1,0,3\n1,1,4\n")
    both = files.load(path)
    assert isinstance(both, Trajectory)
    np.testing.assert_array_equal(both["A"], [[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no row"),
        ("time,A\n", "no row"),
        ("x,A\n0,1\n", "not 'time'"),
        ("run,x,A\n0,0,1\n", "not 'time'"),
        ("time,A\n0,1,2\n", "row 1 has 3 cells"),
        ("time,A\n0,one\n", "one"),
        ("time,A,A\n0,1,2\n", "'A' occurs twice"),
        ("time\n0\n", "neither states nor outputs"),
        ("run,time,A\n0,0,1\n0,1,2\n1,0,3\n", "rows are not runs"),
        ("run,time,A\n0,0,1\n1,1,2\n", "rows are not runs"),
        ("run,time,A\nnan,0,1\n", "rows are not runs"),
        ('time,"A\n0,1\n', "unexpected end"),
        ("# units: 3\ntime,A\n0,1\n", "units|iterable"),
        ('# name: 3\ntime,A\n0,1\n', "metadata"),
        ("# name: {\ntime,A\n0,1\n", "Expecting"),
        ('# kind: "ensemble"\ntime,A,B\n0,1,2\n', "'X-mean', 'X-sd'"),
        ('# units: ["a", "b"]\ntime,A\n0,1\n', "2 units for 1 labels"),
    ],
)
def test_malformed_csv_is_named(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(RxnError, match=message) as caught:
        files.load(path)
    assert caught.value.code == "R703"
    assert "bad.csv" in caught.value.message


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_damaged_files_fail_by_name(suffix: str, tmp_path: Path) -> None:
    """Cut short anywhere or with one byte changed: the result, another result, or R703; nothing else."""
    path = tmp_path / f"x{suffix}"
    files.save(trajectory(), path)
    whole = path.read_bytes()
    random = np.random.default_rng(5)
    damaged = [whole[:k] for k in np.linspace(0, len(whole) - 1, 60).astype(int)]
    for place in random.integers(0, len(whole), 200):
        changed = bytearray(whole)
        changed[place] ^= int(random.integers(1, 256))
        damaged.append(bytes(changed))
    refused = []
    for content in damaged:
        path.write_bytes(content)
        try:
            files.load(path)
        except RxnError as error:
            refused.append(error.code)
    assert set(refused) == {"R703"}
    assert len(refused) > 50


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "sprung"),)

    path = tmp_path / "x.npz"
    files.save(trajectory(), path)
    pickled = io.BytesIO()
    np.save(pickled, np.array([Trap()], dtype=object), allow_pickle=True)
    content = {name: zipfile.ZipFile(path).read(name) for name in zipfile.ZipFile(path).namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, pickled.getvalue() if name == "value.npy" else data)
    with pytest.raises(RxnError, match="allow_pickle"):
        files.load(path)
    assert not (tmp_path / "sprung").exists()
    np.save(tmp_path / "one.npy", np.zeros(3))
    (tmp_path / "one.npy").rename(path)
    with pytest.raises(RxnError, match="one array"):
        files.load(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_earlier_file_survives_a_full_disk(suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / f"x{suffix}"
    files.save(trajectory(1), path)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(RxnError, match="No space left on device") as caught:
        files.save(trajectory(3), path)
    assert caught.value.code == "R702"
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [path.name]
    monkeypatch.undo()
    files.save(trajectory(3), path)
    assert files.load(path) == trajectory(3)


def test_an_interrupted_writer_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("old")

    def write() -> None:
        with files.replacing(tmp_path / "x") as part:
            part.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert os.listdir(tmp_path) == ["x"]
    assert (tmp_path / "x").read_text() == "old"


def test_files_are_as_readable_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    files.save(trajectory(), tmp_path / "link.csv")
    assert (tmp_path / "link.csv").is_symlink()
    assert stat.S_IMODE((tmp_path / "real.csv").stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


def test_paths_that_cannot_be(tmp_path: Path) -> None:
    for path in (tmp_path / "x.txt", tmp_path / "x"):
        for act in (lambda p: files.save(trajectory(), p), files.load):
            with pytest.raises(RxnError, match="no known suffix"):
                act(path)
    with pytest.raises(RxnError, match=r"cannot write .*No such file"):
        files.save(trajectory(), tmp_path / "nowhere" / "x.csv")
    with pytest.raises(RxnError, match=r"cannot write .*Not a directory"):
        files.save(trajectory(), "/dev/null/x.csv")
    for suffix in SUFFIXES:
        with pytest.raises(RxnError, match=r"cannot read .*No such file") as caught:
            files.load(tmp_path / f"x{suffix}")
        assert caught.value.code == "R702"


def test_suffix_in_capitals(tmp_path: Path) -> None:
    files.save(trajectory(), tmp_path / "X.NC")
    assert files.load(tmp_path / "X.NC") == trajectory()


def test_what_netcdf_cannot_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_LARGEST_VARIABLE", 8 * 3 * 5 * 2 - 1)
    with pytest.raises(RxnError, match="too large for NetCDF-3") as caught:
        files.save(trajectory(), tmp_path / "x.nc")
    assert (caught.value.code, caught.value.hint) == ("R702", "save it as .npz")
    assert os.listdir(tmp_path) == []
