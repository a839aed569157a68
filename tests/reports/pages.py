"""Reading a page of the report with the standard library alone."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "input", "br", "hr", "link", "img"}


class Page(HTMLParser):
    """What a page says: its text, ids, links, and cells of its tables by class."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self.headings: list[str] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.row_links: dict[str, list[list[str]]] = {}
        self.pieces: dict[str, str] = {}
        self.totals: dict[str, int] = {}
        self.errors: list[str] = []
        self._open: list[str] = []
        self._table = ""
        self._total = ""
        self._piece = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self._open.append(tag)
        given = {name: value or "" for name, value in attrs}
        self.attributes += [(tag, name, value) for name, value in given.items()]
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a":
            self.links.append(given["href"])
            if "td" in self._open and self._table:
                self.row_links[self._table][-1].append(given["href"])
        if tag == "table":
            self._table = given.get("class", "")
            self.tables[self._table] = []
            self.row_links[self._table] = []
        if tag == "tr" and "tbody" in self._open:
            self.tables[self._table].append([])
            self.row_links[self._table].append([])
            self._piece = given.get("id", "")
        if tag == "td":
            self.tables[self._table][-1].append("")
        if tag == "h2":
            self.headings.append("")
        self._total = given.get("data-total", "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1] != tag:
            self.errors.append(f"</{tag}> closes {self._open[-1:]}")
        else:
            self._open.pop()
        if tag == "table":
            self._table = ""

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in {"style", "script"}:
            return
        self.words.append(data)
        if "td" in self._open:
            self.tables[self._table][-1][-1] += data
        if "h2" in self._open:
            self.headings[-1] += data
        if self._total:
            self.totals[self._total] = int(data)
            self._total = ""

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())
