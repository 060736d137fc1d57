"""HTML from values: the one place where text becomes markup, so that text from outside stays text. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple


class Html(str):
    """Markup that was made here. Every other value is escaped when it is put into an element."""

    __slots__ = ()


def element(name: str, /, *content: object, **attributes: object) -> Html:
    """`<name …>content</name>`. In names of attributes `_` means `-`, a last one nothing; None leaves one out."""
    return Html(f"{void(name, **attributes)}{joined(*content)}</{name}>")


def void(name: str, /, **attributes: object) -> Html:
    """An element that holds nothing and has no end tag."""
    given = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items() if value is not None}
    told = "".join(f' {key}="{escape(str(value), quote=True)}"' for key, value in given.items())
    return Html(f"<{name}{told}>")


def joined(*content: object) -> Html:
    """One after the other."""
    return Html("".join(each if isinstance(each, Html) else escape(str(each), quote=True) for each in content))


def section(title: str, *content: object) -> Html:
    """A part of the page under its own heading."""
    return element("section", element("h2", title), *content)


def note(*content: object) -> Html:
    """Something to be read in passing."""
    return element("p", *content, class_="soft")


class Fact(NamedTuple):
    """A named value; `level` colours it."""

    name: str
    value: object
    level: str | None = None


def facts(told: Iterable[Fact]) -> Html:
    """Named values beside each other."""
    pairs = [
        element("div", element("dt", fact.name), element("dd", fact.value, class_=fact.level or None)) for fact in told
    ]
    return element("dl", *pairs)


def table(name: str, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> Html:
    """A table; on a narrow screen each row becomes a card whose cells carry the names of their columns."""
    head = element("tr", *(element("th", each, scope="col") for each in heads))
    body = [
        element(
            "tr", *(element("td", element("div", cell), data_label=each) for each, cell in zip(heads, row, strict=True))
        )
        for row in rows
    ]
    return element("table", element("thead", head), element("tbody", *body), class_=name)


def badge(text: object, level: str) -> Html:
    """A word that one looks for."""
    return element("span", text, class_=f"badge {level}")
