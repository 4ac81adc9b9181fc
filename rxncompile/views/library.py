"""The front page of a folder of pages: a card for each model, linked to its page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from ..errors import RxnError
from ..notation import escaped_xml
from .computed import Tour
from .drawing import network_drawing
from .introduction import first_sentence, introduction
from .page import document, paragraph, picture
from .plots import thumbnail
from .readings import summary

_MOST_NODES = 60  # of a drawing as small as a card's


@dataclass(frozen=True, slots=True)
class Entry:
    """A model in a library: `page` is its file, `picture` a small figure as HTML, nothing where there is none."""

    page: str
    name: str
    sentence: str
    facts: str
    picture: str


def entry(tour: Tour, page: str, number: int) -> Entry:
    """The card of a model; `number` keeps its picture's identifiers apart from those of others."""
    words = introduction(tour.net)
    sentence = first_sentence(words[0])[0] if words else ""
    drawn = _drawn(tour)
    shown = picture(drawn, f"card-{number}", f"{tour.net.name} in short", "") if drawn else ""
    return Entry(page, tour.net.name, sentence, summary(tour.net), shown)


def index(entries: Sequence[Entry], failed: Sequence[tuple[str, str]] = ()) -> str:
    """The front page: the entries in their order, and what has no page, with the reason, below them."""
    cards = "\n".join(_card(e) for e in entries)
    count = "1 model" if len(entries) == 1 else f"{len(entries)} models"
    body = f"""<header><h1>Reaction networks</h1><p class="summary">{count}, each with a page of its own.</p></header>
<main><ul class="cards">
{cards}
</ul>
{_without(failed)}</main>
<footer><p>Written by rxnc run. These pages run no script and ask the network for nothing.</p></footer>"""
    return document("Reaction networks", body)


def _card(e: Entry) -> str:
    return (
        f'<li class="card"><h2><a href="{escaped_xml(e.page)}">{escaped_xml(e.name)}</a></h2>{e.picture}'
        f"{paragraph(e.sentence)}{paragraph(e.facts, 'quiet')}</li>"
    )


def _without(failed: Sequence[tuple[str, str]]) -> str:
    if not failed:
        return ""
    rows = "".join(f"<li><code>{escaped_xml(name)}</code>: {escaped_xml(why)}</li>" for name, why in failed)
    return f"<h2>Without a page</h2><ul>{rows}</ul>\n"


def _drawn(tour: Tour) -> Figure | None:
    """What a card shows: the course in time, else the network where it is small."""
    if tour.ode is not None:
        return thumbnail(tour.ode, tour.paths, tour.time_unit)
    if len(tour.net.species) + len(tour.net.reactions) > _MOST_NODES:
        return None
    try:
        return network_drawing(tour.net)
    except RxnError:
        return None
