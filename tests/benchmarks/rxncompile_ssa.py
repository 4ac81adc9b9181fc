"""Adapter of this project for the table of peers' exact samplers: copy it to the harness's folder `adapters`.

The model goes through the public verbs from text on, as a user's would. `{powers}` is the harness's convention,
falling factorials without their factorial.
"""

import numpy as np

import rxncompile as rx


def text(m):
    """A benchmark model as .rxn text."""

    def side(counts):
        return " + ".join(f"{k} {m.species[i]}" if k > 1 else m.species[i] for i, k in counts.items()) or "0"

    lines = [f"model {m.name}"]
    lines += [f"species {name} = {x}" for name, x in zip(m.species, m.x0, strict=True)]
    lines += [f"param c{r} = {c!r}" for r, (c, _, _) in enumerate(m.reactions)]
    lines += [f"R{r}: {side(a)} -> {side(b)} @ c{r} {{powers}}" for r, (_, a, b) in enumerate(m.reactions)]
    return "\n".join(lines) + "\n"


class Adapter:
    def setup(self, m):
        self.system = rx.jump_process(rx.parse(text(m)))
        self.grid = np.array(m.grid)

    def run(self, n, seed):
        return rx.sample(self.system, self.grid, runs=n, seed=seed, threads=1)

    def stack(self, raw):
        return raw.values
