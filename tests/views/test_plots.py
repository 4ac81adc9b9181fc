import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from made_by_hand import chain, deterministic, ensemble, gene, lotka_volterra, paths
from matplotlib.colors import to_hex

from rxncompile.derivations.rates import jump_process, rate_equations
from rxncompile.errors import RxnError
from rxncompile.language import parse
from rxncompile.simulators.rate_equations.ode import integrate
from rxncompile.simulators.runs.ensembles import sample_statistics
from rxncompile.views import plots
from rxncompile.views.style import SERIES, inline_svg


def covers(legend, axes):
    """Whether a legend lies over the data area."""
    figure = axes.figure
    figure.canvas.draw()
    box, area = legend.get_window_extent(), axes.get_window_extent()
    return box.y0 < area.y1 - 1.0


@pytest.mark.parametrize("net", [lotka_volterra(), gene()], ids=lambda n: n.name)
def test_time_course_has_a_line_a_state_and_units(net):
    ode = deterministic(net)
    figure = plots.time_course(ode, time_unit="s")
    lines = [line for ax in figure.axes for line in ax.get_lines()]
    assert sorted(line.get_label() for line in lines) == sorted(ode.labels)
    for line in lines:
        assert np.array_equal(line.get_ydata(), ode[line.get_label()])
        assert line.get_drawstyle() == "default"
    assert figure.axes[-1].get_xlabel() == "time (s)"
    assert ode.units[0] in figure.axes[0].get_ylabel()
    assert not any(covers(ax.get_legend(), ax) for ax in figure.axes)


def test_a_single_stochastic_run_is_drawn_in_steps():
    figure = plots.of_result(paths(lotka_volterra(), runs=1))
    assert {line.get_drawstyle() for ax in figure.axes for line in ax.get_lines()} == {"steps-post"}


def test_bands_are_mean_and_sd_with_the_ode_dashed():
    net = lotka_volterra()
    found = ensemble(net)
    figure = plots.ensemble_band(found, deterministic(net), labels=["Y"])
    (ax,) = figure.axes
    band = ax.collections[0].get_paths()[0].vertices
    k = found.labels.index("Y")
    assert band[:, 1].max() == pytest.approx((found.mean + found.sd)[:, k].max())
    assert band[:, 1].min() == pytest.approx((found.mean - found.sd)[:, k].min())
    mean, ode = ax.get_lines()
    assert np.array_equal(mean.get_ydata(), found.mean[:, k])
    assert np.array_equal(ode.get_ydata(), deterministic(net)["Y"])
    assert ode.get_linestyle() == "--"
    labels = [t.get_text() for t in ax.get_legend().get_texts()]
    assert labels == ["Y", "mean ± sd", "rate equations"]


def test_counts_do_not_seem_negative():
    found = ensemble(lotka_volterra())
    low = replace(found, mean=np.abs(found.mean) * 0.1)
    assert all(ax.get_ylim()[0] >= 0.0 for ax in plots.ensemble_band(low).axes)


def test_sample_paths_have_a_thin_line_a_run_and_their_mean():
    drawn = paths(lotka_volterra(), runs=5)
    figure = plots.of_result(drawn)
    assert len(figure.axes) == 3
    for ax, label in zip(figure.axes, drawn.labels, strict=True):
        *single, mean = ax.get_lines()
        assert len(single) == 5
        assert {line.get_drawstyle() for line in single} == {"steps-post"}
        assert single[0].get_linewidth() < mean.get_linewidth()
        assert np.array_equal(mean.get_ydata(), drawn.mean_of(label))


def test_dense_paths_become_pixels_and_sparse_ones_do_not():
    dense = inline_svg(plots.sample_paths(paths(lotka_volterra(), 50, 1001), ["X"]), "a", "n")
    assert "data:image/png;base64" in dense
    assert len(dense) < 400_000
    assert "<image" not in inline_svg(plots.sample_paths(paths(lotka_volterra(), 5), ["X"]), "a", "n")


def test_phase_plane_begins_at_a_dot():
    net = lotka_volterra()
    ode = deterministic(net)
    ax = plots.phase_plane(ode, "X", "Y", paths(net, 2)).axes[0]
    *runs, line, dot = ax.get_lines()
    assert len(runs) == 2
    assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (ode["X"][0], ode["Y"][0])
    assert np.array_equal(line.get_xdata(), ode["X"])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("X (molecules)", "Y (molecules)")
    assert plots.phase_pair(ode, ["X", "Y"]) == ("X", "Y")
    assert plots.phase_pair(ode, ["X"]) is None


def test_many_states_are_told_apart_and_the_rest_is_told():
    ode = deterministic(chain(60))
    figure = plots.time_course(ode)
    for ax in figure.axes:
        colours = [to_hex(line.get_color()) for line in ax.get_lines()]
        assert len(colours) == len(set(colours)) <= len(SERIES)
    shown = sum(len(ax.get_lines()) for ax in figure.axes)
    assert plots.selection(ode).note == f"{shown} of 60 quantities are shown, those that move most."


def test_what_stands_still_is_drawn_in_the_middle():
    ode = deterministic(lotka_volterra())
    still = replace(ode, values=np.full_like(ode.values, 3.0))
    low, high = plots.time_course(still, ["X"]).axes[0].get_ylim()
    assert low < 2.9 < 3.1 < high


def test_unknown_labels_are_named():
    with pytest.raises(RxnError, match="no state or output"):
        plots.time_course(deterministic(gene()), ["nothing"])


# ---------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize(("suffix", "head"), [(".svg", b"<?xml"), (".png", b"\x89PNG"), (".pdf", b"%PDF")])
def test_saves_by_suffix_the_same_bytes_each_time(tmp_path, suffix, head):
    for name in ("one", "two"):
        plots.save(plots.time_course(deterministic(gene())), tmp_path / (name + suffix))
    first, second = ((tmp_path / (name + suffix)).read_bytes() for name in ("one", "two"))
    assert first.startswith(head)
    assert first == second


def test_a_suffix_or_folder_that_does_not_exist_is_named(tmp_path):
    figure = plots.time_course(deterministic(gene()))
    with pytest.raises(RxnError, match=r"no picture format '.doc'") as caught:
        plots.save(figure, tmp_path / "x.doc")
    assert caught.value.code == "R702"
    with pytest.raises(RxnError, match="cannot be written") as caught:
        plots.save(figure, tmp_path / "nowhere" / "x.png")
    assert caught.value.code == "R702"


def test_inline_svg_follows_the_page():
    svg = inline_svg(plots.time_course(deterministic(gene())), 'a "picture" <of> this & that', "one")
    tree = ET.fromstring(svg.replace("xlink:href", "href"))
    assert tree.get("aria-label") == 'a "picture" <of> this & that'
    assert tree.get("role") == "img"
    assert "var(--series-0)" in svg
    assert not any(colour in svg for colour in SERIES)
    assert "0.005" in plain_text(tree) or "0.0" in plain_text(tree)
    assert "<metadata" not in svg
    assert "http" not in svg
    ids = [node.get("id") for node in tree.iter() if node.get("id")]
    assert all(name.startswith("one-") for name in ids)
    assert len(ids) == len(set(ids))


def plain_text(tree):
    return " ".join(node.text or "" for node in tree.iter() if node.tag.endswith("text"))


def test_numbers_on_axes_are_not_rounded():
    ode = deterministic(gene())
    small = replace(ode, values=0.01 + ode.values * 1e-3)
    figure = plots.time_course(small, ["G"])
    figure.canvas.draw()
    ticks = [t.get_text().replace("\u2212", "-") for t in figure.axes[0].get_yticklabels()]
    svg = inline_svg(figure, "a", "n").replace("\u2212", "-")
    low, high = figure.axes[0].get_ylim()
    inside = [t for t in ticks if t and low <= float(t) <= high]
    assert any(len(t) > 4 for t in inside)  # 0.012 and the like
    assert all(f">{t}<" in svg for t in inside)


def test_concentrations_are_not_drawn_over_counts() -> None:
    net = parse("compartment c = 10\nspecies A : conc in c = 5\nr: A -> 0 @ 1")
    t = np.linspace(0.0, 1.0, 3)
    runs = sample_statistics(jump_process(net), t, runs=4, seed=1)
    with pytest.raises(RxnError, match="in molecules in one result") as caught:
        plots.ensemble_band(runs, integrate(rate_equations(net), t))
    assert caught.value.code == "R701" and "jump process" in caught.value.hint
    plots.ensemble_band(runs, integrate(jump_process(net), t))


def test_one_name_for_counting() -> None:
    net = parse("species A : count = 5, B = 3\nr: A -> B @ 1")
    assert rate_equations(net).states[0].unit == jump_process(net).states[0].unit == "molecules"


@pytest.mark.parametrize(
    ("size", "label", "tick"),
    [(3e-8, "10⁻⁸ uM", "3"), (2e5, "10⁵ uM", "2"), (1e12, "10¹² uM", "1"), (900.0, "uM", "800"), (0.02, "uM", "0.02")],
)
def test_powers_of_ten_stand_in_the_label_and_in_no_corner(size, label, tick):
    ode = deterministic(gene())
    values = np.zeros_like(ode.values)
    values[0, :, 0] = np.linspace(0.0, size, len(ode.t))
    figure = plots.time_course(replace(ode, values=values), ["G"], time_unit="s")
    figure.canvas.draw()
    axes = figure.axes[0]
    assert axes.get_ylabel() == label
    assert axes.yaxis.get_offset_text().get_text() == ""
    ticks = [t.get_text() for t in axes.get_yticklabels()]
    assert len(set(ticks)) == len(ticks)
    assert any(t.startswith(tick) for t in ticks), ticks


def test_long_times_and_planes_have_powers_too():
    ode = deterministic(gene())
    figure = plots.time_course(replace(ode, t=ode.t * 1e7), ["G"], time_unit="s")
    assert figure.axes[-1].get_xlabel() == "time (10⁸ s)"
    plane = plots.phase_plane(replace(ode, values=ode.values * 1e7), "G", "P").axes[0]
    assert plane.get_xlabel().startswith("G (10")
    assert plane.get_ylabel().startswith("P (10")


@pytest.mark.parametrize("count", range(1, 9))
def test_legends_read_along_their_rows(count):
    """Names stand from left to right, then in the next row, as even as they go."""
    ode = deterministic(chain(count))
    labels = [f"a-long-name-{k}" for k in range(count)]
    figure, (axes,) = plots.panels(1)
    for label in labels:
        axes.plot(ode.t, ode.t, label=label)
    plots.legend(axes)
    figure.canvas.draw()
    places = [(round(-t.get_window_extent().y0), round(t.get_window_extent().x0), t.get_text())
              for t in axes.get_legend().get_texts()]  # fmt: skip
    assert [text for _, _, text in sorted(places)] == labels
    assert not covers(axes.get_legend(), axes)


def test_a_thumbnail_is_small_in_every_way():
    net = lotka_volterra()
    ode, runs = deterministic(net), paths(net)
    figure = plots.thumbnail(ode, runs, "s")
    axes = figure.axes[0]
    assert axes.get_xlabel() == "time (s)"
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["X", "Y"]
    assert len(axes.get_lines()) == 4
    assert not covers(axes.get_legend(), axes)
    many = replace(ode, t=np.linspace(0, 1, 5001), values=np.tile(ode.values[:, :1], (1, 5001, 1)))
    assert max(len(line.get_xdata()) for line in plots.thumbnail(many).axes[0].get_lines()) <= 210


def test_a_quantity_without_a_unit_has_its_power_in_brackets():
    ode = deterministic(lotka_volterra())
    figure = plots.time_course(replace(ode, values=ode.values * 1e5), ["ratio"])
    assert figure.axes[0].get_ylabel().startswith("ratio (10")
    assert plots.time_course(ode, ["ratio"]).axes[0].get_ylabel() == "ratio"
