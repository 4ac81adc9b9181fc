"""How figures look, in one place: sizes, a colour-blind safe palette, and compact SVG that follows a page's colours."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from ..errors import RxnError
from ..notation import escaped_xml
from ..simulators.arrays import Values
from ..simulators.results.times import logarithmic

WIDTH = 4.9  # inches: read at 390 CSS pixels without turning the phone, two side by side on a desk
INK, MUTED, FAINT, PAPER = "#1f2430", "#6b7280", "#d5d9e0", "#fdfdfe"
# Okabe and Ito 2008, without black and yellow, which vanish on dark and on light paper
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_LEGEND = 54  # characters across a legend
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
SUFFIXES = (".svg", ".png", ".pdf")

# what each colour becomes inside a page, which sets these properties for light and dark
PAGE_COLOURS: Mapping[str, str] = {
    INK: "--ink", MUTED: "--muted", FAINT: "--faint", PAPER: "--paper",
    **{colour: f"--series-{k}" for k, colour in enumerate(SERIES)},
}  # fmt: skip

_LOOK = {
    "font.family": "DejaVu Sans", "font.size": 9.0, "axes.labelsize": 9.0, "legend.fontsize": 8.5,
    "xtick.labelsize": 8.5, "ytick.labelsize": 8.5, "lines.linewidth": 1.5, "lines.solid_capstyle": "round",
    "axes.edgecolor": MUTED, "axes.linewidth": 0.7, "axes.labelcolor": INK, "text.color": INK,
    "axes.facecolor": "none", "figure.facecolor": "white", "axes.spines.top": False, "axes.spines.right": False,
    "xtick.color": MUTED, "ytick.color": MUTED, "xtick.labelcolor": INK, "ytick.labelcolor": INK,
    "xtick.major.width": 0.7, "ytick.major.width": 0.7, "xtick.major.size": 3.0, "ytick.major.size": 3.0,
    "axes.grid": True, "grid.color": FAINT, "grid.linewidth": 0.5, "axes.axisbelow": True,
    "legend.frameon": False, "legend.borderaxespad": 0.1, "legend.handlelength": 1.4, "legend.columnspacing": 1.2,
    "legend.labelspacing": 0.2, "axes.formatter.limits": (-4, 5), "axes.formatter.useoffset": False,
    "text.parse_math": False, "path.simplify": True, "path.simplify_threshold": 0.3,
}  # fmt: skip
_SAVE = {"svg.fonttype": "none", "svg.hashsalt": "rxncompile", "savefig.dpi": 160}


def look() -> AbstractContextManager[None]:
    """The context in which figures are made: `with look(): ...`; no global state is changed."""
    return matplotlib.rc_context(_LOOK)


class Drawing(Figure):
    """A figure that a notebook shows without further ado."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        with matplotlib.rc_context(_LOOK | _SAVE):
            self.savefig(buffer, format="png")
        return buffer.getvalue()


def blank(height: float, width: float = WIDTH) -> Figure:
    """An empty figure of `width` times `height` inches, its parts arranged without overlap."""
    return Drawing(figsize=(width, height), layout="constrained")


def panels(count: int) -> tuple[Figure, list[Axes]]:
    """A figure of `count` panels above each other with one time axis."""
    figure = blank(2.75 if count == 1 else 0.45 + 1.75 * count)
    axes = figure.subplots(count, 1, sharex=True, squeeze=False)[:, 0]
    return figure, list(axes)


def over_time(axes: Axes, t: Values) -> None:
    """The horizontal axis over output times, logarithmic where these are."""
    if len(t) < 2:
        return
    if not logarithmic(t):
        axes.set_xlim(t[0], t[-1])
        return
    axes.set_xscale("log")
    axes.set_xlim(t[1] if t[0] == 0.0 else t[0], t[-1])
    axes.xaxis.set_major_locator(LogLocator(numticks=7))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"10{str(round(math.log10(x))).translate(RAISED)}"))
    axes.xaxis.set_minor_locator(NullLocator())


def legend(axes: Axes, handles: Sequence[Any] = ()) -> None:
    """A legend above the panel, where it covers nothing, in as few rows as its words allow."""
    handles = handles or axes.get_legend_handles_labels()[0]
    lengths = [len(str(h.get_label())) + 5 for h in handles]
    columns = len(lengths)
    while columns > 1:
        if sum(max(lengths[k::columns]) for k in range(columns)) <= _LEGEND:
            break
        columns -= 1
    rows = -(-len(lengths) // max(columns, 1))
    columns = -(-len(lengths) // max(rows, 1))
    by_row = [handles[k] for first in range(columns) for k in range(first, len(handles), columns)]
    axes.legend(handles=by_row, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=max(columns, 1))


def save(figure: Figure, path: str | Path) -> None:
    """Write a figure as SVG, PNG or PDF, by the suffix. Raises R702 for another one and where that fails."""
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise RxnError("R702", f"{path.name!r}: no picture format {suffix!r}", hint="use " + ", ".join(SUFFIXES))
    metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(suffix)  # same input, same bytes
    try:
        with matplotlib.rc_context(_LOOK | _SAVE):
            figure.savefig(path, format=suffix[1:], metadata=metadata)
    except OSError as error:
        raise RxnError("R702", f"{path} cannot be written: {error.strerror or error}") from None


# ---------------------------------------------------------------------------------------------- inside a page


def inline_svg(figure: Figure, alt: str, name: str) -> str:
    """A figure as an `<svg>` element for a page: transparent, small, colours as CSS properties.

    `alt` describes it in words, `name` keeps its identifiers apart from those of other figures.
    """
    buffer = io.StringIO()
    with matplotlib.rc_context(_LOOK | _SAVE):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<title>.*?</title>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<[^>]*>", lambda tag: re.sub(r"-?\d+\.\d{3,}(?:e-?\d+)?", _shorter, tag[0]), svg)
    svg = _own_identifiers(svg, name)
    for colour, custom in PAGE_COLOURS.items():
        svg = svg.replace(colour, f"var({custom})")
    svg = re.sub(r"(font: (?:[\w.]+ )*[\d.]+px) [^;\"]*", r"\1 var(--sans)", svg)
    width, height = (72 * size for size in figure.get_size_inches())
    head = f'<svg role="img" aria-label="{escaped_xml(alt)}" viewBox="0 0 {width:g} {height:g}">'
    svg = head + svg[svg.index(">") + 1 :]
    return re.sub(r">\s+<", "><", svg)


def _shorter(match: re.Match[str]) -> str:
    return f"{float(match[0]):.2f}".rstrip("0").rstrip(".") or "0"


def _own_identifiers(svg: str, name: str) -> str:
    """Identifiers that something refers to, with `name` in front; the rest dropped."""
    used = set(re.findall(r"(?:url\(#|href=\"#)([^)\"]+)", svg))

    def renamed(match: re.Match[str]) -> str:
        return f' id="{name}-{match[1]}"' if match[1] in used else ""

    svg = re.sub(r' id="([^"]*)"', renamed, svg)
    return re.sub(r"(url\(#|href=\"#)", rf"\g<1>{name}-", svg)
