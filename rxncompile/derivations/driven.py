"""Parameters that become series: measured stimuli, given when the System is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches

from ..errors import RxnError
from ..system import Input, Step, System


def driven(system: System, series: Mapping[str, str]) -> System:
    """The System with parameters, by label, as inputs: each with the rule by which its series is read.

    Rules: `linear`, `previous` (it jumps at its times) and `cubic`. Raises R504 for a label that is no parameter.
    """
    by_label = {c.label: c for c in system.parameters}
    for label in series:
        if label not in by_label:
            near = get_close_matches(label, list(by_label), 1)
            hint = f"did you mean {near[0]!r}?" if near else "it has: " + ", ".join(by_label)
            raise RxnError("R504", f"{label!r} is not a parameter of {system.name}", hint=hint)
    return replace(
        system,
        parameters=tuple(c for c in system.parameters if c.label not in series),
        inputs=(*system.inputs, *(Input(by_label[label].symbol, label, rule) for label, rule in series.items())),
        steps=(*system.steps, Step("driven", tuple(series.items()))),
    )
