"""What `rxnc show` says about a network's structure, in a chemist's words: (topic, sentence) rows, kept short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..errors import RxnError
from ..expressions import quoted
from ..network import Network
from ..structure import Complex, Mode, Structure, TimeScales, structure_of, time_scales

_SHOWN = 6  # of a list, before it says how many more there are
_WIDE = 150  # characters of a list of long names, likewise
_LONG = 600  # species up to which time scales are worked out
_DAMPED = 10.0  # rate over frequency beyond which nobody would see an oscillation


def structure_rows(net: Network) -> list[tuple[str, str]]:
    """Reversibility, catalysts, complexes, deficiency with its theorem, time scales; without reactions these alone."""
    if not net.reactions:
        return [("time scales", _time_scales(net))] if net.ode_terms else []
    found = structure_of(net)
    rows = [("direction", _direction(net, found))]
    rows.append(("catalysis", _roles(found.catalysts, "catalyses")))
    rows.append(("autocatalysis", _roles(found.autocatalysts, "makes more of itself in")))
    if found.idle:
        verb = "leaves" if len(found.idle) == 1 else "leave"
        rows.append(("unchanged", f"{_list([quoted(n) for n in found.idle])} {verb} every amount as it is"))
    if found.complexes:
        rows.append(("complexes", f"{len(found.complexes):,}: {_list([_complex(c) for c in found.complexes])}"))
        rows.append(("linkage", _linkage(found)))
        rows.append(("deficiency", _deficiency(found)))
    if found.verdict:
        rows.append(("conclusion", found.verdict))
    rows.append(("time scales", _time_scales(net)))
    return [(topic, text) for topic, text in rows if text]


def _time_scales(net: Network) -> str:
    if net.lattices:
        return ""
    if len(net.species) > _LONG:
        return f"not worked out for more than {_LONG} species"
    try:
        return _scales(time_scales(net))
    except RxnError as error:
        return f"not known: {error.message}"


def _direction(net: Network, found: Structure) -> str:
    """Reactions declared with `<->`, reactions that happen to undo each other, and those that only run one way."""
    declared = {r.name: r.reversible_of for r in net.reactions if r.reversible_of}
    reversible = [n for n in declared.values() if n] + [r.name for r in net.reactions if r.net_reversible]
    undone = [f"{quoted(a)} and {quoted(b)}" for a, b in found.reversible_pairs if b not in declared]
    if len(found.one_way) == len(net.reactions):
        return "every reaction runs one way only"
    if not undone and not found.one_way:
        return "every reaction is reversible"
    each = [("reversible", [quoted(n) for n in reversible]), ("undoing each other", undone)]
    each.append(("one way", [quoted(n) for n in found.one_way]))
    return "; ".join(f"{what}: {_list(names)}" for what, names in each if names)


def _roles(roles: Sequence[tuple[str, tuple[str, ...]]], verb: str) -> str:
    """`E catalyses cat1, cat2; F catalyses back`."""
    of: dict[str, list[str]] = {}
    for reaction, names in roles:
        for name in names:
            of.setdefault(name, []).append(quoted(reaction))
    return _list([f"{quoted(n)} {verb} {_list(r, most=3)}" for n, r in of.items()], "; ", 4)


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
    """`near the initial state a disturbance decays in 0.58 s (S, ES), 28.8 s (S); 2 conserved sums`."""
    if not found.modes and not found.still:
        return "everything is conserved"
    said = list(_modes(found))
    text = f"near the initial state a disturbance {'; '.join(said)}" if said else ""
    if found.still:
        rest = _count(found.still, "more direction is", "more directions are")
        rest = rest if said else rest.replace("more ", "")
        text += f"{'; ' if said else ''}{rest} at rest in the initial state"
    return text


def _modes(found: TimeScales) -> Iterator[str]:
    turning = [m for m in found.modes if m.frequency and abs(m.rate) <= _DAMPED * m.frequency]
    fading = [m for m in found.modes if m.rate < 0 and m not in turning]
    growing = [m for m in found.modes if m.rate > 0 and m not in turning]
    for verb, modes in (("decays", fading), ("grows e-fold", growing)):
        if len(modes) > _SHOWN:
            first, last = _time(modes[0], found), _time(modes[-1], found)
            yield f"{verb} in {len(modes):,} ways, the fastest in {first}, the slowest in {last}"
        elif modes:
            yield f"{verb} in {', '.join(_time(m, found) for m in modes)}"
    for m in turning[:_SHOWN]:
        lasts = f", {'decaying' if m.rate < 0 else 'growing e-fold'} in {_plain(m.time, found)}" if m.rate else ""
        yield f"oscillates with period {_plain(m.period, found)}{lasts} {_names(m)}"
    if len(turning) > _SHOWN:
        yield f"oscillates in {len(turning) - _SHOWN:,} more ways"


def _time(mode: Mode, found: TimeScales) -> str:
    return f"{_plain(mode.time, found)} {_names(mode)}"


def _plain(value: float, found: TimeScales) -> str:
    return f"{value:.3g} {found.unit}".rstrip()


def _names(mode: Mode) -> str:
    return f"({_list([quoted(n) for n in mode.species], wide=_WIDE // 5)})"


def _count(n: int, one: str, many: str) -> str:
    return f"{n:,} {one if n == 1 else many}"


def _list(items: Sequence[str], separator: str = ", ", most: int = _SHOWN, wide: int = _WIDE) -> str:
    """The first items, at least one, and how many more there are."""
    shown = list(items[:most])
    while len(shown) > 1 and sum(map(len, shown)) > wide:
        shown.pop()
    rest = len(items) - len(shown)
    return separator.join(shown) + (f"{separator}and {rest:,} more" if rest > 0 else "")
