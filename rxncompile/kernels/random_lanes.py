"""Random numbers in lanes: text of the generator xoshiro256++ and of the waiting times of a Poisson process.

    draw                r = rotl(s0 + s3, 23) + s0, then the generator's linear step       Blackman and Vigna 2021
    uniform             u = floor(r / 2^12) / 2^52                           in [0, 1)
    waiting time        e = -log(floor(r / 2^12) / 2^52 + 2^-53)             its argument in (0, 1), never 0 or 1

The logarithm: u = 2^k f with f in [sqrt(1/2), sqrt(2)), log u = k log 2 + 2 atanh(s), s = (f - 1)/(f + 1), and
2 atanh(s)/s a polynomial of degree 5 in s^2, minimax on the range: relative error below 3e-14, also near u = 1.
All steps are single IEEE operations, so every lane width and processor computes the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence

from .emit import Emitter

# 2 atanh(s)/s = sum of ATANH[j] s^(2 j) for |s| <= (sqrt(2) - 1)/(sqrt(2) + 1), by the exchange algorithm of Remez
ATANH = (
    1.9999999999999467, 0.6666666667965147, 0.39999994872178773,
    0.28572168017268706, 0.2217417719903694, 0.19609084250905537,
)  # fmt: skip
LOG_2 = 0.6931471805599453

_ONE = 0x3FF0000000000000  # the bits of 1.0
_ROOT_HALF = 0x3FE6A09E667F3BCD  # the bits of sqrt(1/2)
_FRACTION = 0x000FFFFFFFFFFFFF  # the bits below the exponent
_TWO_52 = 0x4330000000000000  # the bits of 2^52: an integer below 2^52 or-ed into them is 2^52 plus that integer


class RandomLanes:
    """Writes draws into an emitter; `words` names the four rows of the generator's state and follows it."""

    def __init__(self, emit: Emitter, words: Sequence[str]) -> None:
        self.words = tuple(words)
        self._emit = emit
        self._whole = f"<{emit.width} x i64>"

    def draw(self) -> str:
        """64 random bits a lane; the generator moves on."""
        s0, s1, s2, s3 = self.words
        result = self._integer("add", self._rotate(self._integer("add", s0, s3), 23), s0)
        shifted = self._by("shl", s1, 17)
        s2 = self._integer("xor", s2, s0)
        s3 = self._integer("xor", s3, s1)
        s1 = self._integer("xor", s1, s2)
        s0 = self._integer("xor", s0, s3)
        self.words = (s0, s1, self._integer("xor", s2, shifted), self._rotate(s3, 45))
        return result

    def uniform(self, bits: str, above_zero: bool = False) -> str:
        """A number in [0, 1) with 52 bits, or half a step higher, in (0, 1)."""
        in_1_2 = self._real(self._by("or", self._by("lshr", bits, 12), _ONE))
        return self._float("fsub", in_1_2, self._emit.constant(1.0 - 2.0**-53 if above_zero else 1.0))

    def waiting_time(self, bits: str) -> str:
        """A number with the unit exponential distribution, minus the logarithm of a uniform."""
        constant, emit = self._emit.constant, self._float
        u = self._bits(self.uniform(bits, above_zero=True))
        moved = self._by("add", u, _ONE - _ROOT_HALF)  # so that the exponent steps at sqrt(1/2)
        f = self._real(self._by("add", self._by("and", moved, _FRACTION), _ROOT_HALF))
        biased = self._real(self._by("or", self._by("lshr", moved, 52), _TWO_52))
        minus_k = emit("fsub", constant(2.0**52 + 1023.0), biased)
        minus_s = emit("fdiv", emit("fsub", constant(1.0), f), emit("fadd", constant(1.0), f))
        w = emit("fmul", minus_s, minus_s)
        value = constant(ATANH[-1])
        for coefficient in reversed(ATANH[:-1]):
            value = emit("fadd", emit("fmul", value, w), constant(coefficient))
        whole = emit("fmul", minus_k, constant(LOG_2))
        return emit("fadd", whole, emit("fmul", minus_s, value))

    def _integer(self, operation: str, a: str, b: str) -> str:
        return self._emit.line(f"{operation} {self._whole} {a}, {b}")

    def _by(self, operation: str, a: str, number: int) -> str:
        return self._integer(operation, a, self._emit.splat("i64", str(number)))

    def _rotate(self, a: str, by: int) -> str:
        return self._integer("or", self._by("shl", a, by), self._by("lshr", a, 64 - by))

    def _float(self, operation: str, a: str, b: str) -> str:
        return self._emit.line(f"{operation} {self._emit.real} {a}, {b}")

    def _real(self, a: str) -> str:
        return self._emit.line(f"bitcast {self._whole} {a} to {self._emit.real}")

    def _bits(self, a: str) -> str:
        return self._emit.line(f"bitcast {self._emit.real} {a} to {self._whole}")
