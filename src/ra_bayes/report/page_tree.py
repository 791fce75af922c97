"""A page that this package wrote, read back as a tree: for a writer that says the same in another format."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

__all__ = ["Node", "page_tree"]

_EMPTY = frozenset({"br", "circle", "img", "input", "line", "link", "meta", "path"})


@dataclass(slots=True)
class Node:
    """An element: its tag, attributes, and children in order, texts among them."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Node | str] = field(default_factory=list)

    @property
    def kinds(self) -> list[str]:
        """Its classes."""
        return self.attributes.get("class", "").split()

    @property
    def elements(self) -> Iterator[Node]:
        """Its children that are elements."""
        return (each for each in self.children if isinstance(each, Node))

    def every(self, tag: str) -> Iterator[Node]:
        """Yield the elements of a tag below it, at any depth, in the order of the page."""
        for each in self.elements:
            if each.tag == tag:
                yield each
            yield from each.every(tag)

    @property
    def text(self) -> str:
        """Its text as a browser shows it: white space collapsed."""
        return " ".join(self._text().split())

    def _text(self) -> str:
        return "".join(each if isinstance(each, str) else each._text() for each in self.children)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Node("")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(node)
        if tag not in _EMPTY:
            self.open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Node(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag not in _EMPTY:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def page_tree(text: str) -> Node:
    """Return the tree of a page whose every element is closed, as the templates' are.

    Examples
    --------
    >>> page_tree("<p>one <b>two</b></p>").text
    'one two'
    """
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.open[0]
