"""Why a compiled solve has ended before its time, as an error."""

from __future__ import annotations

from ...errors import RxnError
from .course import Course
from .drive import DONE, NOT_FINITE, SPENT, UNDERFLOW


def ended(course: Course) -> Course:
    """The course itself, where it came to its last time.

    Raises R601 for values that are not finite, R605 where no step is small enough, R606 where the steps are spent,
    R607 for an event that fires without end.
    """
    if course.ended:
        return course
    made, code, count = course.made, course.code, course.count
    name, t = made.system.name, float(course.times[min(int(count[2]), len(course.times) - 1)])
    if code == SPENT:
        raise RxnError("R606", f"{count[0] + count[1]} steps of {name} have not come to t = {t:.9g}")
    if code == UNDERFLOW:
        message = f"the steps of {name} have become too small to go on, before t = {t:.9g}"
        raise RxnError("R605", message, hint="its solution may end, or a law jump")
    if code in (DONE, NOT_FINITE) or made.events is None:
        raise RxnError("R601", f"a state or a derivative of {name} is not finite before t = {t:.9g}")
    raise made.events.fault(code, int(count[3]), t)
