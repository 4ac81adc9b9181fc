"""The summary that a module of outside cases writes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .cases import Summary


@pytest.fixture(scope="module")
def summary(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Summary]:
    """The summary of the module's suite, written when its tests are done."""
    content = Summary(request.module.SUITE)
    yield content
    write(content, tmp_path_factory)


@pytest.fixture(scope="module")
def sampled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Summary]]:
    """Summaries of the same suite by the number of runs, and the method, that its cases were sampled with."""
    contents: dict[str, Summary] = {}

    def of(runs: int, how: str = "") -> Summary:
        name = f"{request.module.SUITE}-{runs}-runs{how}"
        return contents.setdefault(name, Summary(request.module.SUITE, name))

    yield of
    for content in contents.values():
        write(content, tmp_path_factory)


def write(content: Summary, tmp_path_factory: pytest.TempPathFactory) -> None:
    if content.cases:
        named = os.environ.get("RXNCOMPILE_SUMMARY_DIR")
        folder = Path(named) if named else tmp_path_factory.getbasetemp()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{content.name}.json").write_text(content.text())
