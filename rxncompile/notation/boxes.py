"""Boxes of typeset mathematics, and the two writers that spell them: LaTeX and presentation MathML."""

# ruff: noqa: RUF001  (Greek letters and the minus sign are meant)

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Letter:
    """An identifier: one letter, a Greek letter by its character, or a word."""

    text: str
    upright: bool = False


@dataclass(frozen=True, slots=True)
class Verbatim:
    """A name drawn exactly as it is written."""

    text: str


@dataclass(frozen=True, slots=True)
class Words:
    """A few words of our own running text, never a user's."""

    text: str


@dataclass(frozen=True, slots=True)
class Function:
    """The name of a known function, as in `ln`."""

    text: str


@dataclass(frozen=True, slots=True)
class Digits:
    """A number of digits and at most one point."""

    text: str


@dataclass(frozen=True, slots=True)
class Sign:
    """An operator with its spacing, as its Unicode character; `SIGNS` lists the known ones."""

    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """Boxes side by side."""

    parts: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """Factors side by side, meaning their product."""

    factors: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Fraction:
    """One box over another."""

    above: Box
    below: Box


@dataclass(frozen=True, slots=True)
class Script:
    """A box with a subscript, a superscript or both."""

    base: Box
    sub: Box | None = None
    sup: Box | None = None


@dataclass(frozen=True, slots=True)
class Root:
    """A square root."""

    body: Box


@dataclass(frozen=True, slots=True)
class Fence:
    """A box between two delimiters of its height, as their Unicode characters."""

    left: str
    body: Box
    right: str


@dataclass(frozen=True, slots=True)
class Hat:
    """A letter with a hat, as of an operator that creates."""

    body: Letter


@dataclass(frozen=True, slots=True)
class Cases:
    """Values and their conditions, one pair a line, behind a brace."""

    rows: tuple[tuple[Box, Box], ...]


Box: TypeAlias = (
    Letter | Verbatim | Words | Function | Digits | Sign | Row | Product | Fraction | Script | Root | Fence | Cases
    | Hat
)

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ",
    "tau": "τ", "upsilon": "υ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ",
    "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Upsilon": "Υ", "Phi": "Φ", "Psi": "Ψ",
    "Omega": "Ω",
}  # fmt: skip
_GREEK_LATEX = {character: f"\\{name}" for name, character in GREEK.items()}
_GREEK_LATEX |= {"ε": "\\varepsilon", "φ": "\\varphi", "∅": "\\emptyset"}  # the shapes of the Unicode letters
_GREEK_LATEX |= {"∂": "\\partial"}

MINUS = "−"
SIGNS = {
    "+": "+", MINUS: "-", "·": "\\cdot ", "=": "=", "≠": "\\neq ", "<": "<", ">": ">", "≤": "\\leq ", "≥": "\\geq ",
    ",": ",", "/": "/", "¬": "\\lnot ", "∞": "\\infty ", "→": "\\to ",
}  # fmt: skip
_FENCES = {
    "(": "(", ")": ")", "⟨": "\\langle ", "⟩": "\\rangle ", "⌊": "\\lfloor ", "⌋": "\\rfloor ", "⌈": "\\lceil ",
    "⌉": "\\rceil ", "|": "|", "[": "[", "]": "]",
}  # fmt: skip


def row(*parts: Box) -> Box:
    """Boxes side by side; a single one as it is."""
    return parts[0] if len(parts) == 1 else Row(parts)


def tall(box: Box) -> bool:
    """Whether a box is higher than a line, so that its delimiters must grow."""
    match box:
        case Fraction() | Cases() | Root():
            return True
        case Row(parts) | Product(parts):
            return any(tall(p) for p in parts)
        case Fence(_, body, _):
            return tall(body)
        case Script(base, _, sup):
            return tall(base) or (sup is not None and tall(sup))
    return False


def width(box: Box) -> int:
    """Roughly how many characters wide a box is set."""
    match box:
        case Letter(text) | Verbatim(text) | Digits(text) | Words(text) | Function(text):
            return len(text)
        case Sign():
            return 3
        case Row(parts):
            return sum(width(p) for p in parts)
        case Product(factors):
            return sum(width(f) for f in factors) + len(factors) // 3
        case Fraction(above, below):
            return max(width(above), width(below)) + 1
        case Script(base, sub, sup):
            return width(base) + max((2 * width(s) + 2) // 3 for s in (sub, sup) if s is not None)
        case Root(body):
            return width(body) + 1
        case Fence(_, body, _):
            return width(body) + 2
        case Hat(letter):
            return width(letter)
        case Cases(rows):
            return max(width(value) + width(condition) for value, condition in rows) + 4
    raise TypeError(box)


def _gaps(factors: tuple[Box, ...]) -> list[bool]:
    """Between each two factors, whether a word is one of them: then GP P must not read as GPP."""
    words = [_is_word(f) for f in factors]
    return [a or b for a, b in pairwise(words)]


def _is_word(box: Box) -> bool:
    match box:
        case Letter(text) | Verbatim(text):
            return len(text) > 1
        case Script(base):
            return _is_word(base)
    return False


# ---------------------------------------------------------------------------------------------- LaTeX

_LATEX_ESCAPES = {
    "\\": "{\\backslash}", "{": "\\{", "}": "\\}", "#": "\\#", "$": "\\$", "%": "\\%", "&": "\\&", "_": "\\_",
    "~": "{\\sim}", "^": "{\\wedge}", " ": "\\ ", "\t": "\\ ", "-": "\\text{-}", "'": "{\\prime}",
}  # fmt: skip


def escaped_latex(text: str) -> str:
    """Text that stands inside \\mathrm or \\mathtt."""
    return "".join(
        _LATEX_ESCAPES.get(c, c if c.isalnum() else f"{{{c}}}") for c in text if c.isprintable() or c == "\t"
    )


def to_latex(box: Box) -> str:
    """A box in LaTeX's mathematics mode (amsmath)."""
    return _latex(box).strip()


def _latex(box: Box) -> str:
    """As `to_latex`, with the space that ends a control word."""
    match box:
        case Letter(text, upright):
            if text in _GREEK_LATEX:
                return _GREEK_LATEX[text] + " "
            if not upright and len(text) == 1:
                return text
            return f"\\{'mathrm' if upright else 'mathit'}{{{escaped_latex(text)}}}"
        case Verbatim(text):
            return f"\\mathtt{{{escaped_latex(text)}}}"
        case Words(text):
            return f"\\text{{{text}}}"
        case Function(text):
            return f"\\{text}"
        case Digits(text):
            return text
        case Sign(text):
            return f" {SIGNS[text].strip()} " if text in "+−=<>≤≥≠·" else SIGNS[text]
        case Row((Sign("−"), *parts)):
            return "-" + _latex(Row(tuple(parts)))
        case Row(parts):
            return "".join(_latex(p) for p in parts)
        case Product(factors):
            wide = (" \\; " if gap else " \\, " for gap in _gaps(factors))
            return to_latex(factors[0]) + "".join(g + to_latex(f) for g, f in zip(wide, factors[1:], strict=True))
        case Fraction(above, below):
            return f"\\frac{{{to_latex(above)}}}{{{to_latex(below)}}}"
        case Script(base, sub, sup):
            low = f"_{{{to_latex(sub)}}}" if sub is not None else ""
            high = f"^{{{to_latex(sup)}}}" if sup is not None else ""
            body = to_latex(base)
            return (f"{{{body}}}" if isinstance(base, (Row, Product, Fraction, Root)) else body) + low + high
        case Root(body):
            return f"\\sqrt{{{to_latex(body)}}}"
        case Fence(left, body, right):
            grow, shut = ("\\left", "\\right") if tall(body) else ("", "")
            return f"{grow}{_FENCES[left]}{to_latex(body)}{shut}{_FENCES[right]}"
        case Hat(letter):
            return f"\\hat{{{to_latex(letter)}}}"
        case Cases(rows):
            lines = " \\\\ ".join(f"{to_latex(value)} & {to_latex(condition)}" for value, condition in rows)
            return f"\\begin{{cases}} {lines} \\end{{cases}}"
    raise TypeError(box)


# ---------------------------------------------------------------------------------------------- MathML

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def escaped_xml(text: str) -> str:
    """Text for HTML or XML, in content and in quoted attributes; characters that XML forbids become U+FFFD."""
    return html.escape(_NOT_XML.sub("\ufffd", text))


def to_mathml(box: Box) -> str:
    """A box as one presentation MathML element."""
    match box:
        case Letter(text, upright):
            if len(text) > 1:  # several letters are upright by default in MathML
                return f"<mi>{escaped_xml(text)}</mi>" if upright else f'<mi class="word">{escaped_xml(text)}</mi>'
            normal = upright or text in "ΓΔΘΛΞΠΣΥΦΨΩ"
            return f'<mi mathvariant="normal">{text}</mi>' if normal else f"<mi>{text}</mi>"
        case Verbatim(text):
            return f'<mtext class="verbatim">{escaped_xml(text)}</mtext>'
        case Words(text):
            return f"<mtext>{escaped_xml(text).replace(' ', chr(0xA0))}</mtext>"
        case Function(text):
            return f"<mi>{text}</mi><mo>\u2061</mo>"
        case Digits(text):
            return f"<mn>{text}</mn>"
        case Sign(text):
            return f"<mo>{escaped_xml(text)}</mo>"
        case Row(parts):
            return f"<mrow>{''.join(to_mathml(p) for p in parts)}</mrow>"
        case Product(factors):
            times = (f'<mo>\u2062</mo><mspace width="{0.3 if gap else 0.17}em"></mspace>' for gap in _gaps(factors))
            rest = "".join(t + to_mathml(f) for t, f in zip(times, factors[1:], strict=True))
            return f"<mrow>{to_mathml(factors[0])}{rest}</mrow>"
        case Fraction(above, below):
            return f"<mfrac>{to_mathml(above)}{to_mathml(below)}</mfrac>"
        case Script(base, sub, sup):
            kind = "msubsup" if sub is not None and sup is not None else "msub" if sub is not None else "msup"
            parts_given = (b for b in (base, sub, sup) if b is not None)
            return f"<{kind}>{''.join(to_mathml(b) for b in parts_given)}</{kind}>"
        case Root(body):
            return f"<msqrt>{to_mathml(body)}</msqrt>"
        case Fence(left, body, right):
            return f"<mrow><mo>{left}</mo>{to_mathml(body)}<mo>{right}</mo></mrow>"
        case Hat(letter):
            return f'<mover accent="true">{to_mathml(letter)}<mo>^</mo></mover>'
        case Cases(rows):
            cell = '<mtd style="text-align:left">'
            lines = "".join(
                f"<mtr>{cell}{to_mathml(value)}</mtd>{cell}{to_mathml(condition)}</mtd></mtr>"
                for value, condition in rows
            )
            return f"<mrow><mo>{{</mo><mtable>{lines}</mtable></mrow>"
    raise TypeError(box)
