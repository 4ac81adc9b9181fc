"""XML text: what is refused before libsbml sees it, and where elements stand."""

import pytest

from rxncompile.errors import RxnError, Source
from rxncompile.interchange import sbml_in_text
from rxncompile.interchange.sbml_in import read_sbml
from rxncompile.interchange.sbml_in_text import DEPTH_CAP, decoded, places

from .sbml_text import compartment, document, parameter, reaction, species

LAUGHS = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
HOSTILE = [
    ("R405", '<?xml version="1.0"?>\n<!DOCTYPE sbml [<!ENTITY a0 "ha">' + LAUGHS + "]>\n<sbml>&a11;</sbml>"),
    ("R405", '<!DOCTYPE sbml SYSTEM "file:///etc/passwd"><sbml/>'),
    ("R405", '<!DOCTYPE sbml [<!ENTITY x SYSTEM "../../secret">]><sbml>&x;</sbml>'),
    ("R030", "<sbml>&undefined;</sbml>"),
    ("R030", "<sbml><model></sbml>"),
    ("R030", "<sbml"),
    ("R030", ""),
    ("R030", "   \n  "),
    ("R030", "not xml at all"),
    ("R030", "<sbml a='1' a='2'/>"),
    ("R030", "<sbml>\x00</sbml>"),
    ("R402", "<sbml>" * (DEPTH_CAP + 5)),
    ("R402", "<math>" * (DEPTH_CAP + 5)),
    ("R402", f'<sbml><kineticLaw formula="{"(" * 300}x{")" * 300}"/></sbml>'),
    ("R402", f'<sbml><kineticLaw formula="{"-" * 300}x"/></sbml>'),
    ("R402", f'<sbml><kineticLaw formula="{"x^" * 300}x"/></sbml>'),
    ("R402", f'<sbml><kineticLaw formula="{"x+" * 20_000}x"/></sbml>'),
    ("R031", "<html/>"),
    ("R031", '<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="7"/>'),
    ("R031", '<sbml xmlns="k" level="2" version="4"/>'),  # ends the process inside libsbml
    ("R031", '<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2"/>'),
]


@pytest.mark.parametrize(("code", "text"), HOSTILE, ids=range(len(HOSTILE)))
def test_unsafe_text_is_refused_with_its_place(code: str, text: str) -> None:
    with pytest.raises(RxnError) as caught:
        read_sbml(Source("x.xml", text))
    assert caught.value.code == code
    assert caught.value.span is not None
    assert str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_encodings_that_are_read(encoding: str) -> None:
    text = document(compartment(), model='id="m" name="häufig"')
    text = text.replace('encoding="UTF-8"', f'encoding="{encoding.removesuffix("-sig")}"')
    net = read_sbml(decoded("x.xml", text.encode(encoding)))
    assert net.compartments[0].name == "C"


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [
        (b'<?xml version="1.0" encoding="UTF-8"?>\n<sbml \xff\xff/>', 2, 7),
        (b'<?xml version="1.0" encoding="utf-7"?>\n<sbml/>', 1, 31),
        (b"<sbml>\n  \xe4</sbml>", 2, 3),
    ],
)
def test_encodings_that_are_not(data: bytes, line: int, column: int) -> None:
    with pytest.raises(RxnError) as caught:
        decoded("x.xml", data)
    assert caught.value.code == "R404"
    assert caught.value.span is not None
    assert (caught.value.span.line, caught.value.span.column) == (line, column)


def test_caps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sbml_in_text, "SIZE_CAP", 1000)
    with pytest.raises(RxnError) as caught:
        decoded("x.xml", b" " * 1001)
    assert caught.value.code == "R401"
    with pytest.raises(RxnError) as caught:
        places(Source("x.xml", " " * 1001))
    assert caught.value.code == "R401"
    monkeypatch.setattr(sbml_in_text, "ELEMENT_CAP", 10)
    with pytest.raises(RxnError) as caught:
        places(Source("x.xml", f"<a>{'<b/>' * 20}</a>"))
    assert caught.value.code == "R403"


def test_places_count_characters_not_bytes() -> None:
    found = places(Source("x.xml", '<a n="ü">\n  <b id="ö"/><c>é</c></a>'))
    spans = {e.tag: found.source.text[e.start : e.end] for e in found.elements}
    assert spans == {"a": found.source.text, "b": '<b id="ö"/>', "c": "<c>é</c>"}
    assert [e.line for e in found.elements] == [1, 2, 2]


def test_errors_point_at_elements_of_a_text_in_one_line() -> None:
    parts = (compartment(), species("A"), species("B"), parameter("k"), reaction("r", "A", "", "k*B*wrong"))
    text = document(*parts).replace("\n", " ").replace("?>", "?>\n", 1)
    with pytest.raises(RxnError) as caught:
        read_sbml(Source("x.xml", text))
    assert caught.value.span is not None
    assert caught.value.span.text == "wrong"
