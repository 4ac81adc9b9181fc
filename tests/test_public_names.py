"""The front door: every public name is there, is loaded when it is used, and stands in the table of stages."""

import subprocess
import sys
import types

import rxncompile as rx


def test_every_name_is_there() -> None:
    for name in rx.__all__:
        assert getattr(rx, name) is not None, name
        assert name in dir(rx)
    assert isinstance(rx.closures, types.ModuleType) and isinstance(rx.families, types.ModuleType)
    assert rx.closures.gaussian in rx.closures.BY_NAME.values()


def test_every_verb_is_in_the_table_of_stages() -> None:
    verbs = [name for name in rx.__all__ if isinstance(getattr(rx, name), types.FunctionType)]
    assert rx.__doc__ is not None
    first = {line.split()[0] for line in rx.__doc__.splitlines() if line.startswith("    ")}
    assert set(verbs) <= first, set(verbs) - first


def test_nothing_heavy_is_loaded_before_it_is_used() -> None:
    program = (
        "import sys, rxncompile as rx; rx.moments, rx.closures, rx.generator, rx.linear_noise; "
        "print(sorted({'numba', 'matplotlib', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_model_is_checked_without_arrays() -> None:
    """Half of the time of `rxnc check` is loading libraries: numpy is not among them."""
    program = (
        "import sys; from rxncompile.cli import main; from rxncompile.language import check; "
        "assert not check('species A = 1\\nA -> 0 @ 1\\n'); print('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
