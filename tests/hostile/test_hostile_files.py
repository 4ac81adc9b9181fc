"""`rxnc check` of files made to harm it: exit 1, a place or a cause, within seconds and bounded memory."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from .hostile_files import FINE, LARGE, NET, RXN, SMALL, XML, folders, truncated, written

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
SECONDS = 30.0  # several times what the slowest takes, for busy machines
MEMORY = 500_000_000  # bytes in use at the most, 130 million of them the libraries'
ROOM = 8 << 30  # address space: a reader that runs away hurts itself alone


class Ended(NamedTuple):
    code: int
    out: str
    told: str
    peak: int


def check(paths: Sequence[Path], folder: Path) -> Ended:
    """`rxnc check` of some files in a process of its own."""
    out, told, peak = folder / ".out", folder / ".told", folder / ".peak"
    # its own peak: what wait4 tells of a child counts the memory of this process, from before the child's program began
    program = (
        f"import resource, sys; resource.setrlimit(resource.RLIMIT_AS, ({ROOM}, {ROOM}))\n"
        "from pathlib import Path\n"
        "from rxncompile.cli import main\n"
        "code = main(sys.argv[2:])\n"
        "lines = Path('/proc/self/status').read_text().splitlines()\n"
        "Path(sys.argv[1]).write_text(next(x for x in lines if x.startswith('VmHWM')).split()[1])\n"
        "sys.exit(code)\n"
    )
    with out.open("wb") as first, told.open("wb") as second:
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(peak), "check", *map(str, paths)], stdin=subprocess.DEVNULL,
            stdout=first, stderr=second,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"},
        )  # fmt: skip
        try:
            code = process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
    used = int(peak.read_text()) * 1024 if peak.exists() else 0
    peak.unlink(missing_ok=True)
    return Ended(code, out.read_text("utf-8"), told.read_text("utf-8"), used)


def located(told: str, path: Path) -> bool:
    """Whether an error of a file comes with a line and a column."""
    return re.search(rf"^{re.escape(str(path))}:\d+:\d+: error R\d\d\d: \S", told, re.MULTILINE) is not None


def well_ended(ended: Ended, code: int = 1) -> None:
    assert ended.code == code, (ended.code, ended.told[-2000:])
    assert "Traceback" not in ended.told
    assert 0 < ended.peak < MEMORY, f"{ended.peak / 1e6:.0f} MB"


@pytest.mark.parametrize("suffix", [".rxn", ".net", ".xml"])
def test_small_files(tmp_path: Path, suffix: str) -> None:
    paths = [written(tmp_path, name, data) for name, data in SMALL.items() if name.endswith(suffix)]
    ended = check(paths, tmp_path)
    well_ended(ended)
    assert [p.name for p in paths if not located(ended.told, p)] == []
    assert ended.out == ""


@pytest.mark.parametrize("name", LARGE)
def test_large_files(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, name, LARGE[name]())
    ended = check([path], tmp_path)
    path.unlink()
    well_ended(ended)
    assert located(ended.told, path) or "the file has" in ended.told or "too long" in ended.told
    assert len(ended.told) < 100_000  # a message is for people


def test_cut_files(tmp_path: Path) -> None:
    paths = [written(tmp_path, name, data) for name, data in truncated()]
    ended = check(paths, tmp_path)
    well_ended(ended)
    for path in paths:
        between = path.suffix == ".rxn" and f"{path}: " in ended.out  # a cut between statements leaves a model
        assert between or located(ended.told, path), path.name


def test_what_is_no_file(tmp_path: Path) -> None:
    paths = list(folders(tmp_path))
    ended = check(paths, tmp_path)
    well_ended(ended)
    assert ended.out == ""
    for path in paths:
        assert any("error R" in line and str(path) in line for line in ended.told.splitlines()), path.name


def test_the_files_themselves_are_good(tmp_path: Path) -> None:
    good = {"m.rxn": RXN, "m.net": NET, "m.xml": XML, **FINE}
    ended = check([written(tmp_path, name, data) for name, data in good.items()], tmp_path)
    well_ended(ended, 0)


def test_nothing_from_outside_is_shown(tmp_path: Path) -> None:
    """Neither an entity nor an import nor a link brings the words of another file into a message."""
    (tmp_path / "secret").write_text("the secret word\n")
    inside = tmp_path / "model"
    inside.mkdir()
    (inside / "link.rxn").symlink_to(tmp_path / "secret")
    entity = f'<!DOCTYPE a [<!ENTITY e SYSTEM "file://{tmp_path}/secret">]>'
    paths = [
        written(inside, "a.rxn", 'import "../secret"'),
        written(inside, "b.rxn", 'import "link.rxn"'),
        written(inside, "c.xml", XML.replace("<sbml", entity + "<sbml").replace("</model>", "<notes>&e;</notes>")),
    ]
    ended = check(paths, inside)
    well_ended(ended)
    assert "the secret word" not in ended.told + ended.out
