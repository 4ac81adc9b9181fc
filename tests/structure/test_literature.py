"""Published numbers of networks of the literature, and the definitions on random ones."""

from __future__ import annotations

from dataclasses import dataclass, replace

import networkx as nx
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from written import k, network

from rxncompile.expressions import symbol
from rxncompile.network import Event, Lattice, Network, OdeTerm, Reaction, Rule, Species
from rxncompile.structure import structure_of


@dataclass(frozen=True)
class Published:
    """n complexes, l linkage classes, s the rank, the deficiency n - l - s, and whether weakly reversible."""

    source: str
    text: str
    n: int
    l: int  # noqa: E741 (the letter of the literature)
    s: int
    deficiency: int
    weakly_reversible: bool
    laws: tuple[str, ...] = ()
    fixed: str = ""


PUBLISHED = {
    "lecture": Published(
        "Feinberg 1979, lectures on chemical reaction networks; 1987, Chem. Eng. Sci. 42: deficiency zero",
        "A <> 2 B; A + C <> D; D > B + E; B + E > A + C", 5, 2, 3, 0, True,
        ("2 A + B + 2 D + E", "C + D + E"),
    ),
    "michaelis_menten": Published(
        "Michaelis and Menten 1913; deficiency zero in Feinberg 1987",
        "E + S <> ES; ES > E + P", 3, 1, 2, 0, False, ("E + ES", "ES + P + S"),
    ),
    "horn_jackson": Published(
        "Horn and Jackson 1972, Arch. Ration. Mech. Anal. 47, section 7: a square of deficiency two",
        "3 A > A + 2 B; A + 2 B > 3 B; 3 B > 2 A + B; 2 A + B > 3 A", 4, 1, 1, 2, True, ("A + B",),
    ),
    "edelstein": Published(
        "Edelstein 1970, J. Theor. Biol. 29; deficiency one in Feinberg 1987 and 2019",
        "A <> 2 A; A + B <> C; C <> B", 5, 2, 2, 1, True, ("B + C",),
    ),
    "brusselator": Published(
        "Prigogine and Lefever 1968; deficiency one in Feinberg 1987",
        "0 <> X; X > Y; 2 X + Y > 3 X", 5, 2, 2, 1, False,
    ),
    "lotka_volterra": Published(
        "Lotka 1920; deficiency one in Feinberg 1979", "X > 2 X; X + Y > 2 Y; Y > 0", 6, 3, 2, 1, False,
    ),
    "schloegl": Published(
        "Schloegl 1972; deficiency one in Anderson, Craciun and Kurtz 2010",
        "A + 2 X <> 3 X; X <> B", 4, 2, 1, 1, True, (), "A B",
    ),
    "envz_ompr": Published(
        "Shinar and Feinberg 2010, Science 327: deficiency one, OmpR-P robust",
        "XD <> X; X <> XT; XT > Xp; Xp + Y <> XpY; XpY > X + Yp; XD + Yp <> XDYp; XDYp > XD + Y", 10, 3, 6, 1, False,
        ("X + XD + XDYp + XT + Xp + XpY", "XDYp + XpY + Y + Yp"),
    ),
    "robust_toy": Published(
        "Shinar and Feinberg 2010, Fig. 1: deficiency one, A robust", "A + B > 2 B; B > A", 4, 2, 1, 1, False,
        ("A + B",),
    ),
    "futile_cycle": Published(
        "Goldbeter and Koshland 1981; deficiency one in Angeli, De Leenheer and Sontag 2007",
        "S0 + K <> KS; KS > S1 + K; S1 + F <> FS; FS > S0 + F", 6, 2, 3, 1, False,
        ("K + KS", "F + FS", "FS + KS + S0 + S1"),
    ),
    "mapk_layer": Published(
        "Markevich, Hoek and Kholodenko 2004; deficiency two in Conradi, Flockerzi and Raisch 2008",
        "S0 + K <> KS0; KS0 > S1 + K; S1 + K <> KS1; KS1 > S2 + K;"
        "S2 + F <> FS2; FS2 > S1 + F; S1 + F <> FS1; FS1 > S0 + F", 10, 2, 6, 2, False,
        ("K + KS0 + KS1", "F + FS1 + FS2", "FS1 + FS2 + KS0 + KS1 + S0 + S1 + S2"),
    ),
    "proofreading": Published(
        "McKeithan 1995; deficiency zero and weakly reversible in Sontag 2001, IEEE Trans. Autom. Control 46",
        "T + M > C0; C0 > C1; C1 > C2; C2 > C3; C0 > T + M; C1 > T + M; C2 > T + M; C3 > T + M", 5, 1, 4, 0, True,
        ("C0 + C1 + C2 + C3 + M", "C0 + C1 + C2 + C3 + T"),
    ),
    "wegscheider": Published(
        "Wegscheider 1901, as in Gorban and Yablonsky 2011: detailed balance is more than reversibility",
        "A <> B; 2 A <> A + B", 4, 2, 1, 1, True, ("A + B",),
    ),
    "huang_ferrell": Published(
        "Huang and Ferrell 1996, Proc. Natl. Acad. Sci. 93: 22 species, 7 conservation laws, so 15 independent ones",
        "A + E1 <> AE1; AE1 > Ap + E1; Ap + E2 <> ApE2; ApE2 > A + E2;"
        "B + Ap <> BAp; BAp > Bp + Ap; Bp + F <> BpF; BpF > B + F;"
        "Bp + Ap <> BpAp; BpAp > Bpp + Ap; Bpp + F <> BppF; BppF > Bp + F;"
        "K + Bpp <> KBpp; KBpp > Kp + Bpp; Kp + G <> KpG; KpG > K + G;"
        "Kp + Bpp <> KpBpp; KpBpp > Kpp + Bpp; Kpp + G <> KppG; KppG > Kp + G", 26, 6, 15, 5, False,
        ("E1 + AE1", "E2 + ApE2", "F + BpF + BppF", "G + KpG + KppG", "A + Ap + AE1 + ApE2 + BAp + BpAp",
         "B + Bp + Bpp + BAp + BpAp + BpF + BppF + KBpp + KpBpp", "K + Kp + Kpp + KBpp + KpBpp + KpG + KppG"),
    ),
    "triangle": Published(
        "Wei and Prater 1962, monomolecular triangle; deficiency zero in Feinberg 1979, weakly reversible by a detour",
        "A > B; B > C; C > A; B > A", 3, 1, 2, 0, True, ("A + B + C",),
    ),
    "robertson": Published(
        "Robertson 1966", "A > B; 2 B > B + C; B + C > A + C", 5, 2, 2, 1, False, ("A + B + C",),
    ),
}  # fmt: skip


def by_hand(net: Network, fixed: str = "") -> tuple[int, int, int, int, bool]:
    """The same numbers from their definitions, by networkx and by sympy."""
    left_out = fixed.split()
    g = nx.DiGraph()
    names = [s.name for s in net.species if s.name not in left_out]
    rows = []
    for r in net.reactions:
        a, b = (frozenset((n, c) for n, c in side if n not in left_out) for side in (r.reactants, r.products))
        if a != b:
            g.add_edge(a, b)
            rows.append([dict(b).get(n, 0) - dict(a).get(n, 0) for n in names])
    n, parts = g.number_of_nodes(), list(nx.weakly_connected_components(g))
    rank = sp.Matrix(rows).rank() if rows else 0
    return n, len(parts), rank, n - len(parts) - rank, nx.number_strongly_connected_components(g) == len(parts)



@pytest.mark.parametrize("name", PUBLISHED)
def test_agrees_with_the_literature(name: str) -> None:
    known = PUBLISHED[name]
    net = network(known.text, fixed=known.fixed)
    found = structure_of(net)
    numbers = (len(found.complexes), len(found.linkage_classes), found.rank, found.deficiency, found.weakly_reversible)
    assert numbers == (known.n, known.l, known.s, known.deficiency, known.weakly_reversible), known.source
    assert numbers == by_hand(net, known.fixed)
    expected = set()
    for text in known.laws:
        terms = [t.split() for t in text.split(" + ")]
        expected.add(sp.Add(*((int(t[0]) if len(t) > 1 else 1) * symbol(t[-1]) for t in terms)))
    assert {law.formula for law in found.laws} == expected, known.source
    assert found.moieties is not None
    assert {law.formula for law in found.moieties} == expected, known.source


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("lecture", "Deficiency zero theorem: whatever the rate constants, each set of conserved amounts has exactly"),
        ("proofreading", "Deficiency zero theorem: whatever the rate constants, each set of conserved amounts has"),
        ("michaelis_menten", "Deficiency zero theorem: whatever the rate constants, there is neither"),
        ("envz_ompr", "Absolute concentration robustness: the concentration of Yp is the same"),
        ("robust_toy", "Absolute concentration robustness: the concentration of A is the same"),
        ("edelstein", ""),
        ("mapk_layer", ""),
        ("huang_ferrell", ""),
        ("brusselator", "Absolute concentration robustness: the concentration of X is the same"),
        ("lotka_volterra", "Absolute concentration robustness: each of the concentrations of"),
        ("horn_jackson", ""),
    ],
)
def test_what_the_theorems_conclude(name: str, start: str) -> None:
    verdict = structure_of(network(PUBLISHED[name].text)).verdict
    assert verdict.startswith(start)
    assert bool(verdict) == bool(start)


def test_the_deficiency_one_theorem_by_hand() -> None:
    # 0 -> A -> 2 A -> 0: k1 + k2 A - 2 k3 A^2 has one positive root; without the inflow at most one
    found = structure_of(network("0 > A; A > 2 A; 2 A > 0"))
    assert found.verdict.endswith(", there is exactly one positive steady state.")
    assert structure_of(network("A > 2 A; 2 A > 0")).verdict.endswith(", there is at most one positive steady state.")
    # two terminal classes: the theorem is silent
    assert structure_of(network("A + B > 2 A; A + B > 2 B")).verdict == ""


def test_the_theorems_keep_to_mass_action() -> None:
    net = network("A <> B")
    assert structure_of(net).verdict.startswith("Deficiency zero")
    drive = Rule("drive", k * symbol("A"))
    cases = {
        "r0 follows a law": replace(net, reactions=(replace(net.reactions[0], mass_action=False), net.reactions[1])),
        "r1 follows a law": replace(
            net, rules=(drive,), reactions=(net.reactions[0], replace(net.reactions[1], rate=symbol("drive")))
        ),
        "rates of change": replace(net, ode_terms=(OdeTerm("A", k),)),
        "events": replace(net, events=(Event(True, sp.Integer(5), (("A", sp.Integer(1)),)),)),
        "lattice": replace(net, lattices=(Lattice("L", (5,)),)),
    }
    for words, case in cases.items():
        found = structure_of(case)
        assert words in found.verdict
        assert "do not apply" in found.verdict
        assert found.deficiency == 0


def test_terminal_classes_reversibility_and_roles() -> None:
    found = structure_of(network("A <> B; B > C; C <> D; C > E; E > C; 2 X + Y > 3 X; E1 + S > E1 + P; Q > Q"))
    first = found.linkage_classes[0]
    assert [len(c) for c in first.strong_classes] == [2, 3]
    assert first.terminal_classes == (((("C", 1),), (("D", 1),), (("E", 1),)),)
    assert not found.reversible
    assert found.reversible_pairs == (("r0", "r1"), ("r3", "r4"), ("r5", "r6"))
    assert found.one_way == ("r2", "r7", "r8")
    assert found.idle == ("r9",)
    assert found.catalysts == (("r8", ("E1",)), ("r9", ("Q",)))
    assert found.autocatalysts == (("r7", ("X",)),)


def test_fixed_species_belong_to_the_constants() -> None:
    # the Oregonator (Field and Noyes 1974, f = 2) with its pools A, B, P held: Y > X, X + Y > 0, X > 2 X + 2 Z ...
    text = "A + Y > X + P; X + Y > 2 P; A + X > 2 X + 2 Z; 2 X > A + P; B + Z > Y"
    found = structure_of(network(text, fixed="A B P"))
    assert (len(found.complexes), len(found.linkage_classes), found.rank, found.deficiency) == (7, 2, 3, 2)
    assert () in found.complexes
    assert found.laws == ()
    assert structure_of(network("A > B", fixed="A B")).idle == ("r0",)


def test_one_net_law_runs_both_ways() -> None:
    net = Network(
        "t", species=(Species("A"), Species("B")),
        reactions=(Reaction("r", (("A", 1),), (("B", 1),), k * symbol("A") - symbol("B"), False, net_reversible=True),),
    )  # fmt: skip
    found = structure_of(net)
    assert found.reversible
    assert found.weakly_reversible
    assert found.one_way == ()


def test_nothing_at_all() -> None:
    found = structure_of(Network("empty"))
    assert (found.deficiency, found.verdict, found.moieties) == (0, "", ())
    lonely = structure_of(Network("lonely", species=(Species("A"),)))
    assert [law.coefficients for law in lonely.laws] == [(("A", 1),)]


# ---------------------------------------------------------------------------------------------- any network

SIDES = st.dictionaries(st.sampled_from("ABCDE"), st.integers(1, 2), max_size=2)
NETWORKS = st.lists(st.tuples(SIDES, SIDES), max_size=7).map(
    lambda pairs: Network(
        "random",
        species=tuple(Species(n) for n in "ABCDE"),
        reactions=tuple(
            Reaction(f"r{i}", tuple(sorted(a.items())), tuple(sorted(b.items())), k) for i, (a, b) in enumerate(pairs)
        ),
    )
)


@given(NETWORKS)
def test_the_definitions_hold(net: Network) -> None:
    found = structure_of(net)
    numbers = (len(found.complexes), len(found.linkage_classes), found.rank, found.deficiency, found.weakly_reversible)
    assert numbers == by_hand(net)
    assert found.deficiency >= sum(c.deficiency for c in found.linkage_classes) >= 0
    assert all(c.deficiency >= 0 for c in found.linkage_classes)
    assert all(c.terminal_classes for c in found.linkage_classes)
    assert sorted(x for c in found.linkage_classes for x in c.complexes) == sorted(found.complexes)


@given(NETWORKS, st.permutations("ABCDE"), st.permutations("ABCDE"), st.randoms(use_true_random=False))
def test_names_and_order_do_not_matter(net: Network, names: list[str], order: list[str], chance) -> None:
    renamed = dict(zip("ABCDE", names, strict=True))
    reactions = list(net.reactions)
    chance.shuffle(reactions)
    other = replace(
        net,
        species=tuple(Species(n) for n in order),
        reactions=tuple(
            replace(r, reactants=tuple((renamed[n], c) for n, c in r.reactants),
                    products=tuple((renamed[n], c) for n, c in r.products))
            for r in reactions
        ),
    )  # fmt: skip
    one, two = structure_of(net), structure_of(other)
    assert (one.rank, one.deficiency, one.weakly_reversible) == (two.rank, two.deficiency, two.weakly_reversible)
    assert one.moieties is not None
    assert two.moieties is not None
    assert {frozenset((renamed[n], c) for n, c in law.coefficients) for law in one.moieties} == {
        frozenset(law.coefficients) for law in two.moieties
    }
    assert sorted(one.verdict[:24]) == sorted(two.verdict[:24])
