"""The summary that a module of outside cases writes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .cases import Summary


@pytest.fixture(scope="module")
def summary(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Summary]:
    """The summary of the module's suite, written when its tests are done."""
    content = Summary(request.module.SUITE)
    yield content
    if content.cases:
        named = os.environ.get("RXNCOMPILE_SUMMARY_DIR")
        folder = Path(named) if named else tmp_path_factory.getbasetemp()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{content.suite}.json").write_text(content.text())
