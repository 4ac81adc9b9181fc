"""What `rxnc show` says about a network's structure, in a chemist's words: (topic, sentence) rows, kept short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..errors import RxnError
from ..expressions import quoted
from ..network import Network
from ..structure import Complex, Mode, Structure, TimeScales, structure_of, time_scales

_SHOWN = 6  # of a list, before it says how many more there are
_LONG = 600  # species up to which time scales are worked out


def structure_rows(net: Network) -> list[tuple[str, str]]:
    """Reversibility, catalysts, complexes, deficiency with its theorem, time scales; nothing without reactions."""
    if not net.reactions:
        return []
    found = structure_of(net)
    rows = [("direction", _direction(found, len(net.reactions)))]
    rows += [("catalysis", text) for text in (_roles(found.catalysts, "takes part in", "and is returned"),) if text]
    rows += [("autocatalysis", text) for text in (_roles(found.autocatalysts, "makes more of itself in", ""),) if text]
    if found.idle:
        rows.append(("unchanged", f"{_list([quoted(n) for n in found.idle])} leave every amount as it is"))
    if found.complexes:
        rows.append(("complexes", f"{len(found.complexes):,}: {_list([_complex(c) for c in found.complexes])}"))
        rows.append(("linkage", _linkage(found)))
        rows.append(("deficiency", _deficiency(found)))
    if found.verdict:
        rows.append(("conclusion", found.verdict))
    if len(net.species) <= _LONG:
        try:
            rows.append(("time scales", _scales(time_scales(net))))
        except RxnError as error:
            rows.append(("time scales", f"not told: {error.message}"))
    return [(topic, text) for topic, text in rows if text]


def _direction(found: Structure, count: int) -> str:
    if found.reversible and found.complexes:
        return "every reaction can run back" if count > 1 else "the reaction can run back"
    if len(found.one_way) == count:
        return "no reaction runs back"
    one_way = _list([quoted(n) for n in found.one_way])
    undone = [f"{quoted(a)} and {quoted(b)}" for a, b in found.reversible_pairs]
    text = f"{_list(undone, '; ')} undo each other" if undone else ""
    return f"{text}; one way: {one_way}" if text and one_way else text or one_way


def _roles(roles: Sequence[tuple[str, tuple[str, ...]]], verb: str, end: str) -> str:
    """`E takes part in cat1, cat2 and is returned`."""
    of: dict[str, list[str]] = {}
    for reaction, names in roles:
        for name in names:
            of.setdefault(name, []).append(quoted(reaction))
    return _list([f"{quoted(n)} {verb} {_list(r, most=3)} {end}".rstrip() for n, r in of.items()], "; ", 4)


def _complex(sides: Complex) -> str:
    return " + ".join(quoted(n) if c == 1 else f"{c} {quoted(n)}" for n, c in sides) or "0"


def _linkage(found: Structure) -> str:
    classes = found.linkage_classes
    text = _count(len(classes), "linkage class", "linkage classes")
    if found.weakly_reversible:
        return f"{text}, weakly reversible: from every complex there is a way back"
    ends = [_complex(t[0]) if len(t) == 1 else "{" + _list([_complex(c) for c in t], most=3) + "}"
            for c in classes if not c.weakly_reversible for t in c.terminal_classes]  # fmt: skip
    return f"{text}, not weakly reversible: no way back from {_list(ends, most=4)}"


def _deficiency(found: Structure) -> str:
    complexes = _count(len(found.complexes), "complex", "complexes")
    classes = _count(len(found.linkage_classes), "linkage class", "linkage classes")
    steps = _count(found.rank, "independent reaction", "independent reactions")
    each = [c.deficiency for c in found.linkage_classes]
    parts = ""
    if len(each) > 1 and any(each):
        parts = f"; by class {' + '.join(map(str, each))}" if len(each) <= 12 else f"; by class {sum(each):,} in all"
    return f"{found.deficiency:,} = {complexes} - {classes} - {steps}{parts}"


def _scales(found: TimeScales) -> str:
    """`near the initial state: fades in 0.58 s (S, ES), in 28.8 s (S); 2 directions are conserved`."""
    said = list(_modes(found))
    if found.still:
        said.append(f"{_count(found.still, 'direction', 'directions')} at rest at this state alone")
    if found.conserved:
        said.append(f"{_count(found.conserved, 'direction is', 'directions are')} conserved")
    return f"near the initial state: {'; '.join(said)}" if found.modes or found.still else "everything is conserved"


def _modes(found: TimeScales) -> Iterator[str]:
    fading = [m for m in found.modes if m.rate < 0 and not m.frequency]
    growing = [m for m in found.modes if m.rate > 0 and not m.frequency]
    turning = [m for m in found.modes if m.frequency]
    for verb, modes in (("fades", fading), ("grows", growing)):
        if len(modes) > _SHOWN:
            yield f"{len(modes):,} modes {verb[:-1]}, the fastest in {_time(modes[0], found)}, the slowest in " + _time(
                modes[-1], found
            )
        elif modes:
            yield f"{verb} in {', '.join(_time(m, found) for m in modes)}"
    for m in turning[:_SHOWN]:
        lasts = f", {'fades' if m.rate < 0 else 'grows'} in {_plain(m.time, found)}" if m.rate else ""
        yield f"swings with period {_plain(m.period, found)}{lasts} {_names(m)}"
    if len(turning) > _SHOWN:
        yield f"{len(turning) - _SHOWN:,} more swing"


def _time(mode: Mode, found: TimeScales) -> str:
    return f"{_plain(mode.time, found)} {_names(mode)}"


def _plain(value: float, found: TimeScales) -> str:
    return f"{value:.3g} {found.unit}".rstrip()


def _names(mode: Mode) -> str:
    return f"({', '.join(quoted(n) for n in mode.species)})"


def _count(n: int, one: str, many: str) -> str:
    return f"{n:,} {one if n == 1 else many}"


def _list(items: Sequence[str], separator: str = ", ", most: int = _SHOWN) -> str:
    rest = len(items) - most
    return separator.join(items[:most]) + (f"{separator}and {rest:,} more" if rest > 0 else "")
