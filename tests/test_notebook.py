"""The example notebook runs from top to bottom, and what is printed in it is what it prints."""

import contextlib
import io
import json
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parent.parent / "examples").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook(path: Path) -> None:
    names: dict[str, object] = {}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile("".join(cell["source"]), path.name, "exec"), names)
        kept = "".join("".join(o["text"]) for o in cell["outputs"] if o["output_type"] == "stream")
        assert printed.getvalue() == kept


def test_there_is_one() -> None:
    assert NOTEBOOKS
