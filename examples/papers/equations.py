"""The equations of the papers that the generator gives, as they are printed, and how each is derived here.

Printed equations are in light markup; `same` compares them, typed as formulas, with what was derived.
"""

# ruff: noqa: RUF001  (Greek letters and the minus sign are meant)

import sympy as sp

import rxncompile as rx
from rxncompile.derivations.closures import close, gaussian
from rxncompile.derivations.families import gaussian_counts, geometric
from rxncompile.derivations.moments import moments
from rxncompile.derivations.projection import project
from rxncompile.derivations.written_out import written_out
from rxncompile.expressions import symbol
from rxncompile.monomials import Kind
from rxncompile.notation import math
from rxncompile.notation.boxes import Digits
from rxncompile.operators import as_generating_function, as_master_equation, as_operator, generator
from rxncompile.operators.ladder import Operator, annihilator, commutator, creator, identity, ladder
from rxncompile.system import System
from rxncompile.views.side_by_side import Pair, agree, equation_of, written

GALTON_WATSON = """model GaltonWatson
param k_b = 1, k_d = 1.5
species n = 10
n -> 2 n  @ k_b
n -> 0    @ k_d
"""
ANNIHILATION = """model Annihilation
param k_r = 1
species v = 10
2 v -> 0  @ k_r
"""
ROSSLER = """model RosslerWellMixed
param k_1 = 30, k_2 = 10, k_3 = 16.5
param kappa_1 = 1, kappa_2 = 1, kappa_3 = 1, kappa_4 = 1
species A = 200, B = 200, C = 200
A     -> 2 A  @ k_1
2 A   -> A    @ kappa_1
A + B -> 2 B  @ kappa_2
A + C -> 0    @ kappa_3
B     -> 0    @ k_2
C     -> 2 C  @ k_3
2 C   -> C    @ kappa_4
"""
BARW = """model BranchingAnnihilating
param k_b = 10, k_a = 10
species A = 25
A   -> 2 A  @ k_b
2 A -> 0    @ k_a
"""
PREDATORS = """model PredatorsAndPrey
param k = 1
species H = 10, P = 20
H + P -> 2 H  @ k
"""


def s(name: str) -> sp.Symbol:
    return symbol(name)


def moment_row(number: str, printed: str, system: System, label: str, formula: sp.Expr, remark: str = "") -> Pair:
    """One equation of a hierarchy, or of parameters, against the formula in the paper."""
    right = dict(system.equations()).get(label)
    right = dict(system.definitions)[s(label)] if right is None else right
    defined = dict(system.definitions) if label in dict(system.equations()) else {}
    for _ in defined:
        right = right.xreplace(defined)
    shown = equation_of(system, label)
    return Pair(number, printed, shown, agree(right, formula), remark)


def operator_row(number: str, printed: str, text: str, formula: Operator, remark: str = "") -> Pair:
    gen = generator(rx.parse(text))
    return Pair(number, printed, written(as_operator(gen)), ladder(gen) == formula, remark)


def basis_row(number: str, printed: str, system: System, label: str, formula: sp.Expr) -> Pair:
    """A basis function, all that it is defined by put in."""
    plain = written_out(system)
    return Pair(number, printed, equation_of(plain, label), agree(dict(plain.equations())[label], formula))


def algebra() -> tuple[str, str, list[Pair]]:
    one = (symbol("n"),)
    found = commutator(annihilator(one, one[0]), creator(one, one[0]))
    row = Pair("Eq. 2", "[a_i, â_j] = δ_{ij}", math(Digits(str(found.average()[()]))), found == identity(one),
               "for one species")  # fmt: skip
    return "The algebra (Ernst et al. 2018)", "", [row]


def galton_watson() -> tuple[str, str, list[Pair]]:
    net = rx.parse(GALTON_WATSON)
    gen, n = generator(net), s("n")
    birth, death, nu, one, two = s("k_b"), s("k_d"), s("nu[1]"), s("nu[1]"), s("nu[2]")
    up, down, unit = creator((n,), n), annihilator((n,), n), identity((n,))
    raw, central = moments(net, 2), moments(net, 2, Kind.CENTRAL)
    first = project(net, geometric())
    second = project(net, gaussian_counts((sp.Rational(-5, 2), sp.Integer(2))))
    w = birth * ((up - unit) * up * down) + death * ((unit - up) * down)
    both = birth + death
    mean, variance = s("<n>"), s("<n^2>_c")
    rows = [
        Pair("Eq. 7", "ṗ(n, t) = W p(n, t)", written(as_master_equation(gen)), None, "the master equation itself"),
        Pair("Eq. 7", "W(â, a)", written(as_operator(gen)), ladder(gen) == w),
        Pair("Eq. 4", "â → z, a → ∂/∂z", written(as_generating_function(gen)), None, "of the generating function"),
        moment_row("Eq. 25", "d⟨n⟩_p/dt = (k_b − k_d) ⟨n⟩_p", raw, "<n>", (birth - death) * mean),
        basis_row("Eq. 26", "F(ν) = (k_b − k_d)(e^{−ν} − 1)", first, "nu[1]",
                      (birth - death) * (sp.exp(-nu) - 1)),
        moment_row("Eq. 28", "dμ/dt = (k_b − k_d) μ", central, "<n>", (birth - death) * mean),
        moment_row("Eq. 28", "dσ^2/dt = 2(k_b − k_d) σ^2 + (k_b + k_d) μ", central, "<n^2>_c",
                   2 * (birth - death) * variance + both * mean),
        basis_row("Eq. 29", "F_1 = ν_1 (k_d − k_b + (k_b + k_d) ν_1) − (ν_2/2)(k_b − k_d + (k_b + k_d) ν_1)",
                  second, "nu[1]",
                      one * (death - birth + both * one) - two / 2 * (birth - death + both * one)),
        basis_row("Eq. 29", "F_2 = −(ν_2/2)(k_d(−4 − 2ν_1 + ν_2) + k_b(4 − 2ν_1 + ν_2))", second, "nu[2]",
                      -two / 2 * (death * (-4 - 2 * one + two) + birth * (4 - 2 * one + two))),
    ]  # fmt: skip
    return "Galton-Watson process (Ernst et al. 2018)", GALTON_WATSON, rows


def annihilation() -> tuple[str, str, list[Pair]]:
    net = rx.parse(ANNIHILATION)
    v, rate = s("v"), s("k_r")
    up, down, unit = creator((v,), v), annihilator((v,), v), identity((v,))
    pairs = s("<v^2>_f") / 2
    factorial = moments(net, 2, Kind.FACTORIAL)
    rows = [
        operator_row("Eq. B2", "κ Σ_{⟨ij⟩} (1 − â_i â_j) a_i a_j", ANNIHILATION,
                     rate * sp.Rational(1, 2) * ((unit - up**2) * down**2), "well mixed: n(n − 1)/2 pairs"),
        moment_row("Eq. 36", "d⟨Σ v_i⟩/dt = −2k_r ⟨Σ v_i v_{i+1}⟩", factorial, "<v>", -2 * rate * pairs,
                   "well mixed the number of pairs is ⟨v(v − 1)⟩/2"),
    ]  # fmt: skip
    return "Annihilation (Ernst et al. 2019)", ANNIHILATION, rows


def rossler() -> tuple[str, str, list[Pair]]:
    net = rx.parse(ROSSLER)
    names = tuple(s(x) for x in "ABC")
    up = {x.name: creator(names, x) for x in names}
    down = {x.name: annihilator(names, x) for x in names}
    unit, half = identity(names), sp.Rational(1, 2)
    k1, k2, k3 = s("k_1"), s("k_2"), s("k_3")
    c1, c2, c3, c4 = (s(f"kappa_{i}") for i in range(1, 5))
    header = ROSSLER.split("A     ->")[0]
    made = [
        ("A → 2A:  k_1 Σ_i (â_{i,A} − 1) â_{i,A} a_{i,A}", "A -> 2 A @ k_1",
         k1 * ((up["A"] - unit) * up["A"] * down["A"])),
        ("2A → A:  κ_1 Σ_{⟨ij⟩} (1 − â_{j,A}) â_{i,A} a_{i,A} a_{j,A}", "2 A -> A @ kappa_1",
         (c1 * half) * ((unit - up["A"]) * up["A"] * down["A"] ** 2)),
        ("A + B → 2B:  κ_2 Σ (â_{i,B} − â_{i,A}) â_{j,B} a_{i,A} a_{j,B}", "A + B -> 2 B @ kappa_2",
         c2 * ((up["B"] - up["A"]) * up["B"] * down["A"] * down["B"])),
        ("A + C → ∅:  κ_3 Σ (1 − â_{i,A} â_{j,C}) a_{i,A} a_{j,C}", "A + C -> 0 @ kappa_3",
         c3 * ((unit - up["A"] * up["C"]) * down["A"] * down["C"])),
        ("B → ∅:  k_2 Σ_i (1 − â_{i,B}) a_{i,B}", "B -> 0 @ k_2", k2 * ((unit - up["B"]) * down["B"])),
        ("C → 2C:  k_3 Σ_i (â_{i,C} − 1) â_{i,C} a_{i,C}", "C -> 2 C @ k_3",
         k3 * ((up["C"] - unit) * up["C"] * down["C"])),
        ("2C → C:  κ_4 Σ_{⟨ij⟩} (1 − â_{j,C}) â_{i,C} a_{i,C} a_{j,C}", "2 C -> C @ kappa_4",
         (c4 * half) * ((unit - up["C"]) * up["C"] * down["C"] ** 2)),
    ]  # fmt: skip
    two = "two of one kind are n(n − 1)/2 pairs"
    rows = [operator_row("Eq. B2", printed, header + text + "\n", w, two if text[0] == "2" else "")
            for printed, text, w in made]  # fmt: skip
    hierarchy = moments(net, 2, Kind.FACTORIAL)
    aa, cc = s("<A^2>_f") / 2, s("<C^2>_f") / 2
    ab, ac = s("<A*B>_f"), s("<A*C>_f")
    rows += [
        moment_row("Eq. 43", "dμ_A/dt = k_1 μ_A − κ_1 Δ_{AA} − κ_2 Δ_{AB} − κ_3 Δ_{AC}", hierarchy, "<A>",
                   k1 * s("<A>") - c1 * aa - c2 * ab - c3 * ac, "Δ counts pairs: well mixed, ⟨A(A − 1)⟩/2 and ⟨A B⟩"),
        moment_row("Eq. 43", "dμ_B/dt = κ_2 Δ_{AB} − k_2 μ_B", hierarchy, "<B>", c2 * ab - k2 * s("<B>")),
        moment_row("Eq. 43", "dμ_C/dt = −κ_3 Δ_{AC} + k_3 μ_C − κ_4 Δ_{CC}", hierarchy, "<C>",
                   -c3 * ac + k3 * s("<C>") - c4 * cc),
    ]  # fmt: skip
    return "Rössler network (Ernst et al. 2019)", ROSSLER, rows


def walk() -> tuple[str, str, list[Pair]]:
    net = rx.parse(BARW)
    gen = generator(net)
    branch, meet, a = s("k_b"), s("k_a"), s("A")
    up, down, unit = creator((a,), a), annihilator((a,), a), identity((a,))
    w = branch * ((up - unit) * up * down) + (meet * sp.Rational(1, 2)) * ((unit - up**2) * down**2)
    rows = [
        Pair("Sec. III", "A → 2A, A + A → ∅", written(as_operator(gen)), ladder(gen) == w,
             "2018 has it on a chain; this is its well-mixed reading"),
        moment_row("by hand", "d⟨A⟩/dt = k_b ⟨A⟩ − k_a ⟨A(A − 1)⟩", moments(net, 1), "<A>",
                   branch * s("<A>") - meet * (s("<A^2>") - s("<A>"))),
    ]  # fmt: skip
    return "Branching and annihilating walk, well mixed", BARW, rows


def predators() -> tuple[str, str, list[Pair]]:
    net = rx.parse(PREDATORS)
    k, hp = s("k"), s("<H*P>")
    raw = moments(net, 2)
    closed = close(raw, gaussian)
    hhp, hpp = s("<H^2*P>"), s("<H*P^2>")
    rows = [
        moment_row("Eq. C9", "d⟨n_P⟩/dt = −k ⟨n_H n_P⟩", raw, "<P>", -k * hp),
        moment_row("Eq. C9", "d⟨n_H⟩/dt = k ⟨n_H n_P⟩", raw, "<H>", k * hp),
        moment_row("Eq. C10", "d⟨n_P^2⟩/dt = −2k ⟨n_H n_P^2⟩ + k ⟨n_H n_P⟩", raw, "<P^2>", -2 * k * hpp + k * hp),
        moment_row("Eq. C10", "d⟨n_H^2⟩/dt = 2k ⟨n_H^2 n_P⟩ + k ⟨n_H n_P⟩", raw, "<H^2>", 2 * k * hhp + k * hp),
        moment_row("Eq. C10", "d⟨n_H n_P⟩/dt = −k ⟨n_H^2 n_P⟩ + k ⟨n_H n_P^2⟩ − k ⟨n_H n_P⟩", raw, "<H*P>",
                   -k * hhp + k * hpp - k * hp),
        moment_row("Eq. C12",
                   "⟨n_X n_Y n_Z⟩ → −2⟨n_X⟩⟨n_Y⟩⟨n_Z⟩ + ⟨n_X⟩⟨n_Y n_Z⟩ + ⟨n_Y⟩⟨n_X n_Z⟩ + ⟨n_Z⟩⟨n_X n_Y⟩",
                   closed, "<H^2*P>",
                   -2 * s("<H>") ** 2 * s("<P>") + 2 * s("<H>") * hp + s("<P>") * s("<H^2>"), "X = Y = H, Z = P"),
    ]  # fmt: skip
    return "Predators and prey (Ernst et al. 2021)", PREDATORS, rows


CHAPTERS = [algebra(), galton_watson(), annihilation(), rossler(), walk(), predators()]
