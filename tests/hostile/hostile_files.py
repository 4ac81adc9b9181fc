"""Files made to harm their reader: small ones as text, big and dangerous ones made where they are needed.

`SMALL` are read many in one process, `LARGE` each in its own; `FOLDERS` need links, pipes or other files around them.
"""

from __future__ import annotations

import gzip
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

CORE = '<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2">'
MATHML = '<math xmlns="http://www.w3.org/1998/Math/MathML">'

RXN = """\
param k = 0.5, q = 2*k
species A = 3, B[0..1] = 0
let x = A + q
func f(u) = u/(1 + u)
A -> B[0] @ k
bind: B[0] + A <-> B[1] rate f(A)*B[0]*A, q*B[1]
at 3 : A = A + 1
observable o = sum(B[*])
"""
NET = """\
begin parameters
  1 k 0.5
  2 q 2*k
end parameters
begin functions
  1 f() k*At/(1+At)
end functions
begin species
  1 A(b,c~U!1).B(x!1) 3
  2 $D() 7
end species
begin reactions
  1 1,1 2 0.5*k #_R1
  2 0 1 f
end reactions
begin groups
  1 At 1,2*2
end groups
"""


def xml(body: str, head: str = '<?xml version="1.0" encoding="UTF-8"?>') -> str:
    return f'{head}\n{CORE}\n<model id="m">\n{body}\n</model>\n</sbml>\n'


def parameters(*names: str) -> str:
    every = "".join(f'<parameter id="{n}" value="1" constant="false"/>\n' for n in names)
    return f"<listOfParameters>\n{every}</listOfParameters>"


def rule(name: str, formula: str, tag: str = "assignmentRule") -> str:
    at = "symbol" if tag == "initialAssignment" else "variable"
    return f'<{tag} {at}="{name}">{MATHML}{formula}</math></{tag}>\n'


def rules(*inside: str, tag: str = "listOfRules") -> str:
    return f"<{tag}>\n{''.join(inside)}</{tag}>"


def ci(name: str) -> str:
    return f"<ci>{name}</ci>"


def call(name: str, argument: str) -> str:
    return f"<apply><ci>{name}</ci>{argument}</apply>"


def function(name: str, body: str) -> str:
    return (
        f'<functionDefinition id="{name}">{MATHML}<lambda><bvar><ci>u</ci></bvar>{body}</lambda></math>'
        "</functionDefinition>\n"
    )


def parameter_of(value: str) -> str:
    return f'<listOfParameters><parameter id="a" value="{value}" constant="true"/></listOfParameters>'


def reaction(count: str) -> str:
    return (
        '<listOfCompartments><compartment id="C" size="1" spatialDimensions="3" constant="true"/></listOfCompartments>'
        '<listOfSpecies><species id="A" compartment="C" initialAmount="1" hasOnlySubstanceUnits="true" '
        'boundaryCondition="false" constant="false"/></listOfSpecies><listOfReactions><reaction id="r" '
        f'reversible="false"><listOfReactants><speciesReference species="A" stoichiometry="{count}" constant="true"/>'
        f"</listOfReactants><kineticLaw>{MATHML}<ci>A</ci></math></kineticLaw></reaction></listOfReactions>"
    )


XML = xml(reaction("2") + "\n" + parameters("a", "b") + rules(rule("a", "<apply><plus/><ci>A</ci><ci>b</ci></apply>")))


def net(**blocks: str) -> str:
    """A network with some blocks replaced."""
    text = NET
    for name, inside in blocks.items():
        head, rest = text.split(f"begin {name}\n")
        text = f"{head}begin {name}\n{inside}\n{rest[rest.index(f'end {name}'):]}"
    return text


def _doctype(inside: str, used: str) -> str:
    return xml(parameter_of("1") + used, f'<?xml version="1.0"?>\n<!DOCTYPE sbml [{inside}]>')


_LAUGHS = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{i + 1} "{f"&a{i};" * 10}">' for i in range(12))

SMALL: dict[str, str | bytes] = {
    # -- entities
    "laughs.xml": _doctype(_LAUGHS, "<notes>&a12;</notes>"),
    "external.xml": _doctype('<!ENTITY e SYSTEM "file:///etc/passwd">', "<notes>&e;</notes>"),
    "parameter-entity.xml": _doctype('<!ENTITY % p SYSTEM "http://localhost/x.dtd"> %p;', ""),
    "doctype.xml": xml("", '<?xml version="1.0"?>\n<!DOCTYPE sbml SYSTEM "file:///dev/zero">'),
    "unknown-entity.xml": xml("<notes>&boom;</notes>"),
    # -- numbers
    "power.rxn": "param a = 9^9^9^9",
    "exponent.rxn": "param a = 1e999999999",
    "small-exponent.rxn": "param a = 1e-999999999",
    "coefficient.rxn": "species A\n1000000000000000000000000000000 A -> 0 @ 1",
    "coefficient-exponent.rxn": "species A\n1e30 A -> 0 @ 1",
    "loop.rxn": "species A\nfor i in 0..1000000000000 { A -> 0 @ i }",
    "loops.rxn": "species A\nfor i in 0..9999, j in 0..9999, k in 0..9999 { A -> 0 @ 1 }",
    "array.rxn": "species A[0..1000000000]",
    "arrays.rxn": "species A[0..999, 0..999, 0..999]",
    "index.rxn": "species A[0..1]\nA[9^9^9] -> 0 @ 1",
    "lattice.rxn": "lattice g { shape = square(1e30, 1e30) }\nspecies A\ndiffuse A @ 1 on g",
    "exp.rxn": "param a = exp(exp(exp(exp(9))))",
    "powers.rxn": "species A\nlet x = (A + 1)^(10^9)\nparam a = (1 + 1/3)^1000000",
    "power.net": net(parameters="1 k 9^9^9^9\n2 q 1"),
    "exponent.net": net(parameters="1 k 1e999999999*2\n2 q 1"),
    "stoichiometry.net": net(reactions="1 " + ",".join(["1"] * 20_000) + " 2 k"),
    "index.net": net(reactions="1 99999999999999999999 2 k"),
    "group.net": net(groups="1 At 1e999999999*1"),
    "digits.net": net(parameters="1 k 2\n2 q " + "7" * 200_000),
    "stoichiometry-infinite.xml": xml(reaction("INF")),
    "stoichiometry.xml": xml(reaction("1e30")),
    "power.xml": xml(
        parameters("a")
        + rules(rule("a", "<apply><power/><cn>9</cn><apply><power/><cn>9</cn><cn>9999</cn></apply></apply>"))
    ),
    "exponent.xml": xml(parameters("a") + rules(rule("a", '<cn type="e-notation">1<sep/>999999999</cn>'))),
    "rational.xml": xml(parameters("a") + rules(rule("a", '<cn type="rational">1<sep/>0</cn>'))),
    "factorial.xml": xml(parameters("a") + rules(rule("a", "<apply><factorial/><cn>1e9</cn></apply>"))),
    # -- circles
    "let-circle.rxn": "let a = b\nlet b = c\nlet c = a",
    "param-circle.rxn": "param a = b + 1, b = a + 1",
    "func-circle.rxn": "func f(x) = g(x)\nfunc g(x) = f(x)\nparam a = f(1)",
    "func-self.rxn": "func f(x) = f(f(x))\nparam a = f(1)",
    "func-doubling.rxn": "species A\nfunc f0(x) = x + x*x\n"
    + "\n".join(f"func f{i + 1}(x) = f{i}(x)*f{i}(x + 1)" for i in range(30))
    + "\nlet y = f30(A)",
    "import-self.rxn": 'import "import-self.rxn"',
    "import-circle.rxn": 'import "import-circle-2.rxn"',
    "import-circle-2.rxn": 'import "import-circle.rxn"',
    "parameter-circle.net": net(parameters="1 k q\n2 q k"),
    "function-circle.net": net(functions="1 f() g()\n2 g() f()"),
    "function-doubling.net": net(
        functions="1 f0() At*(1+At)\n"
        + "\n".join(f"{i + 2} f{i + 1}() f{i}()*f{i}()+f{i}()^f{i}()" for i in range(40))
        + "\n99 f() f40()+("
    ),
    "rule-circle.xml": xml(parameters("a", "b") + rules(rule("a", ci("b")), rule("b", ci("a")))),
    "start-circle.xml": xml(
        parameters("a", "b")
        + rules(
            rule("a", ci("b"), "initialAssignment"), rule("b", ci("a"), "initialAssignment"),
            tag="listOfInitialAssignments",
        )
    ),
    "function-circle.xml": xml(
        rules(function("f", call("g", ci("u"))), function("g", call("f", ci("u"))), tag="listOfFunctionDefinitions")
        + parameters("a") + rules(rule("a", call("f", "<cn>1</cn>")))
    ),
    "function-doubling.xml": xml(
        rules(
            function("f0", "<apply><times/><ci>u</ci><apply><sin/><ci>u</ci></apply></apply>"),
            *(function(f"f{i + 1}", call(f"f{i}", call(f"f{i}", ci("u")))) for i in range(30)),
            tag="listOfFunctionDefinitions",
        )
        + parameters("a", "b") + rules(rule("a", call("f30", ci("b"))))
    ),
    # -- ways out of the folder
    "import-above.rxn": 'import "../../../etc/passwd"',
    "import-absolute.rxn": 'import "/etc/passwd"',
    "import-nul.rxn": 'import "a\0b"',
    "import-long.rxn": f'import "{"a" * 5000}"',
    "import-device.rxn": 'import "/dev/zero"',
    # -- encodings
    "utf-16.rxn": ("\ufeff" + RXN).encode("utf-16-le"), "utf-16.net": ("\ufeff" + NET).encode("utf-16-le"),
    "utf-16-be.rxn": RXN.encode("utf-16-be"), "utf-16-be.xml": XML.encode("utf-16-be"),
    "utf-16-cut.xml": XML.encode("utf-16")[:301], "utf-32.xml": XML.encode("utf-32"),
    "latin.rxn": b"param k = 1 # \xe9\nA -> 0 @ k", "latin.net": NET.encode() + b"# \xe9\n",
    "latin.xml": XML.replace('id="m"', 'id="\xe9"').encode("latin-1"),
    "lie.xml": XML.replace("UTF-8", "US-ASCII").replace('id="m"', 'id="\xe9"').encode(),
    "unknown-encoding.xml": XML.replace("UTF-8", "EBCDIC-CP-BE").encode(),
    "utf-7.xml": XML.replace("UTF-8", "UTF-7").encode(),
    "surrogate.rxn": b"species A\n\xed\xa0\x80", "surrogate.net": b"begin \xed\xa0\x80",
    "surrogate.xml": b"<a>\xed\xa0\x80",
    "surrogate-reference.xml": xml("<notes>&#xD800;</notes>"),
    "nul.rxn": RXN.replace("k", "\0"), "nul.net": NET.replace("k", "\0"), "nul.xml": XML.replace("model", "mod\0el"),
    "two-marks.rxn": "\ufeff\ufeff" + RXN,
    # -- no models at all
    **{f"{name}{suffix}": data for suffix in (".rxn", ".net", ".xml") for name, data in (
        ("random", random.Random(7).randbytes(5_000)), ("gzip", gzip.compress(b"species A", mtime=0)),
        ("png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), ("closers", ")}]>" * 3_000),
    )},
    **{f"{name}{suffix}": data for suffix in (".net", ".xml") for name, data in (
        ("empty", ""), ("blank", " \n\t\n" * 100), ("comment", "# nothing\n" * 100),
    )},
    "only-comment.xml": "<!-- nothing -->", "half-comment.xml": XML + "<!-- ",
    # -- nesting
    "blocks.rxn": "for i in 0..1 {\n" * 3_000 + "}\n" * 3_000, "blocks-open.rxn": "for i in 0..1 {\n" * 3_000,
    "not.rxn": "when " + "not " * 10_000 + "A > 1 : A = 0", "calls.rxn": "param a = " + "exp(" * 9_000,
    "towers.rxn": "param a = " + "2^" * 9_000 + "1", "indices.rxn": "species A" + "[A" * 9_000,
    "functions.net": net(functions="1 f() " + "exp(" * 9_000 + "1" + ")" * 9_000),
    "ifs.net": net(functions="1 f() " + "if(1>0," * 9_000 + "1" + ",2)" * 9_000),
    "elements.xml": xml("<notes>" + "<p>" * 9_000 + "</p>" * 9_000 + "</notes>"),
    "formula.xml": '<sbml xmlns="http://www.sbml.org/sbml/level1" level="1" version="2"><model><listOfRules>'
    f'<parameterRule name="a" formula="{"(" * 9_000}1{")" * 9_000}"/></listOfRules></model></sbml>',
}  # fmt: skip

FINE: dict[str, str] = {
    "empty.rxn": "", "blank.rxn": " \n\t\n" * 100, "comment.rxn": "# nothing\n" * 100,
}  # fmt: skip

LARGE: dict[str, Callable[[], str | bytes]] = {
    "quadratic.xml": lambda: _doctype(f'<!ENTITY a "{"x" * 1_000_000}">', f"<notes>{'&a;' * 1_000_000}</notes>"),
    "parentheses.rxn": lambda: "param a = " + "(" * 1_000_000 + "1" + ")" * 1_000_000,
    "parentheses.net": lambda: net(functions="1 f() " + "(" * 1_000_000 + "1" + ")" * 1_000_000),
    "apply.xml": lambda: xml(
        parameters("a") + rules(rule("a", "<apply><minus/>" * 100_000 + "<cn>1</cn>" + "</apply>" * 100_000))
    ),
    "apply-open.xml": lambda: xml(parameters("a") + "<listOfRules>" + MATHML + "<apply><minus/>" * 1_000_000),
    "digits.rxn": lambda: "param a = " + "9" * 5_000_000,
    "digits.xml": lambda: xml(parameters("a") + rules(rule("a", f"<cn>{'9' * 1_000_000}</cn>"))),
    "digits-whole.xml": lambda: xml(parameters("a") + rules(rule("a", f'<cn type="integer">{"9" * 1_000_000}</cn>'))),
    "line.rxn": lambda: "param a = " + "1 + " * 400_000,
    "line-of-names.rxn": lambda: "A" * 8_000_000 + " -> ",
    "line.net": lambda: net(reactions="1 " + "1," * 2_000_000 + "1 2 k"),
    "line.xml": lambda: xml("<notes>" + "<p/>" * 1_000_000).replace("\n", " "),
    "lines.rxn": lambda: "\n" * 5_000_000 + "A -> B",
    "statements.rxn": lambda: "species A\n" * 1_500_000,
    "lines.net": lambda: net(parameters="k 1\n" * 1_200_000),
    "species.rxn": lambda: "species " + ", ".join(f"A{i}" for i in range(1_100_000)),
    "species.net": lambda: net(species="\n".join(f"{i + 1} A{i}() 0" for i in range(1_100_000))),
    "species.xml": lambda: xml(
        "<listOfSpecies>" + "".join(f'<species id="A{i}"/>' for i in range(100_000)) + "</listOfSpecies>"
    ),
    "elements.xml": lambda: xml("<notes>" + "<p/>\n" * 3_000_000 + "</notes>"),
    "attributes.xml": lambda: xml(
        "<listOfSpecies><species " + " ".join(f'a{i}="1"' for i in range(200_000)) + "/></listOfSpecies>"
    ),
    "random.rxn": lambda: random.Random(1).randbytes(5_000_000),
    "strays.rxn": lambda: "\x01" * 5_000_000,
    "too-long.rxn": lambda: "#" + "x" * 60_000_000,
    "too-long.net": lambda: "#" + "x" * 60_000_000,
    "too-long.xml": lambda: "<!--" + "x" * 60_000_000,
}


def truncated() -> Iterator[tuple[str, str]]:
    """A good model of each format, cut at each twentieth."""
    for suffix, text in ((".rxn", RXN), (".net", NET), (".xml", XML)):
        for k in range(1, 20):
            yield f"cut-{k:02}{suffix}", text[: len(text) * k // 20]


def folders(folder: Path) -> Iterator[Path]:
    """Files that are none: folders, pipes without a writer, endless devices, links in circles, nothing."""
    for suffix in (".rxn", ".net", ".xml"):
        yield folder / f"absent{suffix}"
        (path := folder / f"folder{suffix}").mkdir()
        yield path
        os.mkfifo(path := folder / f"pipe{suffix}")
        yield path
        (path := folder / f"device{suffix}").symlink_to("/dev/zero")
        yield path
        (path := folder / f"circle{suffix}").symlink_to(path)
        yield path
        yield folder / ("n" * 300 + suffix)
    for name in ("pipe", "circle", "folder"):
        (path := folder / f"import-{name}.rxn").write_text(f'import "{name}.rxn"')
        yield path
    (folder / "link.rxn").symlink_to("/etc/passwd")
    (path := folder / "import-link.rxn").write_text('import "link.rxn"')
    yield path


def written(folder: Path, name: str, data: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path
