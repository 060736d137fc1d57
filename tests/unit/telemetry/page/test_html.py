from __future__ import annotations

from producer.telemetry.page.html import Html, element, joined, void
from tests.support.markup import HOSTILE


def test_only_what_was_made_here_is_markup() -> None:
    assert element("p", "a<b", element("b", "&"), Html("<i>"), 7) == "<p>a&lt;b<b>&amp;</b><i>7</p>"
    assert joined("<", element("b")) == "&lt;<b></b>"


def test_attributes_are_escaped_and_left_out_when_there_is_nothing_to_say() -> None:
    assert void("meta", http_equiv="a", class_='"', title=None) == '<meta http-equiv="a" class="&quot;">'
    assert "<" not in void("p", title=HOSTILE)[1:]


def test_what_is_made_of_markup_by_other_means_is_text_again() -> None:
    assert joined(Html("<b>").lower()) == "&lt;b&gt;"
