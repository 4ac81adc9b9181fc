"""A Dask cluster gives the same bits, also when a worker is killed on the way; what fails has a name.

The cluster lives in a process of its own: two workers on this machine, on the loopback interface.
"""

import importlib.util
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import rxncompile as rx
from rxncompile.errors import RxnError
from rxncompile.simulators.results.tally import Layout, Tally, whole_columns
from rxncompile.simulators.runs.cluster import Order, work
from rxncompile.simulators.runs.ensembles import sample_statistics

NEEDED = pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="dask.distributed is not installed")
TEXT = "model M\nparam k = 4\nspecies A = 3, B ~ Poisson(5)\n0 -> A @ k\nA -> 0 @ 1\nobservable r = 1/(1 + A)\n"
SYSTEM = rx.jump_process(rx.parse(TEXT))

SCRIPT = """
import os, signal, sys
import numpy as np
import rxncompile as rx
from rxncompile.cli import main
from rxncompile.simulators.jumps import ssa

MODEL = '''model M
param k = 4
species A = 3, B ~ Poisson(5)
0 -> A @ k
A -> 0 @ 1
B -> 0 @ 0.1
observable s = A + B
observable r = 1/(1 + A)
'''

def check(name, holds):
    print(name, "yes" if holds else "NO", flush=True)

if __name__ == "__main__":
    from distributed import Client, LocalCluster

    folder = sys.argv[1]
    system = rx.jump_process(rx.parse(MODEL))
    t = np.linspace(0.0, 400.0, 6)
    options = {"n_workers": 2, "threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": None}
    with LocalCluster(processes=True, **options) as cluster:
        address = cluster.scheduler_address
        alone = rx.sample_statistics(system, t, 3000, 5, joint=[("A", "B")])
        check("same", rx.sample_statistics(system, t, 3000, 5, joint=[("A", "B")], dask=address) == alone)
        check("parameters", rx.sample_statistics(system, t, 500, 5, {"k": 9}, {"A": 8}, dask=address)
              == rx.sample_statistics(system, t, 500, 5, {"k": 9}, {"A": 8}))
        with Client(address, set_as_default=False) as client:
            pids = list(client.run(os.getpid).values())
        check("processes", len(set(pids)) == 2 and os.getpid() not in pids)
        killed = []

        def kill(done, total):
            if done and not killed:
                killed.append(done)
                os.kill(pids[0], signal.SIGKILL)

        long = np.linspace(0.0, 4000.0, 6)
        many = rx.sample_statistics(system, long, 6000, 7, dask=address, progress=kill)
        check("killed", bool(killed) and killed[0] < 6000)
        check("survived", many == rx.sample_statistics(system, long, 6000, 7))
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        part = None
        for enough in range(1000, 3000, 250):  # later where the first block is not finished yet

            def stop(done, total, enough=enough):
                if done >= enough:
                    raise KeyboardInterrupt

            try:
                part = rx.sample_statistics(system, t, 3000, 5, joint=[("A", "B")], dask=address, progress=stop)
                break
            except KeyboardInterrupt:
                print("early", "yes", file=sys.stderr)
        check("interrupted", 0 < part.runs < 3000)
        check("resumed", rx.resume(system, part, dask=address) == alone and rx.resume(system, part) == alone)
        swept = rx.sweep(system, t, 100, {"k": [1.0, 4.0]}, seed=3, dask=address)
        check("swept", swept == rx.sweep(system, t, 100, {"k": [1.0, 4.0]}, seed=3))
        bad = rx.jump_process(rx.parse("model F\\nspecies A = 5\\nA -> 0 @ 1\\nslip: 0 -> A rate A - 2\\n"))
        try:
            rx.sample_statistics(bad, [0.0, 9.0], 100, 1, dask=address)
        except rx.RxnError as error:
            check("named", error.code == "R602" and "'slip'" in error.message and error.span is not None)
        with open(folder + "/m.rxn", "w") as file:
            file.write(MODEL)
        common = ["simulate", folder + "/m.rxn", "--method", "ssa", "--until", "3", "--runs", "200"]
        check("command", main([*common, "--dask", address, "-o", folder + "/a.npz"]) == 0
              and main([*common, "-o", folder + "/b.npz"]) == 0
              and rx.load_result(folder + "/a.npz") == rx.load_result(folder + "/b.npz"))
"""


@NEEDED
def test_a_cluster_gives_the_same_bits_and_survives_a_killed_worker(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(tmp_path / "script.py"), str(tmp_path)], capture_output=True, text=True, timeout=240,
        cwd=tmp_path,
    )  # fmt: skip
    said = dict(line.split() for line in done.stdout.splitlines())
    names = "same parameters processes killed survived interrupted resumed swept named command".split()
    assert said == dict.fromkeys(names, "yes"), done.stderr[-3000:]


def test_a_unit_of_work_is_data() -> None:
    """An order through pickle and back does a block as the sampler does it; its answer is arrays, or diagnostics."""
    layout = Layout(3, whole_columns(SYSTEM))
    order = Order(SYSTEM, (0.0, 1.0, 2.0), 5, {"k": 7}, {"A": 2}, 10**6, "direct, lanes", layout)
    again = pickle.loads(pickle.dumps(order))
    answer = work(again, 0, 50)
    assert isinstance(answer, dict)
    assert all(isinstance(array, np.ndarray) and array.dtype != object for array in answer.values())
    whole = sample_statistics(SYSTEM, [0.0, 1.0, 2.0], 50, 5, {"k": 7}, {"A": 2}).tally
    assert whole is not None
    found = Tally.rebuilt(3, answer)
    assert (found.cells.counts == whole.cells.counts).all()
    assert (found.sums.second == whole.sums.second).all()
    wrong = work(Order(SYSTEM, (0.0, 900.0), 5, {}, {}, 10, "direct, lanes", Layout(2, layout.whole)), 0, 50)
    assert isinstance(wrong, tuple)
    assert pickle.loads(pickle.dumps(wrong))[0].code == "R606"


@NEEDED
def test_a_cluster_that_does_not_answer_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rxncompile.simulators.runs.cluster._PATIENCE", "1s")
    with pytest.raises(RxnError, match=r"no Dask scheduler answers at tcp://127.0.0.1:9") as caught:
        rx.sample_statistics(SYSTEM, [0.0, 1.0], 50, 5, dask="tcp://127.0.0.1:9")
    assert caught.value.code == "R615"


def test_without_dask_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(RxnError, match=r"needs dask\.distributed") as caught:
        rx.sample_statistics(SYSTEM, [0.0, 1.0], 50, 5, dask="tcp://127.0.0.1:9")
    assert (caught.value.code, caught.value.hint) == ("R705", "pip install 'rxncompile[dask]'")
