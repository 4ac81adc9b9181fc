"""Reactions and their rates from the moments of many runs: Figs. 2 and 3 and Table I of Yang et al. 2021.

`python examples/spcm.py [FOLDER]` takes a million runs, as the paper does, and about two minutes.
"""

import runpy
import sys
from pathlib import Path

from rxncompile.views import style
from rxncompile.views.drawing import network_drawing

paper = runpy.run_path(str(Path(__file__).parent / "papers" / "spcm.py"))
done = paper["Experiment"](1_000_000 if __name__ == "__main__" else 20_000)
answer = paper["Answer"](done.data)

if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    print(answer.equation_11(), answer.relation, answer.table(), answer.selection, sep="\n\n")
    laws = answer.laws()
    far = ", ".join(f"{x:.5f}" for x in laws[0].total_variation(laws[1])[1:])
    print(f"\nTotal variation between the learned and the true joint distribution at 1, 5, 10, 20 weeks: {far}")
    moments, joint = paper["figures"](done, answer, laws)
    pictures = {"spcm_network": network_drawing(paper["candidates"]), "spcm_moments": moments, "spcm_joint": joint}
    for name, figure in pictures.items():
        style.save(figure, folder / f"{name}.png")
        print(folder / f"{name}.png")
