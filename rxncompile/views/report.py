"""The page that `rxnc run` writes: chapters made by plain functions, in order."""

from __future__ import annotations

from collections.abc import Callable

from .approximations import how_good_closures_are
from .behaviour import what_happens
from .chapters import how_it_was_made, on_the_lattice, the_equations, the_model, the_numbers, what_reacts
from .computed import Tour
from .constraints import structure, what_is_conserved
from .introduction import first_sentence, introduction
from .page import Chapter, page, paragraph
from .readings import summary
from .what_is_left import what_is_left

_MOST = 1_900_000  # bytes of a page, less its frame

# a further chapter is a further function here; one that has nothing to say about a model returns None
CHAPTERS: tuple[Callable[[Tour], Chapter | None], ...] = (
    what_reacts,
    on_the_lattice,
    what_happens,
    how_good_closures_are,
    what_is_left,
    what_is_conserved,
    structure,
    the_equations,
    the_numbers,
    the_model,
    how_it_was_made,
)


def report(tour: Tour) -> str:
    """One self-contained HTML page about a model and what it does: no script, no request to the network."""
    words = introduction(tour.net)
    if words:
        words = tuple(part for part in (*first_sentence(words[0]), *words[1:]) if part)
    chapters = _within([found for chapter in CHAPTERS if (found := chapter(tour)) is not None])
    footer = "One file, complete in itself: it runs no script and asks the network for nothing."
    return page(tour.net.name, facts(tour), words, chapters, footer)


def _within(chapters: list[Chapter]) -> list[Chapter]:
    """The chapters, the largest ones left out until the page can be sent to somebody."""
    sizes = [len(c.html.encode()) for c in chapters]
    while sum(sizes) > _MOST:
        k = sizes.index(max(sizes))
        note = f"This chapter would take {sizes[k] / 1e6:.1f} MB and is left out: rxnc show and rxnc derive print it."
        chapters[k] = Chapter(chapters[k].title, paragraph(note))
        sizes[k] = len(note)
    return chapters


def facts(tour: Tour) -> str:
    """What was counted, in a line."""
    unit = f" {tour.time_unit}" if tour.time_unit else ""
    said = [summary(tour.net)]
    if tour.ode is not None:
        said.append(f"simulated until t = {tour.ode.t[-1]:g}{unit}")
    if tour.ensemble is not None:
        said.append(f"{tour.ensemble.runs:,} stochastic runs")
    return " · ".join(said)
