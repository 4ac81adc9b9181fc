"""Cases in folders that other people filled: found by listing, counted, summed up in a JSON file.

`RXNCOMPILE_TESTDATA` names the folder (default `../shared/testdata` beside the repository). An absent folder, or an
absent suite beside others, skips with its reason; a folder that is there and holds no case fails. There is no way to
skip a single case.
`RXNCOMPILE_SUMMARY_DIR` names the folder for the summaries, else pytest's temporary one.
"""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
DATA = Path(os.environ.get("RXNCOMPILE_TESTDATA") or ROOT.parent / "shared" / "testdata")


def found(suite: str, pattern: str) -> list[object]:
    """The cases of a suite as parameters of a test: the files that match, in order."""
    folder = DATA / suite
    hollow = DATA.is_dir() and not any(DATA.iterdir())  # a folder was given and holds nothing: that is a failure
    if not folder.is_dir() and not hollow:
        reason = f"no outside data: {folder} does not exist (RXNCOMPILE_TESTDATA names another folder)"
        return [pytest.param(None, marks=pytest.mark.skip(reason=reason), id="absent")]
    files = sorted(folder.glob(pattern))
    if not files:
        return [pytest.param(None, id="empty")]
    return [pytest.param(path, id=path.stem) for path in files]


class Summary:
    """What a suite's cases came to: `error` is the worst error over the tolerance, above 1 a failure.

    `name` is that of the file; `counts` are whatever else was counted in a case.
    """

    def __init__(self, suite: str, name: str = "") -> None:
        self.suite, self.name = suite, name or suite
        self.cases: dict[str, float | None] = {}
        self.counts: dict[str, dict[str, int]] = {}

    def begin(self, path: Path | None) -> Path:
        """Note a case as found; it counts as failed until `end`."""
        if path is None:
            pytest.fail(f"{DATA / self.suite} holds no case")
        self.cases[path.stem] = None
        return path

    def end(self, path: Path, error: float, **counts: int) -> None:
        self.cases[path.stem] = float(error)
        if counts:
            self.counts[path.stem] = counts

    def text(self) -> str:
        errors = [e for e in self.cases.values() if e is not None]
        passed = sum(1 for e in errors if e <= 1.0)
        content = {
            "suite": self.name,
            "found": len(self.cases),
            "passed": passed,
            "worst_error_over_tolerance": max(errors, default=None),
            "failed": sorted(name for name, e in self.cases.items() if e is None or not e <= 1.0),
            "cases": self.cases,
        }
        if self.counts:
            content["counts"] = self.counts
        return json.dumps(content, indent=1)


def table(path: Path) -> tuple[list[str], list[list[float]]]:
    """A table with a header, its numbers separated by commas."""
    with path.open(newline="") as file:
        rows = [row for row in csv.reader(file) if row]
    return [name.strip() for name in rows[0]], [[float(x) for x in row] for row in rows[1:]]


def settings(path: Path) -> dict[str, str]:
    """`key: value` lines."""
    pairs = (line.partition(":") for line in path.read_text().splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, _, value in pairs}


def listed(text: str) -> list[str]:
    """Names between commas."""
    return [name for name in (part.strip() for part in text.split(",")) if name]
