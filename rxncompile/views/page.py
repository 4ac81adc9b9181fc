"""One self-contained page: chapters between a heading and a footer, light and dark, on paper and on a phone.

The page has no script and asks the network for nothing, which its own content policy enforces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from ..notation import escaped_xml
from .sheet import STYLE
from .style import inline_svg


@dataclass(frozen=True, slots=True)
class Chapter:
    """A heading and what stands below it, as HTML."""

    title: str
    html: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table that is HTML already; plain strings are escaped."""

    html: str


def page(title: str, facts: str, words: Sequence[str], chapters: Sequence[Chapter], footer: str) -> str:
    """The whole page; all but the chapters is plain text, the first of `words` said louder."""
    names = [_slug(c.title) for c in chapters]
    links = "".join(
        f'<li><a href="#{name}">{escaped_xml(c.title)}</a></li>' for name, c in zip(names, chapters, strict=True)
    )
    sections = "\n".join(
        f'<section id="{name}" aria-labelledby="{name}-title">\n<h2 id="{name}-title">{escaped_xml(c.title)}</h2>\n'
        f"{c.html}\n</section>"
        for name, c in zip(names, chapters, strict=True)
    )
    lead = "".join(paragraph(text, "" if k else "lead") for k, text in enumerate(words))
    body = f"""<header>
<h1>{escaped_xml(title)}</h1>
{lead}
<p class="summary">{escaped_xml(facts)}</p>
<nav aria-label="Chapters"><ol>{links}</ol></nav>
</header>
<main>
{sections}
</main>
<footer><p>{escaped_xml(footer)}</p></footer>"""
    return document(title, body)


def document(title: str, body: str) -> str:
    """An HTML document with the style of the pages, and a policy by which it can neither run nor load anything."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="rxncompile">
<link rel="icon" href="data:,">
<title>{escaped_xml(title)}</title>
<style>{STYLE}</style>
</head>
<body>
{body}
</body>
</html>
"""


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


MOST_ROWS = 300  # of a table


def cut(total: int, what: str) -> str:
    """A line below a table that is not shown to its end, nothing below another."""
    return paragraph(f"The first {MOST_ROWS} of {total:,} {what} are shown.", "quiet") if total > MOST_ROWS else ""


def definitions(rows: Iterable[tuple[str, str]]) -> str:
    """A list of terms, plain text, with what is said of them, HTML."""
    return "<dl>" + "".join(f"<dt>{escaped_xml(term)}</dt><dd>{html}</dd>" for term, html in rows) + "</dl>"


def paragraph(text: str, style: str = "") -> str:
    """Plain text as a paragraph, nothing where there is none."""
    kind = f' class="{style}"' if style else ""
    return f"<p{kind}>{escaped_xml(text)}</p>" if text else ""


def table(columns: Sequence[str], rows: Iterable[Sequence[str | Cell]], stacked: bool = False) -> str:
    """A table without its empty columns; the first column names the row.

    On a narrow screen it scrolls in its own box; `stacked`, each row becomes a block with the columns' names in it.
    """
    cells = [[c.html if isinstance(c, Cell) else escaped_xml(c) for c in r] for r in rows]
    used = [k for k in range(len(columns)) if k == 0 or any(r[k] for r in cells)]
    head = "".join(f'<th scope="col">{escaped_xml(columns[k])}</th>' for k in used)
    body = "\n".join(f"<tr>{''.join(_cell(r[k], columns[k], k == 0) for k in used)}</tr>" for r in cells)
    kind = ' class="stacked"' if stacked else ""
    return f'<div class="scroll"><table{kind}><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>'


def _cell(html: str, column: str, first: bool) -> str:
    if first:
        return f'<th scope="row">{html}</th>'
    kind = "" if html else ' class="empty"'
    return f'<td data-column="{escaped_xml(column)}"{kind}><div>{html}</div></td>'


def picture(drawn: Figure, name: str, alt: str, caption: str, least: float = 0.0) -> str:
    """A figure with its caption; narrower than `least` of its natural width it scrolls in its own box."""
    width = 96.0 * float(drawn.get_size_inches()[0])
    sizes = f"max-width:{width:.0f}px" + (f";min-width:{least * width:.0f}px" if least else "")
    svg = inline_svg(drawn, alt, name).replace("<svg ", f'<svg style="{sizes}" ', 1)
    box = f'<div class="scroll" tabindex="0" role="group" aria-label="{escaped_xml(alt)}">{svg}</div>' if least else svg
    words = f"<figcaption>{escaped_xml(caption)}</figcaption>" if caption else ""
    return f"<figure>{box}{words}</figure>"
