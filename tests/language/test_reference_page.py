"""The language reference is what the grammar and the compiler say today, and its examples work."""

import doctest
import importlib.util
import itertools
import re
from pathlib import Path
from types import ModuleType

import rxncompile as rx
from rxncompile.expressions import BUILT_IN
from rxncompile.language.grammar import grammar_text

GRAMMARS = Path(__file__).parent.parent.parent / "grammars"
PAGE = (GRAMMARS / "language.md").read_text(encoding="utf-8")


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", GRAMMARS / "reference.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(text: str) -> tuple[rx.Network | None, str]:
    """The Network of an example, or what the compiler says to it."""
    try:
        return rx.parse(text), ""
    except rx.RxnError as error:
        return None, str(error)


def test_up_to_date() -> None:
    assert generator().reference() == PAGE, "run: python grammars/reference.py"


def test_every_example_is_a_model_or_answered() -> None:
    """An example that the compiler refuses stands above the message that it gives."""
    blocks = list(re.finditer(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
    refused = 0
    for block, following in itertools.pairwise(blocks):
        net, answer = read(block[2]) if block[1] == "rxn" else (None, "")
        if answer:
            assert following[2].strip() == answer
            refused += 1
        elif net is not None:
            assert rx.parse(rx.print_network(net)) == net
    assert refused >= 5


def test_python_lines() -> None:
    """Each `>>>` block with `net`, the example above it."""
    net, ran = None, 0
    for language, body in re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        if language == "rxn":
            net, _ = read(body)
        elif language == "pycon":
            test = doctest.DocTestParser().get_doctest(body, {"rx": rx, "net": net}, "language.md", None, 0)
            runner = doctest.DocTestRunner()
            runner.run(test)
            assert runner.summarize(verbose=False).failed == 0
            ran += 1
    assert ran >= 2


def test_every_rule_is_explained() -> None:
    """Each statement of the grammar, every function and every attribute is on the page."""
    statements = re.findall(r"[a-z_]+", grammar_text().split("?statement:")[1].split("\n\n")[0])
    for rule in statements:
        assert re.search(rf"^{rule.strip('_')}_?:|`model`", PAGE, re.MULTILINE), rule
    for name in BUILT_IN:
        assert re.search(rf"\b{name}\b", PAGE), name
