"""What a page says, read by Python's own parser: tables by caption, ids, links, tags."""

import dataclasses
from collections import Counter
from html.parser import HTMLParser

from ser_tf.report import folder, rendering
from ser_tf.report.assembly import assemble

VOID = {"meta", "link", "img", "path", "circle", "br"}


@dataclasses.dataclass
class Table:
    """A table's heads, and for each row its class, its cells' texts and its heads' scopes."""

    caption: str = ""
    heads: list = dataclasses.field(default_factory=list)
    rows: list = dataclasses.field(default_factory=list)
    classes: list = dataclasses.field(default_factory=list)
    scopes: list = dataclasses.field(default_factory=list)

    def column(self, name):
        return [row[self.heads.index(name)] for row in self.rows]


class Page(HTMLParser):
    """Tables, ids, addresses of links, tags with their attributes, and all text outside of script and style."""

    def __init__(self, html):
        super().__init__()
        self.tables, self.ids, self.links, self.tags, self.texts, self.open = [], [], [], [], [], []
        self.feed(html.replace("_<wbr>", "_"))
        self.close()
        assert not self.open, f"tags that are not closed: {self.open}"
        self.text = " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag not in VOID:
            self.open.append(tag)
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a":
            self.links.append(given["href"])
        if tag == "table":
            self.tables.append(Table())
        if tag == "tr":
            self.tables[-1].rows.append([])
            self.tables[-1].classes.append(given.get("class", ""))
        if tag in ("th", "td"):
            self.tables[-1].rows[-1].append("")
            self.tables[-1].scopes += [given.get("scope")] if tag == "th" else []

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        assert self.open.pop() == tag, f"</{tag}> closes another tag"
        if tag in ("th", "td"):
            row = self.tables[-1].rows[-1]
            row[-1] = " ".join(row[-1].split())
        if tag == "thead":
            table = self.tables[-1]
            table.heads, table.rows, table.classes = table.rows[0], [], []

    def handle_data(self, data):
        if {"script", "style"} & set(self.open):
            return
        self.texts.append(data)
        if "caption" in self.open:
            self.tables[-1].caption += data
        elif {"th", "td"} & set(self.open):
            self.tables[-1].rows[-1][-1] += data + " "

    def table(self, caption):
        (found,) = [table for table in self.tables if table.caption == caption]
        return found

    def count(self, tag):
        return Counter(name for name, _ in self.tags)[tag]


def page_of(root, name="runs"):
    """The page of a folder of results, and the report that it was made from."""
    report = assemble(folder.read(root), name)
    return Page(rendering.render(report)), report
