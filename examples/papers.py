"""The papers' equations beside those derived here, as one page: operators, hierarchies, closures, basis functions."""

import runpy
import sys
from pathlib import Path

from rxncompile.views.side_by_side import side_by_side

chapters = runpy.run_path(str(Path(__file__).parent / "papers" / "equations.py"))["CHAPTERS"]
words = (
    "Every equation on the right was derived from the reactions above it.",
    "Papers: Ernst et al. 2018 (J. Chem. Phys. 149, 034107), 2019 (Phys. Rev. E 99, 063315), 2021 (arXiv 2109.05053).",
)
page = side_by_side("The papers' equations, derived", words, chapters)
verdicts = [pair.same for _, _, pairs in chapters for pair in pairs if pair.same is not None]

if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "papers.html")
    target.write_text(page, encoding="utf-8")
    print(f"{sum(verdicts)} of {len(verdicts)} equations are the same: {target}")
