"""The chapter of models that mark what is fast: the equations that are left, and how good they are."""

from __future__ import annotations

from ..derivations.reductions.named_constants import with_named_constants
from ..notation import escaped_xml
from .computed import Tour
from .equations import system_mathml
from .page import Chapter, paragraph, picture
from .reductions import reduced_errors, reduced_values


def what_is_left(tour: Tour) -> Chapter | None:
    """Fast species eliminated: the equations of the standard reduction, each reduction beside the full equations."""
    found = tour.reduced
    if found is None:
        return None
    first = found.followed[0]
    fast = ", ".join(s.name for s in first.reduction.fast)
    words = (
        f"The model marks what is fast. With {fast} where they balance, fewer equations are left; what was eliminated "
        "follows from the slow ones by formulas."
    )
    equations = system_mathml(with_named_constants(first.reduction), None)
    said = "".join(f"<li>{escaped_xml(s)}</li>" for s in (*found.sentences, *first.reduction.notes))
    names = ", ".join(f.name for f in found.followed)
    values = picture(
        reduced_values(found, tour.time_unit), "reduced-values", f"Full and reduced models over time: {names}",
        "The full equations in grey, reduced ones in colours.",
    )  # fmt: skip
    errors = picture(
        reduced_errors(found, tour.time_unit), "reduced-errors", f"Errors over time of {names}",
        "Differences from the full equations, relative to the largest value of each.",
    )  # fmt: skip
    body = f'{paragraph(words)}{equations}<ul>{said}</ul><div class="figures">{values}{errors}</div>'
    return Chapter("What is left when fast species balance", body)
