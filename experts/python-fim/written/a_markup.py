"""HTML, XML, Markdown and other markup."""

from __future__ import annotations

import html
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any


class LinkCollector(HTMLParser):
    """Collects the addresses of all links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the address of a link's tag."""
        if tag == "a":
            for name, value in attrs:
                if name == "href" and value:
                    self.links.append(value)


class TextExtractor(HTMLParser):
    """Collects the text of a page without scripts and styles."""

    SKIPPED = ("script", "style")

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[str] = []
        self._skip = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin to skip at a script or style."""
        if tag in self.SKIPPED:
            self._skip += 1

    def handle_endtag(self, tag: str) -> None:
        """End skipping after a script or style."""
        if tag in self.SKIPPED and self._skip > 0:
            self._skip -= 1

    def handle_data(self, data: str) -> None:
        """Keep a text that is not skipped."""
        if not self._skip and data.strip():
            self._parts.append(data.strip())

    @property
    def text(self) -> str:
        """Return the collected text."""
        return "\n".join(self._parts)


def links_of(page: str) -> list[str]:
    """Return the addresses of all links of a page."""
    collector = LinkCollector()
    collector.feed(page)
    return collector.links


def element(tag: str, content: str = "", **attributes: str) -> str:
    """Return an HTML element with escaped content and attributes."""
    attrs = "".join(f' {name.rstrip("_")}="{html.escape(value)}"' for name, value in attributes.items())
    return f"<{tag}{attrs}>{html.escape(content)}</{tag}>"


def html_table(rows: list[dict[str, Any]]) -> str:
    """Return rows as an HTML table with a header."""
    if not rows:
        return "<table></table>"
    head = "".join(element("th", name) for name in rows[0])
    body = []
    for row in rows:
        cells = "".join(element("td", str(value)) for value in row.values())
        body.append(f"<tr>{cells}</tr>")
    return f"<table><tr>{head}</tr>{''.join(body)}</table>"


def inline_markdown(text: str) -> str:
    """Convert bold, italics, code and links of Markdown to HTML."""
    text = html.escape(text, quote=False)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    text = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", text)
    text = re.sub(r"\*(.+?)\*", r"<em>\1</em>", text)
    return re.sub(r"\[([^\]]+)\]\(([^)]+)\)", r'<a href="\2">\1</a>', text)


def markdown_to_html(text: str) -> str:
    """Convert headings, lists and paragraphs of Markdown to HTML."""
    blocks = []
    for block in re.split(r"\n\s*\n", text.strip()):
        heading = re.match(r"(#{1,6}) (.*)", block)
        if heading:
            level = len(heading[1])
            blocks.append(f"<h{level}>{inline_markdown(heading[2])}</h{level}>")
        elif block.startswith("- "):
            items = [f"<li>{inline_markdown(line[2:])}</li>" for line in block.splitlines()]
            blocks.append("<ul>" + "".join(items) + "</ul>")
        else:
            blocks.append(f"<p>{inline_markdown(block)}</p>")
    return "\n".join(blocks)


def table_of_contents(markdown: str) -> str:
    """Return a nested list of the headings of a Markdown text."""
    lines = []
    for match in re.finditer(r"^(#+) (.+)$", markdown, re.MULTILINE):
        level, title = len(match[1]), match[2].strip()
        anchor = re.sub(r"[^\w-]", "", title.lower().replace(" ", "-"))
        lines.append("  " * (level - 1) + f"- [{title}](#{anchor})")
    return "\n".join(lines)


def markdown_table(header: list[str], rows: list[list[Any]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(header) + " |"]
    lines.append("|" + "---|" * len(header))
    for row in rows:
        lines.append("| " + " | ".join(str(cell) for cell in row) + " |")
    return "\n".join(lines)


def front_matter(text: str) -> tuple[dict[str, str], str]:
    """Split a text into the fields between its first dashes and the rest."""
    if not text.startswith("---\n"):
        return {}, text
    head, _, body = text[4:].partition("\n---\n")
    fields = {}
    for line in head.splitlines():
        name, _, value = line.partition(":")
        fields[name.strip()] = value.strip()
    return fields, body.lstrip("\n")


def xml_to_dict(node: ET.Element) -> dict[str, Any]:
    """Convert an XML element to nested dictionaries."""
    result: dict[str, Any] = dict(node.attrib)
    for child in node:
        result.setdefault(child.tag, []).append(xml_to_dict(child))
    text = (node.text or "").strip()
    if text:
        result["text"] = text
    return result


def dict_to_xml(tag: str, data: dict[str, Any]) -> ET.Element:
    """Convert a dictionary to an XML element with a child for each key."""
    node = ET.Element(tag)
    for key, value in data.items():
        if isinstance(value, dict):
            node.append(dict_to_xml(key, value))
        else:
            child = ET.SubElement(node, key)
            child.text = str(value)
    return node


def read_feed(path: Path) -> Iterator[dict[str, str]]:
    """Yield title and link of the entries of an RSS file."""
    tree = ET.parse(path)
    for item in tree.iterfind(".//item"):
        yield {
            "title": item.findtext("title", default=""),
            "link": item.findtext("link", default=""),
        }


def strip_tags(text: str) -> str:
    """Remove all tags from a text and resolve its entities."""
    return html.unescape(re.sub(r"<[^>]+>", "", text))


def nest_headings(headings: list[tuple[int, str]]) -> list[dict[str, Any]]:
    """Turn headings with levels into a tree."""
    root: dict[str, Any] = {"children": []}
    stack = [(0, root)]
    for level, title in headings:
        node = {"title": title, "children": []}
        while stack[-1][0] >= level:
            stack.pop()
        stack[-1][1]["children"].append(node)
        stack.append((level, node))
    return root["children"]


def bbcode_to_html(text: str) -> str:
    """Convert bold, italic and link tags in square brackets to HTML."""
    for tag in ("b", "i", "u"):
        text = re.sub(rf"\[{tag}\](.*?)\[/{tag}\]", rf"<{tag}>\1</{tag}>", text, flags=re.DOTALL)
    return re.sub(r"\[url=(.*?)\](.*?)\[/url\]", r'<a href="\1">\2</a>', text)


def ini_text(sections: dict[str, dict[str, Any]]) -> str:
    """Return sections of settings as INI text."""
    blocks = []
    for section, values in sections.items():
        lines = [f"[{section}]"]
        for key, value in values.items():
            lines.append(f"{key} = {value}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def svg_bars(values: list[float], width: int = 200, height: int = 100) -> str:
    """Return an SVG picture with a bar for each value."""
    bar = width / len(values)
    highest = max(values)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">']
    for i, value in enumerate(values):
        tall = height * value / highest
        parts.append(f'<rect x="{i * bar:.1f}" y="{height - tall:.1f}" width="{bar:.1f}" height="{tall:.1f}"/>')
    parts.append("</svg>")
    return "\n".join(parts)
