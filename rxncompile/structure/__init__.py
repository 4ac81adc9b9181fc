"""What the graph of a network says: conservation laws, complexes, deficiency, time scales, and the graph itself."""

from .complexes import Complex, LinkageClass, Structure, structure_of
from .graph import Arm, arms, dot, graph, modifiers, squares
from .laws import ConservationLaw, conservation_laws, moieties
from .scales import Mode, TimeScales, time_scales

__all__ = [
    "Arm", "Complex", "ConservationLaw", "LinkageClass", "Mode", "Structure", "TimeScales", "arms",
    "conservation_laws", "dot", "graph", "modifiers", "moieties", "squares", "structure_of", "time_scales",
]  # fmt: skip
