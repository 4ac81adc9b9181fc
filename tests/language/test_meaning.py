"""What a model's text means: species, units, reactions, loops, functions, formulas."""

import sympy as sp

from rxncompile.expressions import TIME, symbol
from rxncompile.language import parse
from rxncompile.network import Distribution, Flag, Network, Placement, Reaction, propensity

A, B, X = symbol("A"), symbol("B"), symbol("X")


def only(net: Network) -> Reaction:
    (reaction,) = net.reactions
    return reaction


def formula(text: str) -> sp.Expr:
    return parse(f"species A, B\nparam k = 1\nlet z = {text}").rules[-1].formula


# ---------------------------------------------------------------------------------------------- reactions


def test_sides_are_merged_and_ordered() -> None:
    r = only(parse("species A, B\nB + A + A -> 2 B + B @ 3"))
    assert r.reactants == (("A", 2), ("B", 1))
    assert r.products == (("B", 3),)
    assert (r.name, r.mass_action, r.rate) == ("r1", True, 3)


def test_a_backward_arrow_is_turned() -> None:
    net = parse("species A, B\nlattice L { shape = line(9) }\nA(0) + 0(1) <- 0(0) + B(1) @ 1 on L")
    assert only(net).reactants == (("B", 1),)
    assert only(net).placement == Placement((("", 0), ("B", 1)), (("A", 0), ("", 1)))


def test_both_ways_is_two_reactions() -> None:
    net = parse("species A, B\nbind[0]: A <-> 2 B rate A, B^2 {fast, \"why\"}\nA <-> B rate A - B")
    one, other, third = net.reactions
    assert (one.name, other.name, other.reversible_of) == ("bind[0]", "bind_rev[0]", "bind[0]")
    assert (other.reactants, other.products, other.rate) == ((("B", 2),), (("A", 1),), B**2)
    assert other.flags == one.flags == {Flag.FAST}
    assert other.remark == one.remark == "why"
    assert third.net_reversible
    assert third.name == "r3"


def test_numbers_of_unlabelled_reactions_keep_clear_of_labels() -> None:
    net = parse("species A\nA -> 0 @ 1\nr2: A -> 0 @ 2\nA -> 0 @ 3")
    assert [(r.name, r.rate) for r in net.reactions] == [("r1", 1), ("r2", 2), ("r3", 3)]
    net = parse("species A\nA -> 0 @ 1\nA -> 0 @ 2\nr2: A -> 0 @ 3")
    assert len({r.name for r in net.reactions}) == 3


def test_powers_of_the_model_reach_every_mass_action_reaction() -> None:
    net = parse("model M {powers}\nspecies A\n2 A -> 0 @ 3\nA -> 0 rate 2*A")
    assert [r.flags for r in net.reactions] == [{Flag.POWERS}, frozenset()]
    assert propensity(net, net.reactions[0]) == 3 * A * (A - 1)


def test_attributes_of_a_list() -> None:
    net = parse('species A = 1 {"first"}, B = 2, X {fixed} ; species Y {fast}\nspecies Z = 3 {per = site, fixed_count}'
                "\nlattice L { shape = box(2, 3, 4); capacity = 2; boundary = open }")
    assert [s.remark for s in net.species] == ["first", "", "", "", ""]
    assert [s.flags for s in net.species[:4]] == [{Flag.FIXED}, {Flag.FIXED}, {Flag.FIXED}, {Flag.FAST}]
    assert net.species[4].per_site
    assert net.species[4].flags == {Flag.FIXED_COUNT}
    assert (net.lattices[0].shape, net.lattices[0].capacity, net.lattices[0].boundary) == ((2, 3, 4), 2, "open")


# ---------------------------------------------------------------------------------------------- amounts


def test_micromolar_in_femtolitres() -> None:
    """1 uM in 10 um^3 (1e-14 L) is 1e-6 * 1e-14 * N_A = 6022.14076 molecules."""
    net = parse("compartment c : um^3 = 10\nspecies A : uM in c = 1")
    (a,) = net.species
    assert a.concentration
    assert 10 / a.per_count == sp.Rational("6022.14076")


def test_amounts() -> None:
    text = (
        "units amount = mol, volume = L\ncompartment c = 2, d : nL = 1\n"
        "species A, B : count, X : conc in c, Y : nM in c, Z : 1/um^3 in d, U : nmol"
    )
    a, b, x, y, z, u = parse(text).species
    mole = 602214076 * sp.Integer(10) ** 15
    assert (a.concentration, a.per_count) == (False, 1 / mole)
    assert (b.concentration, b.per_count) == (False, 1)
    assert (x.concentration, x.per_count) == (True, 1 / mole)
    assert (y.concentration, y.per_count) == (True, 10**9 / mole)  # a litre, from the model's unit of volume
    assert (z.concentration, z.per_count) == (True, sp.Rational(1, 10**6))  # a nanolitre is 1e6 um^3
    assert (u.concentration, u.per_count) == (False, 10**9 / mole)


def test_initial_values() -> None:
    net = parse("param n = 3\nspecies A = 2*n, B, X ~ Poisson(n)\ninit B ~ Normal(n, 1), A = n^2\nB -> A @ n")
    n = symbol("n")
    normal, poisson = Distribution("Normal", (n, sp.Integer(1))), Distribution("Poisson", (n,))
    assert [s.initial for s in net.species] == [n**2, normal, poisson]


# ---------------------------------------------------------------------------------------------- loops and names


def test_loops_and_indices() -> None:
    net = parse(
        "for i in 0..n-1, s in {a, b} { hop[i,s]: S[i,s] -> S[i+1,s] @ (i + 1)*k[s] }\n"
        "const n = 2\nparam k[{a, b}] = 1\nspecies S[0..n, {a, b}]\nobservable all = sum(S[*,a]) + count(S[1..2,b])"
    )
    assert [s.name for s in net.species] == ["S[0,a]", "S[0,b]", "S[1,a]", "S[1,b]", "S[2,a]", "S[2,b]"]
    assert [r.name for r in net.reactions] == ["hop[0,a]", "hop[0,b]", "hop[1,a]", "hop[1,b]"]
    assert net.reactions[3].products == (("S[2,b]", 1),)
    assert net.reactions[3].rate == 2 * symbol("k[b]")
    wanted = ("S[0,a]", "S[1,a]", "S[2,a]", "S[1,b]", "S[2,b]")
    assert net.observables[0].formula == sp.Add(*map(symbol, wanted))


def test_a_loop_over_species() -> None:
    net = parse(
        "species A, B\nfor s in {A, B} { lose[s]: s -> 0 rate s*2 }\nfor i in 0..1 { for j in 0..i { 0 -> A @ 1 } }"
    )
    assert [(r.name, r.reactants, r.rate) for r in net.reactions[:2]] == [
        ("lose[A]", (("A", 1),), 2 * A),
        ("lose[B]", (("B", 1),), 2 * B),
    ]
    assert len(net.reactions) == 5


def test_order_of_statements_does_not_matter() -> None:
    net = parse("A -> B @ 2*k\nlet y = z\nlet z = A\nparam k = c\nspecies A\nconst c = 3\nspecies B")
    assert only(net).reactants == (("A", 1),)


def test_quoted_names() -> None:
    net = parse("species 'A(x!1)' = 3, 'per'\nparam k = 2\n'a b': 'A(x!1)' -> 'per' rate k*'A(x!1)'\n'per'' = 'A(x!1)'")
    assert [s.name for s in net.species] == ["A(x!1)", "per"]
    assert only(net).name == "a b"
    assert net.ode_terms[0].species == "per"


# ---------------------------------------------------------------------------------------------- formulas


def test_numbers_are_exact() -> None:
    assert formula("0.1") == sp.Rational(1, 10)
    assert formula("6.02e23 + .5 + 2.") == 602 * sp.Integer(10) ** 21 + sp.Rational(5, 2)
    assert formula("1e-400") == sp.Rational(1, sp.Integer(10) ** 400)


def test_binding() -> None:
    assert formula("-A^2") == -(A**2)
    assert formula("2^3^2") == 512
    assert formula("A/B/2*B") == A / 2
    assert formula("A - B - 1") == A - B - 1
    assert formula("A**-B") == A**-B
    assert formula("2*-A") == -2 * A
    assert formula("-(A - B)*k") == sp.Mul(-1, A - B, symbol("k"))


def test_functions() -> None:
    k = symbol("k")
    assert formula("hill(A, k, 2)") == A**2 / (k**2 + A**2)
    assert formula("hillr(A, k, 2)") == k**2 / (k**2 + A**2)
    assert formula("mm(A, 3, k)") == 3 * A / (k + A)
    assert formula("sqrt(A)") == A ** sp.Rational(1, 2)
    assert formula("log10(A)") == sp.log(A) / sp.log(10)
    assert formula("min(A, B, 3) + max(A, 1) + ceil(B)") == sp.Min(A, B, 3) + sp.Max(A, 1) + sp.ceiling(B)
    assert formula("piecewise(1, A<-1, 2, A == 3 or not B > 1, k)") == sp.Piecewise(
        (1, A < -1), (2, sp.Or(sp.Eq(A, 3), B <= 1)), (k, True)
    )
    assert formula("t + time") == 2 * TIME


def test_functions_of_the_model_are_written_out() -> None:
    net = parse("func f(x, y) = g(x)*y + k\nfunc g(x) = x^2\nparam k = 2\nspecies A, x\nlet z = f(A + 1, x)")
    assert net.rules[0].formula == (A + 1) ** 2 * symbol("x") + symbol("k")


def test_pairs_on_a_lattice() -> None:
    net = parse(
        "lattice L { shape = square(4, 5) }\nspecies A, B\nobservable p = count(A, B, distance = 2)\ndiffuse A, B @ 3"
    )
    assert net.observables[0].formula == sp.Function("count")(A, B, 2)
    assert [(d.species, d.rate, d.lattice) for d in net.diffusions] == [("A", 3, "L"), ("B", 3, "L")]


def test_events() -> None:
    net = parse("species A\nparam k = 1\nat 2*k : A = A + 10, k = 3\nwhen A < 3 and t > 1 : A = 5 {\"again\"}")
    timed, when = net.events
    assert (timed.timed, timed.trigger) == (True, 2 * symbol("k"))
    assert timed.assignments == (("A", A + 10), ("k", sp.Integer(3)))
    assert (when.timed, when.trigger, when.remark) == (False, sp.And(A < 3, TIME > 1), "again")


def test_conservation_holds_through_units_and_ode_terms() -> None:
    parse(
        "compartment c = 2, d = 3\nspecies A : conc in c, B : conc in d\nA -> B rate A per c\nconserve all: c*A + d*B"
    )
    parse("species A, B\nA' = -2*A*B\nB' = B*A\nconserve all: A + 2*B")
    parse("species A, B {fixed}\nA + B -> 2 B + A @ 1\nconserve a: A = 3")


def test_a_line_can_be_continued_and_lines_joined() -> None:
    net = parse("species A, \\\n  B ; A -> B \\ \n @ 1   # a remark ; A -> 0 @ 2\n\n;;\n")
    assert len(net.reactions) == 1
