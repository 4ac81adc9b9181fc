"""The three readable forms of a generator, in text, LaTeX and boxes for MathML.

    operator              W = sum_r k_r (â^after - â^before) a^before                      for d|P>/dt = W |P>
    generating function   dG/dt, G(z, t) = sum_n P(n, t) z^n: the same with â -> z, a -> d/dz
    master equation       dP(n, t)/dt = sum_r a_r(n - c_r) P(n - c_r, t) - a_r(n) P(n, t)

What `before` and `after` share stands behind the bracket, as in (â - 1) â a. Ernst et al. 2018, Eqs. 2-7; 2019, Eq. B2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sympy as sp

from ..expressions import NO_STATES, TIME, text
from ..notation import Box, Letters, layout, letters, signed, to_latex
from ..notation.boxes import MINUS, Digits, Fence, Fraction, Hat, Letter, Product, Row, Script, Sign, row

if TYPE_CHECKING:
    from .generator import Generator, Powers, Term

_WRITTEN_OUT = 3  # species up to which P names every count
_HATS = {"a": "â", "b": "b̂"}


@dataclass(frozen=True)
class Equation:
    """`left = sum of terms`: in text by `print`, in LaTeX by `latex`, and as boxes. `remarks` say what it needs."""

    heading: str
    left: Box
    terms: tuple[tuple[bool, Box], ...]
    lines: tuple[str, ...]
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join((self.heading, *self.lines, *(f"  # {remark}" for remark in self.remarks)))

    def latex(self) -> str:
        """The equation, a line a term, to stand between $$ and $$."""
        first, *rest = self.terms or ((False, Digits("0")),)
        lines = [f"{to_latex(self.left)} &= {to_latex(signed([first]))}"]
        lines += [f"&\\quad {{}} {to_latex(signed([term], first=False))}" for term in rest]
        return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


@dataclass(frozen=True)
class _Ladder:
    """How what creates and what annihilates is written: â and a, or z and derivatives of G."""

    letter: str
    function: str
    differential: bool
    alone: bool
    drawn: Letters

    @property
    def up(self) -> tuple[str, Box]:
        """What creates, as text and as a box."""
        if self.differential:
            return self.letter, Letter(self.letter)
        return _HATS[self.letter], Hat(Letter(self.letter))


def as_operator(gen: Generator) -> Equation:
    """`W = ...` in creation and annihilation operators; a law of counts acts as a function of them, S[A] adds one A."""
    alone = len(gen.species) == 1
    ladder = _Ladder(_free(gen, "ab") if alone else "a", "", False, alone, _letters(gen))
    remarks = ["S[A] adds one A; a law in square brackets acts on counts"] if _laws(gen) else []
    return _equation(gen, "evolution operator", "W", Letter("W"), ladder, remarks)


def as_generating_function(gen: Generator) -> Equation:
    """`dG/dt = ...`, the partial differential equation of G(z, t) = sum_n P(n, t) z^n."""
    g, alone = _free(gen, "GF"), len(gen.species) == 1
    ladder = _Ladder(_free(gen, "zy") if alone else "z", g, True, alone, _letters(gen))
    remarks = ["a law in square brackets acts with z ∂/∂z of a species for its count"] if _laws(gen) else []
    left = Fraction(Row((Letter("∂"), Letter(g))), Row((Letter("∂"), ladder.drawn[TIME.name])))
    return _equation(gen, "equation of its generating function", f"∂{g}/∂t", left, ladder, remarks)


def as_master_equation(gen: Generator) -> Equation:
    """`dP(n, t)/dt = ...`, gain minus loss of every reaction; the name of a species stands for its count."""
    drawn = _letters(gen)
    short = len(gen.species) > _WRITTEN_OUT
    here = () if short else tuple((s, 0) for s in gen.species)
    lines: list[str] = []
    terms: list[tuple[bool, Box]] = []
    p = _free(gen, "Pp")
    head = f"d{_probability_text(p, here)}/dt"
    for term in gen.terms:
        change = dict(term.change)
        negative, rate = _sign(_outside(term, change))
        named = tuple(change) if short else gen.species
        said, boxes = [], []
        for sign in (-1, 0):  # where the event came from, and here
            counts = tuple((s, sign * change.get(s, 0)) for s in named)
            said.append("*".join([*_weight_texts(gen, term, change, sign), _probability_text(p, counts)]))
            parts = [*_weights(term, change, sign, drawn), _probability(p, counts, drawn)]
            boxes.append(Product(tuple(parts)) if len(parts) > 1 else parts[0])
        factor = _constant_text(rate, frozenset(gen.species))
        gain = f"{said[0]} - {said[1]}"
        lines.append(_lead(head, not lines, negative) + (f"{factor}[{gain}]" if factor or negative else gain))
        body: Box = Row((boxes[0], Sign(MINUS), boxes[1]))
        terms.append((negative, _times(rate, Fence("[", body, "]"), drawn) if rate != 1 or negative else body))
    d = Letter("d", upright=True)
    left = Fraction(Row((d, _probability(p, here, drawn))), Row((d, drawn[TIME.name])))
    remarks = [f"{p} is 0 where a count is negative" + ("; counts not written are those of the left" if short else "")]
    if any(term.before for term in _laws(gen)):
        remarks.append("a law counts only where its reactants are there")
    heading = f"{gen.name}: master equation"
    return Equation(heading, left, tuple(terms), tuple(lines) or (f"{head} = 0",), tuple(remarks))


# ---------------------------------------------------------------------------------------------- operators


def _equation(gen: Generator, what: str, head: str, left: Box, ladder: _Ladder, remarks: list[str]) -> Equation:
    lines: list[str] = []
    terms: list[tuple[bool, Box]] = []
    for term in gen.terms:
        negative, rate = _sign(term.rate)
        lines.append(_lead(head, not lines, negative) + _constant_text(rate) + _bracket_text(gen, term, ladder))
        terms.append((negative, _times(rate, _bracket(term, ladder), ladder.drawn)))
    if any(term.before for term in _laws(gen)):
        remarks = [f"{remark}, where the reactants are there" for remark in remarks]
    heading = f"{gen.name}: {what}"
    return Equation(heading, left, tuple(terms), tuple(lines) or (f"{head} = 0",), tuple(remarks))


def _sides(term: Term) -> tuple[Powers, Powers, Powers, Powers]:
    """What is made and taken without what both share; what they share; what is annihilated."""
    if term.law is not None:
        return term.change, (), (), ()
    before, after = dict(term.before), dict(term.after)
    shared = {s: min(n, after.get(s, 0)) for s, n in before.items()}
    made, taken = (tuple((s, n - shared.get(s, 0)) for s, n in side if n > shared.get(s, 0))
                   for side in (term.after, term.before))  # fmt: skip
    return made, taken, tuple((s, n) for s, n in shared.items() if n), term.before


def _bracket_text(gen: Generator, term: Term, ladder: _Ladder) -> str:
    made, taken, shared, below = _sides(term)
    name = ladder.up[0]
    if term.law is not None:
        name = name if ladder.differential else "S"
        tail = f"[{text(term.law, frozenset(gen.species))}]" + (f" {ladder.function}" if ladder.differential else "")
    else:
        tail = _derivative_text(below, ladder) if ladder.differential else _power_texts(ladder.letter, below, ladder)
    middle = _power_texts(name, shared, ladder)
    bracket = f"({_power_texts(name, made, ladder) or '1'} - {_power_texts(name, taken, ladder) or '1'})"
    return " ".join(part for part in (bracket, middle, tail) if part)


def _power_texts(letter: str, side: Powers, ladder: _Ladder) -> str:
    names = (letter if ladder.alone and letter != "S" else f"{letter}[{s.name}]" for s, _ in side)
    return " ".join(f"{name}^{n}" if n != 1 else name for name, (_, n) in zip(names, side, strict=True))


def _derivative_text(below: Powers, ladder: _Ladder) -> str:
    order = sum(n for _, n in below)
    if not order:
        return ladder.function
    raised = f"^{order} " if order > 1 and not ladder.alone else f"^{order}" if order > 1 else ""
    name = " ".join("∂" + part for part in _power_texts(ladder.letter, below, ladder).split(" "))
    above = f"∂{raised}{ladder.function}"
    return f"{above}/{name}" if len(below) == 1 else f"{above}/({name})"


def _bracket(term: Term, ladder: _Ladder) -> Box:
    made, taken, shared, below = _sides(term)
    letter: Box = ladder.up[1] if term.law is None or ladder.differential else Letter("S")
    bracket = Fence("(", Row((_powers(letter, made, ladder), Sign(MINUS), _powers(letter, taken, ladder))), ")")
    parts: list[Box] = [bracket]
    parts += [_powers(letter, shared, ladder)] if shared else []
    if term.law is not None:
        parts.append(Fence("[", layout(term.law, ladder.drawn), "]"))
        parts += [Letter(ladder.function)] if ladder.differential else []
    elif ladder.differential:
        parts.append(_derivative(below, ladder))
    elif below:
        parts.append(_powers(Letter(ladder.letter), below, ladder))
    return Product(tuple(parts)) if len(parts) > 1 else parts[0]


def _powers(letter: Box, side: Powers, ladder: _Ladder) -> Box:
    """A product of powers of one letter with species below; 1 where there are none."""
    boxes = []
    for s, n in side:
        below = None if ladder.alone else ladder.drawn[s.name]
        above = None if n == 1 else Digits(str(n)) if n > 0 else Row((Sign(MINUS), Digits(str(-n))))
        boxes.append(letter if below is None and above is None else Script(letter, below, above))
    return Digits("1") if not boxes else boxes[0] if len(boxes) == 1 else Product(tuple(boxes))


def _derivative(below: Powers, ladder: _Ladder) -> Box:
    order = sum(n for _, n in below)
    if not order:
        return Letter(ladder.function)
    d = Letter("∂")
    above: Box = Row((d if order == 1 else Script(d, None, Digits(str(order))), Letter(ladder.function)))
    under = [Row((d, _powers(Letter(ladder.letter), (power,), ladder))) for power in below]
    return Fraction(above, row(*under))


# ---------------------------------------------------------------------------------------------- probabilities


def _probability_text(p: str, counts: Sequence[tuple[sp.Symbol, int]]) -> str:
    return f"{p}({', '.join([*(_count_text(s, n) for s, n in counts), 't'])})"


def _probability(p: str, counts: Sequence[tuple[sp.Symbol, int]], drawn: Letters) -> Box:
    inside = [part for s, n in counts for part in (_count(s, n, drawn), Sign(","))]
    return Row((Letter(p), Fence("(", row(*inside, drawn[TIME.name]), ")")))


def _count_text(s: sp.Symbol, shift: int) -> str:
    return f"{text(s)} {'+' if shift > 0 else '-'} {abs(shift)}" if shift else text(s)


def _count(s: sp.Symbol, shift: int, drawn: Letters) -> Box:
    if not shift:
        return drawn[s.name]
    return Row((drawn[s.name], Sign("+" if shift > 0 else MINUS), Digits(str(abs(shift)))))


def _outside(term: Term, change: Mapping[sp.Symbol, int]) -> sp.Expr:
    """The factors of the propensity that are the same before and after: the constant, catalysts, a law of others."""
    if term.law is not None:
        return term.rate * term.law if change.keys().isdisjoint(term.law.free_symbols) else term.rate
    return sp.Mul(term.rate, *(s - j for s, n in term.before if s not in change for j in range(n)))


def _inside(term: Term, change: Mapping[sp.Symbol, int], sign: int) -> list[tuple[sp.Symbol, int]]:
    """The other factors of the falling factorials, as (species, what is added to it)."""
    moved = {s: sign * n for s, n in change.items()}
    return [(s, moved[s] - j) for s, n in term.before if s in moved for j in range(n)]


def _moved_law(term: Term, change: Mapping[sp.Symbol, int], sign: int) -> sp.Expr | None:
    if term.law is None or change.keys().isdisjoint(term.law.free_symbols):
        return None
    return term.law.xreplace({s: s + sign * n for s, n in change.items()})


def _weight_texts(gen: Generator, term: Term, change: Mapping[sp.Symbol, int], sign: int) -> list[str]:
    law = _moved_law(term, change, sign)
    if law is not None:
        said = text(law, frozenset(gen.species))
        return [f"({said})" if law.is_Add else said]
    factors = () if term.law is not None else _inside(term, change, sign)
    return [f"({_count_text(s, n)})" if n else text(s) for s, n in factors]


def _weights(term: Term, change: Mapping[sp.Symbol, int], sign: int, drawn: Letters) -> list[Box]:
    law = _moved_law(term, change, sign)
    if law is not None:
        plain = law.is_Mul or law.is_Symbol or law.is_Number
        return [layout(law, drawn) if plain else Fence("(", layout(law, drawn), ")")]
    factors = () if term.law is not None else _inside(term, change, sign)
    return [Fence("(", _count(s, n, drawn), ")") if n else drawn[s.name] for s, n in factors]


# ---------------------------------------------------------------------------------------------- constants


def _letters(gen: Generator) -> Letters:
    named = {s.name for term in gen.terms for s in term.propensity.free_symbols}
    return letters((*named, *(s.name for s in gen.species), TIME.name), frozenset(gen.species))


def _laws(gen: Generator) -> list[Term]:
    return [term for term in gen.terms if term.law is not None]


def _sign(rate: sp.Expr) -> tuple[bool, sp.Expr]:
    return (True, -rate) if not rate.is_Add and rate.as_coeff_Mul()[0].is_negative else (False, rate)


def _lead(head: str, first: bool, negative: bool) -> str:
    if first:
        return f"{head} = " + ("-" if negative else "")
    return " " * (len(head) + 1) + ("- " if negative else "+ ")


def _free(gen: Generator, candidates: str) -> str:
    """The first letter that no species and no parameter has."""
    taken = {s.name for s in gen.species} | {s.name for term in gen.terms for s in term.propensity.free_symbols}
    return next((letter for letter in candidates if letter not in taken), candidates[-1])


def _constant_text(rate: sp.Expr, states: Set[sp.Symbol] = NO_STATES) -> str:
    """A rate and the sign behind it; nothing for 1."""
    said = text(rate, states)
    return "" if rate == 1 else f"({said})*" if rate.is_Add or said.startswith("1/") else f"{said}*"


def _times(rate: sp.Expr, body: Box, drawn: Letters) -> Box:
    """Constants and what they multiply, which stands beside a fraction of constants, not in it."""
    if rate == 1:
        return body
    front = Fence("(", layout(rate, drawn), ")") if rate.is_Add else layout(rate, drawn)
    behind = body.factors if isinstance(body, Product) else (body,)
    return Product((*(front.factors if isinstance(front, Product) else (front,)), *behind))
