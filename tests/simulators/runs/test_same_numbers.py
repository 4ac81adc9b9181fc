"""One ensemble, bit for bit: over threads, the order in which blocks finish, other processes, files, pieces, sweeps.

Workers of a cluster are in test_cluster, lanes and lengths of calls beside each sampler, interrupts in test_resume.
"""

import json
import subprocess
import sys
from collections.abc import Generator
from dataclasses import fields
from pathlib import Path
from random import Random

import numpy as np
import pytest

import rxncompile as rx
from rxncompile.simulators.jumps import ssa
from rxncompile.simulators.jumps.method import Method
from rxncompile.simulators.pool import each_block
from rxncompile.simulators.results import files
from rxncompile.simulators.results.trajectory import Ensemble
from rxncompile.simulators.runs import ensembles

COUNTED = "model M\nparam k = 4\nspecies A = 3, B ~ Poisson(5)\n0 -> A @ k\nA -> B @ 1\nB -> 0 @ 0.1\n"
MODELS = {
    "counts": (COUNTED + "observable s = A + B\n", None),
    "outputs": (COUNTED + "observable r = 1/(1 + A)\n", None),
    "events": (COUNTED + "when A >= 7: A = 1, k = k/2 + 1\nat 1.5: B = B + 3\n", None),
    "in time": (COUNTED + "0 -> B rate 2 + 2*sin(t)\nwhen A >= 7: A = 1\n", Method.REJECTION),
    "by rejection": (COUNTED, Method.REJECTION),
}
T = np.linspace(0.0, 3.0, 5)
RUNS, SEED = 500, 11


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssa, "_BLOCK", 37)


def ensemble(name: str, **options: object) -> Ensemble:
    text, method = MODELS[name]
    system = rx.jump_process(rx.parse(text))
    return rx.sample_statistics(system, T, RUNS, SEED, method=method, joint=[("A", "B")], **options)  # type: ignore[arg-type]


def bits(found: Ensemble) -> list[bytes]:
    """Everything that can be asked of an ensemble."""
    cells = [found.histogram(label, t) for t in T.tolist() for label in found.labels]
    cells.append(found.joint("A", "B", float(T[-1])))
    arrays = [found.mean, found.sd, found.covariance("A", "B"), found.quantile("A", 0.3)]
    for value in (getattr(cell, part.name) for cell in cells for part in fields(cell)):
        arrays += value if isinstance(value, tuple) else [value]
    return [np.asarray(array).tobytes() for array in arrays]


@pytest.mark.parametrize("name", MODELS)
def test_threads_and_the_order_of_blocks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """14 blocks by one thread; by several; and arriving in four orders drawn at random, one of them backwards."""
    alone = ensemble(name, threads=1)
    assert len(np.unique(alone.mean)) > 4
    for threads in (2, 5):
        assert ensemble(name, threads=threads) == alone
    for order in range(4):

        def arriving(task, blocks, threads, look, order=order) -> Generator[tuple[int, object]]:  # type: ignore[no-untyped-def]
            done = list(each_block(task, blocks, 1, look))
            assert len(done) > 10
            done.sort(reverse=True)
            if order:
                Random(order).shuffle(done)
            yield from done

        monkeypatch.setattr(ensembles, "each_block", arriving)
        again = ensemble(name, threads=1)
        assert bits(again) == bits(alone)
        assert again == alone
        monkeypatch.setattr(ensembles, "each_block", each_block)


@pytest.mark.parametrize("name", MODELS)
def test_files_hold_every_bit(name: str, tmp_path: Path) -> None:
    whole = ensemble(name)
    for suffix in (".npz", ".nc"):
        files.save(whole, tmp_path / f"x{suffix}")
        back = rx.load_result(tmp_path / f"x{suffix}")
        assert isinstance(back, Ensemble)
        assert back == whole
        assert bits(back) == bits(whole)


SCRIPT = """
import json, sys
import rxncompile as rx
from rxncompile.simulators.jumps import ssa
from rxncompile.simulators.jumps.method import Method
ssa._BLOCK = 37
for k, (text, method) in enumerate(json.load(sys.stdin)):
    system = rx.jump_process(rx.parse(text))
    found = rx.sample_statistics(system, [i*0.75 for i in range(5)], 500, 11, joint=[("A", "B")],
                                 method=Method[method] if method else None, threads=1 + k % 3)
    rx.save_result(found, f"{sys.argv[1]}/{k}.npz")
"""


def test_another_process(tmp_path: Path) -> None:
    """With other hashes of words and other numbers of threads."""
    said = json.dumps([(text, method.name if method else "") for text, method in MODELS.values()])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], input=said, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    for k, name in enumerate(MODELS):
        assert bits(rx.load_result(tmp_path / f"{k}.npz")) == bits(ensemble(name))  # type: ignore[arg-type]
