"""How a name of a model is drawn: `k1`, `k_on`, `alpha`, `S[0,1]`, `<A^2*B>`, and names that must not look alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field

import sympy as sp

from ..expressions import NO_STATES
from .boxes import GREEK, MINUS, Box, Digits, Fence, Letter, Product, Row, Script, Sign, Verbatim, row

_NAME = re.compile(r"([A-Za-z][A-Za-z_0-9]*)(?:\[([A-Za-z_0-9]+(?:,[A-Za-z_0-9]+)*)\])?")
_NUMBERED = re.compile(r"([A-Za-z]+)([0-9]+)")
_MOMENT = re.compile(r"<(.+)>(?:_([a-z]?)([0-9]?)(?<!_))?")  # the digit: a term of an expansion
_FACTOR = re.compile(
    r"(?P<name>'[^']+'|[A-Za-z_][A-Za-z_0-9]*(?:\[[^\]<>]*\])?)(?P<site>\([-0-9, ]+\))?(?:\^(?P<power>[0-9]+))?"
)


@dataclass(frozen=True)
class Letters:
    """How the names of one text are drawn: those of `states` upright, the rest in italics; see `letters`."""

    states: Set[sp.Symbol] = NO_STATES
    drawn: Mapping[str, Box] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Box:
        box = self.drawn.get(name)
        return spelled(name) if box is None else box


def letters(names: Iterable[str], states: Set[sp.Symbol] = NO_STATES) -> Letters:
    """The drawing of every name of a text, no two alike.

    Where `k1` and `k_1` are both names, the second is the constant of the way back, as people type it, and drawn
    with the subscript -1; any other pair that would look alike has its second name drawn as it is written.
    """
    upright = {s.name for s in states}
    taken: dict[Box, str] = {}
    drawn: dict[str, Box] = {}
    for name in sorted({*names, *upright}, key=lambda n: (n.count("_"), n)):
        for look in (spelled(name), _backward(name), Verbatim(name)):
            if look is not None and look not in taken:
                taken[look] = name
                drawn[name] = _upright(look) if name in upright else look
                break
    return Letters(states, drawn)


def spelled(name: str, upright: bool = False) -> Box:
    """A name by itself: base letter, subscripts, indices; a moment; or as it is written."""
    moment = _moment(name)
    if moment is not None:
        return moment
    match = _NAME.fullmatch(name)
    if not match:
        return Verbatim(name)
    head, *rest = match[1].split("_")
    if "" in rest:
        return Verbatim(name)
    numbered = _NUMBERED.fullmatch(head)
    if numbered:
        head, rest = numbered[1], [numbered[2], *rest]
    rest += match[2].split(",") if match[2] else []
    base = Letter(GREEK.get(head, head), upright)
    return Script(base, _listed(rest)) if rest else base


def _listed(parts: list[str]) -> Box:
    boxes: list[Box] = []
    for part in parts:
        boxes += [Sign(",")] if boxes else []
        boxes.append(Digits(part) if part.isdigit() else Letter(GREEK.get(part, part), upright=True))
    return row(*boxes)


def _backward(name: str) -> Box | None:
    """`k_1` as k with the subscript -1."""
    base, _, number = name.partition("_")
    if not (base.isalpha() and base.isascii() and number.isdigit()):
        return None
    return Script(Letter(GREEK.get(base, base)), Row((Sign(MINUS), Digits(number))))


def _upright(box: Box) -> Box:
    match box:
        case Letter(text):
            return Letter(text, upright=True)
        case Script(base, sub, sup):
            return Script(_upright(base), sub, sup)
    return box


def _moment(label: str) -> Box | None:
    """`<A^2*B>_c` in angle brackets, species upright; None where the label is not one."""
    match = _MOMENT.fullmatch(label)
    if not match:
        return None
    factors: list[Box] = []
    position, text = 0, match[1]
    while True:
        factor = _FACTOR.match(text, position)
        if not factor:
            return None
        factors.append(_factor(factor))
        position = factor.end()
        if position == len(text):
            break
        if text[position] not in "* ":
            return None
        position += 1
    body = Fence("⟨", factors[0] if len(factors) == 1 else Product(tuple(factors)), "⟩")
    below: list[Box] = [Letter(match[2], upright=True)] if match[2] else []
    below += [Digits(match[3])] if match[3] else []
    return Script(body, row(*below)) if below else body


def _factor(match: re.Match[str]) -> Box:
    name = match["name"]
    box: Box = Verbatim(name[1:-1]) if name.startswith("'") else spelled(name, upright=True)
    if match["power"]:
        power = Digits(match["power"])
        box = Script(box.base, box.sub, power) if isinstance(box, Script) else Script(box, None, power)
    if match["site"]:
        site = [_coordinate(part.strip()) for part in match["site"][1:-1].split(",")]
        inside = [box for pair in site for box in (Sign(","), pair)][1:]
        box = Row((box, Fence("(", row(*inside), ")")))
    return box


def _coordinate(text: str) -> Box:
    return Row((Sign(MINUS), Digits(text[1:]))) if text.startswith("-") else Digits(text)
