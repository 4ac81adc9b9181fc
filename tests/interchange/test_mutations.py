"""Files that are almost models: whatever is changed in them, a reader gives a Network or a located error."""

import re
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from rxncompile.derivations.rates import rate_equations
from rxncompile.errors import RxnError, Source
from rxncompile.interchange.bionetgen import read_bionetgen
from rxncompile.interchange.sbml_in import read_sbml
from rxncompile.network import Network

from .sbml_text import compartment, document, event, function, math, parameter, reaction, rule, species, start
from .test_bionetgen import MODEL

SBML = document(
    compartment(), compartment("D", constant="false"), species("A"), species("B", "D"),
    species("E", hasOnlySubstanceUnits="true", initialAmount="5", boundaryCondition="true"),
    parameter("k", "0.5"), parameter("x", "1", "false"), parameter("y", "2", "false"),
    function("f", "lambda(u, v, u*v/(1 + v^2))"), start("k", "2*y + 1"), rule("assignmentRule", "x", "A + time"),
    rule("rateRule", "D", "k/10"), reaction("r", "A:2", "B", "C*k*(A - B)", "true"),
    reaction("q", "B E", "A:1.5", "D*f(B, x)*piecewise(1, A > 2, exp(-E))"), event("time >= 4 && A < 3", y="A + 1"),
)  # fmt: skip
WORDS = [
    "", "0", "-1", "1e308", "1e-320", "1e999", "99999999999999999999", "NaN", "INF", "k", "A", "E", "t", "true", "<",
    '"', "&amp;", "&x;", "^", "(", ")", "<cn> 9 </cn>", "<ci> A </ci>", "<true/>", "<infinity/>", "<divide/>",
    "<power/>", "<and/>", "<gt/>", "<floor/>", "<ln/>", "<factorial/>",
    math("9^(9^9)").partition(">")[2].removesuffix("</math>"),
    math("1/0").partition(">")[2].removesuffix("</math>"), "\x00", "é", "<!DOCTYPE a>", "ln(0)", "k^k^k^k", "time()",
]  # fmt: skip
PIECE = re.compile(r"</?[\w:]+|[A-Za-z_]\w*|[-+]?[\d.]+(?:[eE][-+]?\d+)?|\s+|.", re.DOTALL)
ELEMENT = re.compile(r"<(ci|cn|apply|species|speciesReference|parameter|compartment|reaction|math)\b[^>]*?(?:/>|>.*?</\1>)", re.DOTALL)  # noqa: E501


@st.composite
def changed(draw: st.DrawFn, text: str) -> str:
    """A text with some of its words or elements replaced, repeated, swapped or left out."""
    for _ in range(draw(st.integers(1, 3))):
        pieces = [m.span() for m in (ELEMENT if draw(st.booleans()) else PIECE).finditer(text)]
        if not pieces:
            break
        start_at, end = draw(st.sampled_from(pieces))
        other = draw(st.sampled_from(pieces))
        new = draw(st.sampled_from([text[slice(*other)], text[start_at:end] * 2, *WORDS]))
        text = text[:start_at] + new + text[end:]
    return text[: draw(st.integers(0, len(text)))] if draw(st.integers(0, 9)) == 0 else text


def judged(read: Callable[[Source], Network], text: str) -> None:
    found: RxnError | None = None
    try:
        rate_equations(read(Source("model", text)))
    except RxnError as error:
        found = error
    assert found is None or (found.span is not None and str(found))


@settings(max_examples=150)
@given(changed(SBML))
def test_sbml(text: str) -> None:
    judged(read_sbml, text)


@settings(max_examples=150)
@given(changed(MODEL))
def test_bionetgen(text: str) -> None:
    judged(read_bionetgen, text)


def test_the_models_themselves_are_right() -> None:
    assert len(read_sbml(Source("model", SBML)).reactions) == 2
    assert len(read_bionetgen(Source("model", MODEL)).reactions) == 6
