"""Small words for chance. All dice are seeded, so the same organisation always throws the same."""

from __future__ import annotations

from random import Random


def chance(dice: Random, probability: float) -> bool:
    """Whether something of this probability happens."""
    return dice.random() < probability


def skewed(dice: Random, low: int, high: int) -> int:
    """A number between two, more often near the lower."""
    return low + int((high - low) * dice.random() ** 2)
