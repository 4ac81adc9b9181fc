"""One self-contained page: chapters between a heading and a footer, light and dark, on paper and on a phone.

The page has no script and asks the network for nothing, which its own content policy enforces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from ..notation import escaped_xml
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


def page(title: str, summary: str, chapters: Sequence[Chapter], footer: str) -> str:
    """The whole page; `summary` and `footer` are plain text."""
    names = [_slug(c.title) for c in chapters]
    links = "".join(
        f'<li><a href="#{name}">{escaped_xml(c.title)}</a></li>' for name, c in zip(names, chapters, strict=True)
    )
    sections = "\n".join(
        f'<section id="{name}" aria-labelledby="{name}-title">\n<h2 id="{name}-title">{escaped_xml(c.title)}</h2>\n'
        f"{c.html}\n</section>"
        for name, c in zip(names, chapters, strict=True)
    )
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
<header>
<h1>{escaped_xml(title)}</h1>
<p class="summary">{escaped_xml(summary)}</p>
<nav aria-label="Chapters"><ol>{links}</ol></nav>
</header>
<main>
{sections}
</main>
<footer><p>{escaped_xml(footer)}</p></footer>
</body>
</html>
"""


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


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
    return f"<figure>{box}<figcaption>{escaped_xml(caption)}</figcaption></figure>"


STYLE = """
:root{--ink:#1f2430;--muted:#5b6472;--faint:#d9dde3;--paper:#fff;--page:#fff;--raised:#f5f6f8;--link:#0b5cad;
--series-0:#0072b2;--series-1:#d55e00;--series-2:#009e73;--series-3:#c2639a;--series-4:#d18f00;--series-5:#3a9fdd;
--sans:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
@media (prefers-color-scheme:dark){:root{--ink:#e6e8ec;--muted:#9aa4b2;--faint:#343b46;--paper:#171a20;--page:#14171c;
--raised:#1d2129;--link:#7db7f0;--series-0:#56a9e0;--series-1:#f0884a;--series-2:#35c79a;--series-3:#e29ac4;
--series-4:#e9b44c;--series-5:#8fd0f7}}
*{box-sizing:border-box}
html{color-scheme:light dark;-webkit-text-size-adjust:100%}
body{margin:0 auto;padding:1.5rem clamp(1rem,4vw,2.5rem) 3rem;max-width:68rem;background:var(--page);color:var(--ink);
font:1rem/1.55 var(--sans);overflow-wrap:break-word}
h1{margin:.2rem 0;font-size:clamp(1.5rem,5vw,2.1rem);line-height:1.2;overflow-wrap:anywhere}
h2{margin:2.6rem 0 .8rem;padding-top:.9rem;border-top:1px solid var(--faint);font-size:1.3rem;line-height:1.3}
h3{margin:1.8rem 0 .5rem;font-size:1.05rem}
p{margin:.6rem 0;max-width:46rem}
a{color:var(--link)}
.summary,figcaption,.quiet,footer{color:var(--muted)}
nav ol{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;margin:.8rem 0 0;padding:0;list-style:none;font-size:.95rem}
nav a{display:inline-block;padding:.25rem 0}
table{border-collapse:collapse;margin:.8rem 0;font-size:.95rem}
th,td{padding:.4rem 1.4rem .4rem 0;text-align:left;vertical-align:baseline;border-bottom:1px solid var(--faint)}
th:last-child,td:last-child{padding-right:0}
thead th{color:var(--muted);font-weight:500;font-size:.88rem}
tbody th{font-weight:500;overflow-wrap:anywhere}
.stacked tbody th{min-width:9.5em}
math{font-family:math,"STIX Two Math","Latin Modern Math","Cambria Math","XITS Math","STIX Math","DejaVu Math TeX Gyre",
"Noto Sans Math",serif;font-size:1.06em;overflow-wrap:normal}
mi.word{font-style:italic}
mtext.verbatim{font-family:var(--mono);font-size:.9em}
.equations{display:grid;grid-template-columns:minmax(2rem,max-content) 1.4rem minmax(0,1fr);margin:.8rem 0;
row-gap:.3rem;align-items:baseline}
.equations>*{min-width:0;padding:.25rem 0}
.equations .left{overflow-x:auto;overflow-y:hidden;max-width:40vw}
.equations .right{overflow-x:auto;overflow-y:hidden;line-height:1.9}
.equations math,.stacked math{math-style:normal}
.equations .right math{margin-block:.22em}
.equations .wide{grid-column:1/-1;color:var(--muted)}
figure{margin:1rem 0;min-width:0}
figure svg{display:block;width:100%;height:auto}
figcaption{font-size:.9rem;margin-top:.4rem;max-width:46rem}
.scroll{overflow-x:auto;overflow-y:hidden;padding-bottom:2px}
.figures{display:grid;gap:.5rem 2.5rem;align-items:start;
grid-template-columns:repeat(auto-fit,minmax(min(100%,25rem),1fr))}
pre{overflow-x:auto;padding:.8rem 1rem;background:var(--raised);border-radius:.4rem;font:.85rem/1.5 var(--mono);
tab-size:4;max-width:100%}
pre.wrap{white-space:pre-wrap;overflow-wrap:anywhere}
code{font-family:var(--mono);font-size:.92em}
footer{margin-top:3rem;font-size:.9rem}
@media (max-width:40rem){
th,td{padding-right:1rem}
.stacked,.stacked tbody,.stacked tr,.stacked th,.stacked td{display:block}
.stacked thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.stacked tr{padding:.55rem 0;border-bottom:1px solid var(--faint)}
.stacked th,.stacked td{border:0;padding:.1rem 0;min-width:0}
.stacked td{display:grid;grid-template-columns:6.2rem minmax(0,1fr);gap:.6rem;align-items:baseline}
.stacked td::before{content:attr(data-column);color:var(--muted);font-size:.85rem}
.stacked td>div{overflow-x:auto;overflow-y:hidden;padding:.25rem 0}
.stacked td.empty{display:none}
}
@media print{
:root{--ink:#000;--muted:#444;--faint:#ccc;--paper:#fff;--page:#fff;--raised:#f6f6f6;--link:#000;--series-0:#0072b2;
--series-1:#d55e00;--series-2:#009e73;--series-3:#c2639a;--series-4:#d18f00;--series-5:#3a9fdd}
body{max-width:none;padding:0;font-size:10pt}nav{display:none}
figure,tr,.equations>*{break-inside:avoid}h2,h3{break-after:avoid}
pre{white-space:pre-wrap;overflow-wrap:anywhere}.scroll,.equations .right,.equations .left{overflow:visible}
figure svg{min-width:0!important}
a{text-decoration:none}}
"""
