"""Every example runs on import; one number of each is pinned."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np

EXAMPLES = Path(__file__).parent.parent / "examples"


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_lotka_volterra() -> None:
    module = example("lotka_volterra")
    # the invariant d X - death ln X + e Y - birth ln Y of the rate equations at t = 30 as at t = 0
    x, y = module.ode["X"], module.ode["Y"]
    invariant = 0.005 * x - 0.6 * np.log(x) + 0.005 * y - 1.0 * np.log(y)
    np.testing.assert_allclose(invariant, invariant[0], rtol=1e-5)  # ten times the integrator's tolerance
    assert 0.0 < module.extinct < 1.0


def test_papers() -> None:
    """Every equation of the papers that is compared with what is derived is the same."""
    module = example("papers")
    assert len(module.verdicts) == 28 and all(module.verdicts)
    assert module.page.count("<math") > 60
    assert "NOT the same" not in module.page


def test_spcm() -> None:
    """20,000 runs: the rates of what is left within 4 sd, and the two reactions that are not there are found absent."""
    module = example("spcm")
    truth = {"r1": 0.0836, "r2": 0.0764, "lambda": 1.1, "Gamma": 0.31}
    assert set(module.answer.selection.absent) == {"lost", "turn"}
    assert all(abs(z) < 4.0 for z in module.answer.selection.chosen.errors(truth).values())
    assert "absent" in module.answer.table() and "7.85%" in module.answer.table()


def test_gene_autoregulation() -> None:
    """Fast and slow are found; exactly the six redundant coefficients are removed, the rest within 1 % of Eq. 18."""
    module = example("gene_autoregulation")
    assert [str(s) for s in module.separation.sums if not s.constant] == ["P + GP + 2 GP2"]
    truth = module.paper["truth"]()
    assert set(module.found.values) == set(truth)
    for fit, allowed in ((module.found, 0.01), (module.conserving, 0.005)):
        assert all(abs(fit.values[n] / x - 1.0) < allowed for n, x in truth.items())
    # protein at rest: the total reduction has the variance of all of it to 0.1 %, the standard one misses it by 3 %
    found = module.paper["stationary"]({})
    full, one, other = (found[x]["all protein, variance"] for x in ("full", "standard", "total"))
    assert abs(other / full - 1.0) < 1e-3 and one / full > 1.03
    assert all(abs(x["all protein, mean"] / found["full"]["all protein, mean"] - 1.0) < 1e-3 for x in found.values())


def test_every_example_is_tested() -> None:
    text = Path(__file__).read_text()
    for path in EXAMPLES.glob("*.py"):
        assert f'example("{path.stem}")' in text
        assert len(path.read_text().splitlines()) <= 30
