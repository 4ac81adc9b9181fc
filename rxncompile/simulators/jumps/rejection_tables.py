"""A jump process as the tables that the rejection sampler works on.

Mass action is a product, `c (n_i - d_i) (n_j - d_j) ...`, and needs no code; a law that is none becomes machine code
for itself and for its bounds, see `kernels.bounds`. What a propensity reads tells which bounds a count decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ...errors import RxnError
from ...kernels.bounds import bounded_program
from ...kernels.emit import declarations
from ...kernels.graph import Graph, Op
from ...kernels.lanes_events import EventRows, settle_text
from ...kernels.lanes_rows import SPECIES
from ...kernels.program import Lowering, lower
from ...kernels.program import _propensity as guarded
from ...kernels.source import PropensityKernel, compile_propensity
from ...kernels.store import Compiled, compile_text
from ...system import Jump, System
from ..arrays import Values
from .blocks import refuse_continuous
from .jump_events import jump_events, uncounted

Whole = NDArray[np.uint32]

_LARGEST_MOVE = 1 << 40
MOST = 2.0**53 - 2.0**41  # a count here changes to an exact whole number once more

# `@settle` as a kernel of shape 1: whether time alone came to be this, the lane's column, and its next threshold.
_SETTLE = """\
define void @events(double %by, ptr %column, ptr %p, ptr %out) #0 {
  %by.time = fcmp one double %by, 0.0
  %next = call double @settle(ptr %column, ptr %p, i1 %by.time)
  store double %next, ptr %out
  ret void
}"""


@dataclass(frozen=True, slots=True)
class Product:
    """`sign * prod(above) / prod(below) * prod(n_i - d)`: nodes that parameters decide, and (i, d) pairs."""

    sign: float
    above: tuple[int, ...]
    below: tuple[int, ...]
    factors: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Tables:
    """Everything of a System but its parameters. `products[r]` is None for a law, `laws[r]` its number among them."""

    graph: Graph
    products: tuple[Product | None, ...]
    laws: tuple[int | None, ...]
    timed: tuple[bool, ...]
    kernel: PropensityKernel | None
    changes: tuple[Whole, Whole, Values]
    reads: tuple[Whole, Whole]
    users: tuple[Whole, Whole]
    counted: tuple[bool, ...]
    events: Compiled | None
    words: int
    assigned: tuple[int, ...]

    def constants(self, parameters: Values) -> list[float]:
        """The constants of the products, 1 for laws."""
        value = _evaluator(self.graph, parameters)
        found = []
        with np.errstate(all="ignore"):
            for product in self.products:
                c = np.float64(1.0)
                if product is not None:
                    c = np.float64(product.sign)
                    for n in product.above:
                        c = c * value(n)
                    for n in product.below:
                        c = c / value(n)
                found.append(float(c))
        return found


@lru_cache(maxsize=8)
def tables(system: System) -> Tables:
    """The tables of a System.

    Raises R506 and R508 for systems that cannot be compiled, R608 for a reaction that moves a count too far, R610 for
    continuous terms and for events as `jump_events`.
    """
    refuse_continuous(system)
    real = uncounted(system)
    counted = tuple(s.symbol not in real for s in system.states)
    lowering = lower(system)
    g, n = lowering.graph, len(system.states)
    place = {state.symbol: i for i, state in enumerate(system.states)}
    products: list[Product | None] = []
    nodes: list[int] = []
    moves: list[list[tuple[int, int]]] = []
    for jump in system.jumps:
        product = _product(g, lowering.node(jump.propensity))
        requires = [(place[s], int(k)) for s, k in jump.requires]
        if product is not None and not _is_monotone(product, requires, counted):
            product = None
        products.append(product)
        nodes.append(_node(lowering, jump, product))
        moves.append([(place[s], int(amount)) for s, amount in jump.change if amount])
        if any(abs(amount) > _LARGEST_MOVE for _, amount in moves[-1]):
            most = max(abs(amount) for _, amount in moves[-1])
            raise RxnError("R608", f"reaction {jump.name!r} changes a count by {most}", jump.origin)
    laws = [r for r, product in enumerate(products) if product is None]
    program = bounded_program(g, [nodes[r] for r in laws], n, len(system.parameters)) if laws else None
    reads = [
        sorted({i for i, _ in product.factors}) if product is not None else g.dependencies(node)
        for product, node in zip(products, nodes, strict=True)
    ]
    on_time = _on_time(g)
    timed = [product is None and on_time[node] for product, node in zip(products, nodes, strict=True)]
    users: list[list[int]] = [[] for _ in range(n + 1)]
    for r, states in enumerate(reads):
        for i in [*states, *([n] if timed[r] else [])]:
            users[i].append(r)
    starts, species = _rows([[s for s, _ in pairs] for pairs in moves])
    amounts = np.array([float(a) for pairs in moves for _, a in pairs] or [0.0])
    numbers = {r: k for k, r in enumerate(laws)}
    return Tables(
        g, tuple(products), tuple(numbers.get(r) for r in range(len(products))), tuple(timed),
        compile_propensity(program) if program else None, (starts, species, amounts), _rows(reads), _rows(users),
        counted, *_events(system),
    )  # fmt: skip


def _events(system: System) -> tuple[Compiled | None, int, tuple[int, ...]]:
    """The kernel of events on a column of one lane, its rows of bits, and the states that events assign.

    The column is `SPECIES` rows, the counts with their intervals and the clock, 3 (n + 2), then a fault and the bits.
    """
    events = jump_events(system)
    if events is None:
        return None, 0, ()
    plan = events.plan(MOST)
    rows = EventRows(SPECIES + 3 * (len(system.states) + 2), plan.words)
    text = "\n".join([*settle_text(plan, rows, 1), _SETTLE, *declarations(), ""])
    return compile_text(text), plan.words, tuple(sorted({i for targets in plan.targets for i in targets}))


def _node(lowering: Lowering, jump: Jump, product: Product | None) -> int:
    """A product is 0 where reactants are short; a law has to be told."""
    return lowering.node(jump.propensity) if product is not None else guarded(lowering, jump)


def _rows(lists: Iterable[Sequence[int]]) -> tuple[Whole, Whole]:
    """Lists one after the other, and where each starts; never an empty array."""
    lists = list(lists)
    starts = np.concatenate([[0], np.cumsum([len(x) for x in lists])]).astype(np.uint32)
    return starts, np.array([i for x in lists for i in x] or [0], dtype=np.uint32)


def _product(g: Graph, node: int) -> Product | None:
    """A node as a product of counts less whole numbers and of what parameters decide; None where it is none."""
    sign = 1.0
    above: list[int] = []
    below: list[int] = []
    factors: list[tuple[int, int]] = []
    waiting = [node]
    while waiting:
        n = waiting.pop()
        op, args, value = g.nodes[n]
        if not g.varies(n):
            above.append(n)
        elif op is Op.STATE:
            factors.append((int(value), 0))
        elif op is Op.MUL:
            waiting.extend(args)
        elif op is Op.NEG:
            sign = -sign
            waiting.append(args[0])
        elif op is Op.DIV and not g.varies(args[1]):
            below.append(args[1])
            waiting.append(args[0])
        elif op is Op.ADD and (less := _less(g, args)) is not None:
            factors.append(less)
        else:
            return None
    return Product(sign, tuple(above), tuple(below), tuple(sorted(factors)))


def _less(g: Graph, args: tuple[int, ...]) -> tuple[int, int] | None:
    """(i, d) of a sum n_i - d."""
    if len(args) != 2:
        return None
    a, b = sorted((g.nodes[n] for n in args), key=lambda node: node.op is not Op.STATE)
    if a.op is not Op.STATE or b.op is not Op.CONST or b.value > 0.0 or b.value != int(b.value):
        return None
    return int(a.value), -int(b.value)


def _is_monotone(product: Product, requires: Sequence[tuple[int, int]], counted: Sequence[bool]) -> bool:
    """Whether it is of counts, does not fall as they grow, and is 0 wherever `requires` do not hold."""
    if not all(counted[i] for i, _ in product.factors):
        return False
    offsets: dict[int, set[int]] = {}
    for i, d in product.factors:
        offsets.setdefault(i, set()).add(d)
    falling = all(found == set(range(len(found))) for found in offsets.values())
    return falling and all(set(range(k)) <= offsets.get(i, set()) for i, k in requires)


def _on_time(g: Graph) -> list[bool]:
    """Of every node: whether it depends on time."""
    found: list[bool] = []
    for op, args, _ in g.nodes:
        found.append(op is Op.TIME or any(found[a] for a in args))
    return found


_VALUES: dict[Op, Callable[..., np.float64]] = {
    Op.DIV: lambda a, b: a / b, Op.NEG: lambda a: -a, Op.POW: np.power, Op.EXP: np.exp, Op.LOG: np.log,
    Op.SQRT: np.sqrt, Op.SIN: np.sin, Op.COS: np.cos, Op.TAN: np.tan, Op.TANH: np.tanh, Op.ABS: np.abs,
    Op.MIN: np.minimum, Op.MAX: np.maximum, Op.FLOOR: np.floor, Op.CEIL: np.ceil,
    Op.LT: lambda a, b: np.float64(a < b), Op.LE: lambda a, b: np.float64(a <= b),
    Op.EQ: lambda a, b: np.float64(a == b),
    Op.AND: np.minimum, Op.OR: np.maximum, Op.NOT: lambda a: 1.0 - a, Op.SELECT: lambda c, a, b: a if c else b,
}  # fmt: skip


def _evaluator(g: Graph, parameters: Values) -> Callable[[int], np.float64]:
    """The value of a node that parameters decide."""
    done: dict[int, np.float64] = {}

    def value(node: int) -> np.float64:
        stack = [node]
        while stack:
            n = stack[-1]
            if n in done:
                stack.pop()
                continue
            op, args, number = g.nodes[n]
            waiting = [a for a in args if a not in done]
            if waiting:
                stack.extend(waiting)
            elif op is Op.CONST:
                done[n] = np.float64(number)
            elif op is Op.PARAM:
                done[n] = parameters[int(number)]
            elif op in (Op.ADD, Op.MUL):
                total = done[args[0]]
                for a in args[1:]:
                    total = total + done[a] if op is Op.ADD else total * done[a]
                done[n] = total
            else:
                done[n] = _VALUES[op](*(done[a] for a in args))
        return done[node]

    return value
