"""The files of numbers computed outside this project: those of `RXNCOMPILE_REFERENCE`, or of tests/reference.

No folder, or no such file in it, is a skip; a folder that was given and holds no numbers at all is a failure.
"""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(os.environ.get("RXNCOMPILE_REFERENCE", Path(__file__).parent / "reference"))


def absent(name: str) -> str:
    """Why a file is not there, "" where it is. Raises where the folder was given and is empty."""
    if not FOLDER.is_dir():
        return f"no reference numbers at {FOLDER}"
    assert any(FOLDER.glob("*.json")), f"RXNCOMPILE_REFERENCE = {FOLDER} holds no reference numbers"
    return "" if (FOLDER / f"{name}.json").is_file() else f"no {name}.json in {FOLDER}"


@cache
def content(name: str) -> Any:
    """What a file holds; None where it is absent."""
    return None if absent(name) else json.loads((FOLDER / f"{name}.json").read_text())


def reference(name: str) -> Any:
    """What a file holds. Skips the test where it is absent."""
    reason = absent(name)
    if reason:
        pytest.skip(reason)
    return content(name)
