"""The chapter that judges closures: what they give, against what the process does."""

from __future__ import annotations

from ..judging import Judgement
from ..judging.judge import CLOSED
from ..notation import escaped_xml
from .computed import Tour
from .judgements import judged_deviations, judged_means
from .page import Chapter, paragraph, picture


def how_good_closures_are(tour: Tour) -> Chapter | None:
    """Closures of the second order and linear noise: a sentence for each, means and deviations as pictures."""
    found = tour.judgement
    if found is None:
        return None
    closed = any(v.name == CLOSED for v in found.verdicts)
    words = (
        "Means and covariances obey equations of their own here, without a closure: they are exact."
        if closed
        else "The equations of means and covariances need moments of higher order, which a closure guesses. Each is "
        "followed in time beside the process itself."
    )
    said = "".join(
        f"<li><b>{escaped_xml(v.name)}</b>{escaped_xml(v.sentence.removeprefix(v.name))}</li>" for v in found.verdicts
    )
    pictures = _pictures(tour, found) if any(v.means for v in found.verdicts) else ""
    body = f"{paragraph(words)}<ul>{said}</ul>{pictures}"
    measure = (
        f"{found.measure} An error of a mean is relative to it, one of a covariance to the product of both standard "
        "deviations; of values below a twentieth of their largest, to that."
    )
    return Chapter("How good closures are", body + paragraph(measure, "quiet"))


def _pictures(tour: Tour, found: Judgement) -> str:
    edge = "Lines that leave a panel, at an arrow, go on outside it; a cross is where equations break down."
    names = ", ".join(v.name for v in found.verdicts)
    means = picture(
        judged_means(found, tour.time_unit), "closed-means", f"Means by {names} over time",
        f"Means, in molecules. {edge}",
    )  # fmt: skip
    deviations = picture(
        judged_deviations(found, tour.time_unit), "closed-deviations", f"Standard deviations by {names} over time",
        "Standard deviations, in molecules.",
    )  # fmt: skip
    return f'<div class="figures">{means}{deviations}</div>'
