"""A measured figure, and whether it is good enough."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What was measured. `bound` says what is asked of it, empty when nothing is; `note` what it was made of."""

    name: str
    value: float
    bound: str
    met: bool
    note: str = ""

    def __str__(self) -> str:
        verdict = "" if not self.bound else f"  {'ok' if self.met else 'MISSED'}: {self.bound}"
        return f"{self.name:<58} {self.value:>8.3f}{verdict}" + (f"\n    {self.note}" if self.note else "")


def at_least(name: str, value: float, bound: float, *, note: str = "") -> Figure:
    """A figure that must not be lower."""
    return Figure(name=name, value=value, bound=f"at least {bound:g}", met=value >= bound, note=note)


def at_most(name: str, value: float, bound: float, *, note: str = "") -> Figure:
    """A figure that must not be higher."""
    return Figure(name=name, value=value, bound=f"at most {bound:g}", met=value <= bound, note=note)


def noted(name: str, value: float, *, note: str = "") -> Figure:
    """A figure that nothing is asked of."""
    return Figure(name=name, value=value, bound="", met=True, note=note)
