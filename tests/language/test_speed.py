"""Reading takes time in proportion to the length of the text."""

import time

from rxncompile.language import parse


def network_text(reactions: int) -> str:
    species = [f"S{i}" for i in range(reactions // 2)]
    lines = ["species " + ", ".join(f"{s} = 100" for s in species)]
    for i in range(reactions):
        a, b, c = (species[(i * m + m) % len(species)] for m in (1, 7, 31))
        lines += [f"param k{i} = 0.{i % 90 + 1}", f"r{i}: {a} + {b} -> {c} @ 2*k{i}"]
    return "\n".join(lines)


def seconds(reactions: int) -> float:
    text = network_text(reactions)
    begin = time.process_time()
    assert len(parse(text).reactions) == reactions
    return time.process_time() - begin


def test_time_is_near_proportional() -> None:
    """8 times the text: 8 times as long, a quadratic part would make it 64; 20 leaves room for a busy machine."""
    parse("species A")
    assert seconds(2_000) < 20 * max(seconds(250), seconds(250))
