# ruff: noqa: E501
"""Mistakes by example: the table is the test. Each pins code, line, column, message and hint."""

import time
from pathlib import Path

import pytest

from rxncompile.errors import RxnError
from rxncompile.language import check, load, parse

START = "model M\nparam k = 1\nspecies A = 10, B = 0\n"
# what follows START, and everything that is said of it
TABLE = [
    ('A => B @ k', (('R002', 4, 3, "'=>' is not an arrow of this language", "write 'A -> B @ k', or 'A <-> B @ k, k_back' for both directions"),)),
    ('A --> B @ k', (('R002', 4, 3, "'-->' is not an arrow of this language", "write 'A -> B @ k', or 'A <-> B @ k, k_back' for both directions"),)),
    ('A -> B', (('R005', 4, 7, 'this reaction has no rate', "write 'A -> B @ k' for mass action, or 'A -> B rate law'"),)),
    ('A -> B; k*A', (('R004', 4, 7, "a rate follows '@' or 'rate', not ';'", "write 'A -> B @ k' for mass action with constant k, or 'A -> B rate k*A' for a complete law"),)),
    ('k, A --> B', (('R003', 4, 2, 'the rate stands behind the reaction here, not before it', "write 'A -> B @ k'"),)),
    ('2E1 -> B @ k', (('R210', 4, 1, "'2E1' is read as one number, 20", "for 2 of the species E1 write '2 E1'"),)),
    ('A -> B @ kk', (('R101', 4, 10, "unknown name 'kk'", "did you mean 'k'? (declared at 2:7)"),)),
    ('A -> B @ k*A', (('R214', 4, 1, "the mass-action constant of 'r1' depends on its reactant 'A'", "a complete law is written 'rate A*k'; '@' multiplies by the reactants itself"),)),
    ('let c = A\nA -> B @ c*k', (('R214', 5, 1, "the mass-action constant of 'r1' depends on its reactant 'A' (through 'c')", "a complete law is written 'rate c*k'; '@' multiplies by the reactants itself"),)),
    ('A -> C @ k', (('R101', 4, 6, "unknown species 'C'", "every name has to be declared: 'species', 'param', 'const', 'let' or 'compartment'"),)),
    ('param k = 2', (('R102', 4, 7, "'k' is declared twice", 'it is a param already, declared at 2:7'),)),
    ('species t = 1', (('R103', 4, 9, "'t' is the time and cannot be declared", 'choose another name'),)),
    ('param exp = 1', (('R103', 4, 7, "'exp' is a function known to every model", 'choose another name'),)),
    ('2.5 A -> B @ k', (('R211', 4, 1, 'the stoichiometric coefficient 2.5 is no whole number from 1 up', "a law with other powers is written 'rate law'"),)),
    ('-1 A -> B @ k', (('R007', 4, 1, 'a stoichiometric coefficient cannot be negative', 'what is consumed stands before the arrow, what is made behind it'),)),
    ('let x = y\nlet y = x', (('R110', 4, 5, 'definitions that lead back to themselves: x -> y -> x', ''),)),
    ('conserve s : A + 2*B\nA -> B @ k', (('R217', 4, 1, "'s' is not conserved: reaction 'r1' changes it by 1 (5:1)", ''),)),
    ('param q = 1 in [2, 1]', (('R213', 4, 7, "the bounds of 'q' are in the wrong order", 'write in [low, high]'),)),
    ('A -> B @ k {fest}', (('R207', 4, 13, "unknown attribute 'fest'", "did you mean 'fast'?"),)),
    ('A <-> B @ k', (('R212', 4, 9, 'a reversible reaction needs two rate constants', "write 'A <-> B @ k, k_back'"),)),
    ('A -> B @ k, k', (('R212', 4, 8, 'two rates for one direction', "a reversible reaction is written '<->'"),)),
    ('A -> B rate', (('R005', 4, 12, 'this reaction has no rate', "write 'A -> B @ k' for mass action, or 'A -> B rate law'"),)),
    ('species model = 1', (('R021', 4, 9, "'model' is a word of the language, not a name", "as a name it has to be quoted: 'model'"),)),
    ('A + -> B @ k', (('R001', 4, 5, "unexpected '->' behind '+'", 'expected a name or a number'),)),
    ('func f(x) = f(x)\nA -> B @ f(1)', (('R111', 4, 13, 'functions that use each other in a circle: f -> f', ''),)),
    ('param z = 9^9^9^9', (('R403', 4, 13, 'this power is a number with more than 4,000 digits', ''),)),
    ('A -> B @ (k', (('R001', 4, 10, "'(' is never closed", ''),)),
    ('for i in 0..3 { A -> B @ k', (('R020', 4, 15, 'the block that begins here is never closed', "a line with '}' closes it"),)),
    ('import "../x.rxn"', (('R409', 4, 1, 'a text without a folder cannot import files', "use 'load' or give 'folder'"),)),
    ('species C : uM = 1', (('R305', 4, 9, 'a concentration in uM needs a volume with a unit, but the species lies in no compartment', "write 'compartment cell : um^3 = ...', or use the unit 'conc'"),)),
    ('observable o = foo(A)', (('R101', 4, 16, "unknown function 'foo'", "did you mean 'floor'?"),)),
    ('A -> B rate k*A per nowhere', (('R101', 4, 21, "unknown compartment 'nowhere'", "every name has to be declared: 'species', 'param', 'const', 'let' or 'compartment'"),)),
    ("A' = -k*A +", (('R001', 4, 12, "unexpected the end of the line behind '+'", 'expected an expression'),)),
    ('let b = A > 3', (('R201', 4, 9, 'a condition stands where a number is needed', 'a choice between values is written piecewise(value, condition, otherwise)'),)),
    ('param p = 1/0', (('R206', 4, 13, 'division by zero', ''),)),
    ('at A > 3 : B = 0', (('R201', 4, 4, 'a condition stands where a number is needed', 'a choice between values is written piecewise(value, condition, otherwise)'),)),
    ('A(b!1) -> B @ k', (('R017', 4, 3, 'patterns of molecules with sites are not part of this language', "name each state of the molecule as one species, or quote the whole name: 'A(b!1)'"),)),
    ('r: A -> B @ k\nr: B -> A @ k', (('R102', 5, 1, "two reactions are called 'r'", 'the first one is at 4:1'),)),
    ('init Q = 3', (('R101', 4, 6, "unknown species 'Q'", "every name has to be declared: 'species', 'param', 'const', 'let' or 'compartment'"),)),
    ('param w : 1/parsec = 1', (('R302', 4, 13, "unknown unit 'parsec'", "did you mean 'sec'?"),)),
    ('A -> B @ k && 3', (('R009', 4, 12, "'&&' is not an operator of this language", "conditions are joined by 'and' and 'or'"),)),
    ('x := 3', (('R009', 4, 3, "':=' is not an operator of this language", "a value that always holds is 'let NAME = expr'"),)),
    ('species A[0..1] = 2\nA[5] -> B @ k', (('R101', 5, 1, "unknown species 'A[5]'", "did you mean 'A[1]'? (declared at 4:9)"),)),
]


@pytest.mark.parametrize(("text", "expected"), TABLE, ids=[t for t, _ in TABLE])
def test_mistakes(text: str, expected: tuple[tuple[str, int, int, str, str], ...]) -> None:
    found = check(START + text + "\n")
    assert [(d.code, d.span.line, d.span.column, d.message, d.hint) for d in found if d.span] == list(expected)


def test_all_mistakes_of_a_file_are_told_together_in_order() -> None:
    with pytest.raises(RxnError) as caught:
        parse(START + "A => B @ k\nA -> C @ k\nparam q = kk\n", "file.rxn")
    found = caught.value.diagnostics
    assert [d.span.line for d in found if d.span] == [4, 5, 6]
    shown = str(caught.value)
    assert "file.rxn:4:3: error R002" in shown
    assert "  4 | A => B @ k\n    |   ^^" in shown


def test_imports_stay_in_their_folder_and_out_of_circles(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (tmp_path / "secret.rxn").write_text("model S\nspecies A = 1\n")
    for target in ("../secret.rxn", str(tmp_path / "secret.rxn"), "none.rxn", "main.rxn"):
        (folder / "main.rxn").write_text(f'model M\nimport "{target}"\nspecies B = 1\n')
        with pytest.raises(RxnError) as caught:
            load(folder / "main.rxn")
        assert caught.value.code.startswith("R4"), target
        assert caught.value.span and caught.value.span.line == 2
    (folder / "part.rxn").write_text("model P\nspecies A = 1\n")
    (folder / "main.rxn").write_text('model M\nimport "part.rxn"\nspecies B = 1\nA -> B @ 1\n')
    assert [s.name for s in load(folder / "main.rxn").species] == ["A", "B"]


HOSTILE = {
    "nesting": "A -> B @ " + "(" * 50_000 + "k" + ")" * 50_000,
    "signs": "A -> B @ " + "-" * 50_000 + "k",
    "powers": "A -> B @ k" + "^k" * 50_000,
    "tower": "param z = " + "9^" * 200 + "9",
    "digits": "param z = " + "9" * 100_000,
    "exponent": "param z = 1e999999999",
    "loops": "for i in 0..999999, j in 0..999999 { A -> B @ k }",
    "nested loops": "for i in 0..9 { " * 400 + "A -> B @ k" + " }" * 400,
    "range": "species S[0..99999999999999] = 1",
    "sides": "A" + " + A" * 100_000 + " -> B @ k",
    "binary": "\x00\x01\ufffe -> \U0001f9ea",
    "calls": "func f(x) = x + x\nparam z = " + "f(" * 60 + "1" + ")" * 60,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_texts_end_soon(text: str) -> None:
    start = time.process_time()
    assert all(d.span is not None for d in check(START + text + "\n"))
    assert time.process_time() - start < 20.0  # a hang is a failure; an ordinary run takes a fraction of a second
