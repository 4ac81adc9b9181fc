"""The chapter of plots: what the equations and the jump process do in time."""

from __future__ import annotations

from ..simulators.results.comparison import Comparison
from ..simulators.results.trajectory import Ensemble, Trajectory
from .computed import Tour
from .page import Chapter, paragraph, picture
from .plots import ensemble_band, phase_pair, phase_plane, sample_paths, selection, time_course

_SHOWN_PATHS = 12


def what_happens(tour: Tour) -> Chapter:
    """The rate equations, the ensemble, single runs and a phase plane; in words what could not be simulated."""
    figures = [*_deterministic(tour), *_stochastic(tour), *_phase(tour)]
    body = f'<div class="figures">{"".join(figures)}</div>' if figures else ""
    why = f": {tour.reason.rstrip('.')}" if tour.reason else ""
    if tour.net.lattices and not figures:
        places = " and ".join(lattice.name for lattice in tour.net.lattices)
        body = paragraph(
            f"Nothing is simulated here: this model lives on a lattice ({places}), and rxnc run cannot simulate "
            "lattices yet. The rest of this page shows what the model says."
        )
    elif tour.ensemble is None and tour.paths is None:
        body += paragraph(f"There is no stochastic simulation{why}.")
    elif tour.reason:
        body += paragraph(f"The stochastic simulation is {tour.reason.rstrip('.')}.")
    if tour.comparison is not None:
        body += paragraph(_compared(tour.comparison))
    return Chapter("What happens", body)


def _compared(found: Comparison) -> str:
    """The verdict of the ensemble against the master equation, in words."""
    alarm = f"one false alarm in {1.0 / found.alarm:,.0f} such pages"
    if found.worst is None:
        return f"The master equation is solved beside the runs: the means differ by at most {found.distance:.3g} sd."
    if found.agree:
        return (
            f"The runs agree with the master equation, which was solved beside them: of {len(found.tests):,} tests of "
            f"means, variances and distributions none tells them apart ({alarm}; the least likely has "
            f"p = {found.worst.p:.2g})."
        )
    return (
        f"The runs differ from the master equation, which was solved beside them, in {len(found.rejected):,} of "
        f"{len(found.tests):,} tests ({alarm}). The least likely: {found.worst}."
    )


def _deterministic(tour: Tour) -> list[str]:
    if tour.ode is None:
        return []
    alt = f"Rate equations of {tour.net.name} over time"
    caption = f"The rate equations, integrated by {tour.ode.method}. {selection(tour.ode).note}"
    caption += _notes(tour.ode)
    return [picture(time_course(tour.ode, time_unit=tour.time_unit), "ode", alt, caption.strip())]


def _stochastic(tour: Tour) -> list[str]:
    figures = []
    if tour.ensemble is not None:
        result = tour.ensemble
        alt = f"Mean and standard deviation of {result.runs} stochastic runs over time"
        caption = f"Mean and standard deviation of {result.runs:,} stochastic runs ({_how(result)})."
        caption += f" {note}" if (note := selection(result).note) else ""
        if tour.ode is not None:
            caption += " Dashed: the rate equations."
        drawn = ensemble_band(result, tour.ode, time_unit=tour.time_unit)
        figures.append(picture(drawn, "ensemble", alt, caption + _notes(result)))
    if tour.paths is not None:
        paths = tour.paths.select(slice(0, _SHOWN_PATHS))
        alt = f"{paths.runs} single stochastic runs over time"
        caption = f"{paths.runs} single runs and their mean ({_how(paths)})."
        figures.append(picture(sample_paths(paths, time_unit=tour.time_unit), "paths", alt, caption))
    return figures


def _phase(tour: Tour) -> list[str]:
    if tour.ode is None:
        return []
    moving = [s.name for s in tour.net.species if s.name in tour.ode.labels]  # not what events switch
    pair = phase_pair(tour.ode, moving)
    if pair is None:
        return []
    some = tour.paths.select(slice(0, 2)) if tour.paths is not None else None
    with_runs = f", and {'one run' if some.runs == 1 else 'two runs'}" if some is not None else ""
    caption = f"{pair[1]} against {pair[0]}: the rate equations, which begin at the dot{with_runs}."
    return [picture(phase_plane(tour.ode, *pair, some), "phase", f"Phase plane of {pair[0]} and {pair[1]}", caption)]


def _how(result: Trajectory | Ensemble) -> str:
    return result.method + (f"; seed {result.seed}" if result.seed is not None else "")


def _notes(result: Trajectory | Ensemble) -> str:
    return "".join(f" {note.rstrip('.')}." for note in result.notes)
