"""Fast and slow told apart, and a gene network reduced by learning and by derivation: Fig. 4 of Yang et al. 2021.

`python examples/gene_autoregulation.py [FOLDER]` prints Tables II and III beside the paper's numbers,
and how far the reductions are from the full network, in stationary variances too.
"""

import runpy
import sys
from pathlib import Path

from rxncompile.views import style
from rxncompile.views.drawing import network_drawing

paper = runpy.run_path(str(Path(__file__).parent / "papers" / "gene.py"))
separation = paper["separation"]
found, whole, conserving = paper["fitted"]()

if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    print(separation, paper["tables_beside"](found, whole, conserving), sep="\n\n", end="\n\n")
    print(paper["judged"](), paper["judged_at_rest"](), sep="\n\n")
    pictures = {"gene_network.png": network_drawing(paper["network"]), "gene_reduced.png": paper["figure"](conserving)}
    for name, figure in pictures.items():
        style.save(figure, folder / name)
        print(f"{folder / name}")
