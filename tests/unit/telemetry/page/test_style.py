from __future__ import annotations

from collections.abc import Mapping

import pytest

from producer.telemetry.page.style import DARK, LIGHT, STYLE

TEXTS = ("ink", "soft", "link", "good", "warn", "bad", "info", "wait")
SHAPES = ("covered", "due", "hole", "used")
PALETTES = pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return sum(part * weight for part, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@PALETTES
def test_every_text_can_be_read_on_what_it_stands_on(palette: Mapping[str, str]) -> None:
    weak = {(text, on): contrast(palette[text], palette[on]) for text in TEXTS for on in ("paper", "card")}
    assert {pair for pair, found in weak.items() if found < 4.5} == set()


@PALETTES
def test_holes_stand_out_from_what_is_covered_by_more_than_colour(palette: Mapping[str, str]) -> None:
    weak = {shape: contrast(palette[shape], palette["card"]) for shape in SHAPES}
    assert {shape for shape, found in weak.items() if found < 2.5} == set()


def test_both_palettes_have_the_same_names_and_the_screen_chooses() -> None:
    assert set(LIGHT) == set(DARK)
    light, dark = (
        STYLE.split("@media(prefers-color-scheme:dark)")[0],
        STYLE.split("@media(prefers-color-scheme:dark)")[1],
    )
    assert (f"--paper:{LIGHT['paper']}" in light, f"--paper:{DARK['paper']}" in dark) == (True, True)
