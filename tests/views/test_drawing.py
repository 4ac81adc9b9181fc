from dataclasses import replace
from pathlib import Path

import pytest
from made_by_hand import chain, gene, hostile, lotka_volterra
from matplotlib.patches import Ellipse, FancyArrowPatch, Rectangle

from rxncompile.errors import RxnError
from rxncompile.language import load
from rxncompile.network import Network, Species
from rxncompile.views.drawing import key, network_drawing

MODELS = Path(__file__).parents[2] / "models"


def parts(figure):
    patches = figure.axes[0].patches
    ellipses = [p for p in patches if isinstance(p, Ellipse) and p.width > 0.1]
    rings = [p for p in patches if isinstance(p, Ellipse) and p.width < 0.1]
    squares = [p for p in patches if isinstance(p, Rectangle)]
    arrows = [p for p in patches if isinstance(p, FancyArrowPatch)]
    return ellipses, squares, arrows, rings


def words(figure):
    return [t.get_text() for t in figure.axes[0].texts]


def heads(arrow):
    return type(arrow.get_arrowstyle()).__name__


def test_species_are_ellipses_and_reactions_squares():
    ellipses, squares, arrows, rings = parts(network_drawing(lotka_volterra()))
    assert (len(ellipses), len(squares), len(arrows), len(rings)) == (2, 3, 6, 0)
    assert {heads(a) for a in arrows} == {"CurveFilledB"}
    assert sorted(words(network_drawing(lotka_volterra()))) == ["2", "2", "X", "Y", "die", "predate", "prey"]


def test_a_reversible_pair_shares_a_square_and_catalysts_are_dotted():
    figure = network_drawing(gene())
    _, squares, arrows, rings = parts(figure)
    assert len(squares) == 3
    assert "bind_back" not in words(figure)
    assert sorted(heads(a) for a in arrows) == ["Curve", "Curve", "CurveFilledA", "CurveFilledA"] + ["CurveFilledB"] * 3
    assert len(rings) == 2  # GP makes P, G slows its use
    dotted = [a for a in arrows if heads(a) == "Curve"]
    assert all(a.get_linestyle() != "solid" for a in dotted)


def test_everything_lies_inside_the_paper():
    for net in (lotka_volterra(), gene(), hostile()):
        figure = network_drawing(net)
        figure.canvas.draw()
        ax = figure.axes[0]
        page = figure.bbox
        for thing in (*ax.texts, *ax.patches):
            box = thing.get_window_extent()
            assert box.x0 >= page.x0 - 2, thing
            assert box.x1 <= page.x1 + 2, thing
            assert box.y0 >= page.y0 - 2, thing
            assert box.y1 <= page.y1 + 2, thing


def test_species_do_not_overlap_in_thirty_nodes():
    ellipses, squares, _, _ = parts(network_drawing(chain(15)))
    nodes = [(e.center, (e.width, e.height)) for e in ellipses]
    nodes += [((s.get_x() + s.get_width() / 2, s.get_y() + s.get_height() / 2), (0.13, 0.13)) for s in squares]
    assert len(nodes) == 29
    for i, ((x, y), (w, h)) in enumerate(nodes):
        for (u, v), (p, q) in nodes[:i]:
            assert abs(x - u) > (w + p) / 2 or abs(y - v) > (h + q) / 2


def test_the_picture_does_not_depend_on_chance():
    one, two = (parts(network_drawing(gene()))[0] for _ in range(2))
    assert [tuple(e.center) for e in one] == [tuple(e.center) for e in two]


def test_long_names_are_shortened_and_large_networks_refused():
    assert "quite-a-long-na…" in words(network_drawing(hostile()))
    with pytest.raises(RxnError, match="599 nodes") as caught:
        network_drawing(chain(300))
    assert caught.value.code == "R411"


def test_networks_without_reactions_or_species():
    assert words(network_drawing(Network("N", species=(Species("A"),)))) == ["A"]
    assert words(network_drawing(Network("empty"))) == []
    assert len(parts(network_drawing(replace(gene(), reactions=())))[0]) == 3


def test_the_key_explains_what_occurs():
    assert key(lotka_volterra()) == "Species in ellipses, reactions as squares. A number is a count other than one."
    assert "hollow ones at its reactants" in key(gene())
    assert "only sets the speed" in key(gene())
    assert key(chain(3)) == "Species in ellipses, reactions as squares."


@pytest.mark.parametrize("name", ["repressilator", "calcium", "gene_autoregulation", "mapk"])
def test_words_and_species_keep_apart_in_real_models(name):
    figure = network_drawing(load(MODELS / f"{name}.rxn"))
    figure.canvas.draw()
    texts = [t for t in figure.axes[0].texts if not t.get_text().isdigit()]
    words_at = [t.get_window_extent() for t in texts]
    ellipses = [p.get_window_extent() for p in parts(figure)[0]]
    for i, (text, box) in enumerate(zip(texts, words_at, strict=True)):
        assert not any(box.overlaps(other) for other in words_at[:i]), text
        # a species' own ellipse is round its name; no other touches it
        assert sum(box.overlaps(e) for e in ellipses) <= 1, text
    assert not any(a.overlaps(b) for i, a in enumerate(ellipses) for b in ellipses[:i])
