"""A document as a Word file (python-docx, the extra ``documents``).

The same document gives the same bytes: nothing in it depends on when it was written.
"""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from weibao.errors import UncheckedError
from weibao.reports.change.document import (
    Document,
    Facts,
    Heading,
    Listing,
    Signatures,
    Table,
    Text,
    Tone,
)
from weibao.reports.change.html import form_rows
from weibao.reports.change.papers import Phrases
from weibao.reports.words import visible

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

__all__ = ["render_docx"]

_COLOURS: dict[Tone, str] = {
    "good": "2B7A57",
    "warning": "8A500A",
    "bad": "B3332C",
    "note": "556070",
}
_WIDTH_MM = 180
_LABEL_MM = 30
_EPOCH = (1980, 1, 1, 0, 0, 0)
_NOT_XML = re.compile("[\ufffe\uffff\U0001fffe\U0001ffff]")


def render_docx(document: Document) -> bytes:
    """The Word file, A4, Chinese fonts set for Chinese text.

    Raises:
        UncheckedError: python-docx is not installed.
    """
    try:
        import docx
    except ImportError as error:
        raise UncheckedError("document.no_docx") from error
    word = docx.Document()
    _Writer(word, document).write()
    buffer = io.BytesIO()
    word.save(buffer)
    return _settled(buffer.getvalue())


def _clean(text: str) -> str:
    return _NOT_XML.sub("�", visible(text))


def _settled(data: bytes) -> bytes:
    """The archive again, without the time at which it was packed."""
    found = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(found, "w") as new:
        for name in old.namelist():
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, old.read(name))
    return found.getvalue()


class _Writer:
    """Lays a document out on a Word document."""

    def __init__(self, word: WordDocument, document: Document) -> None:
        self.word = word
        self.document = document
        self.w = Phrases(document.language, "UTC")

    def write(self) -> None:
        """Everything, in order."""
        document = self.document
        self._page()
        self._paragraph(document.title, style="Title", centred=True)
        self._paragraph(document.subtitle, tone="note", centred=True, size=12)
        self._form(document.head)
        if document.banner:
            self._gap()
            self._paragraph(document.banner.text, tone=document.banner.tone, bold=True, size=13)
        for number, section in document.numbered():
            self._paragraph(number + section.title, style="Heading 1")
            for block in section.blocks:
                self._block(block)
        self._paragraph(document.footer, tone="note", size=9)

    def _block(self, block: object) -> None:
        if isinstance(block, Facts):
            self._form(block)
            self._gap()
        elif isinstance(block, Text):
            mark = {"bad": "✗ ", "warning": "! ", "good": "✓ "}.get(block.tone, "")
            self._paragraph(mark + block.text, tone=block.tone)
        elif isinstance(block, Heading):
            self._paragraph(block.text, style="Heading 2")
        elif isinstance(block, Table):
            self._table(block)
            self._gap()
        elif isinstance(block, Listing):
            self._listing(block)
        elif isinstance(block, Signatures):
            self._signatures(block)

    def _page(self) -> None:
        from docx.shared import Mm, Pt

        document, section = self.document, self.word.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.left_margin = section.right_margin = Mm(15)
        section.top_margin, section.bottom_margin = Mm(20), Mm(18)
        for name, size, latin, chinese in (
            ("Normal", 10.5, "Arial", "宋体"),
            ("Title", 20, "Arial", "黑体"),
            ("Heading 1", 13, "Arial", "黑体"),
            ("Heading 2", 11, "Arial", "黑体"),
        ):
            style: Any = self.word.styles[name]
            style.font.size = Pt(size)
            _fonts(style, latin, chinese)
            if name != "Normal":
                style.font.bold = True
                _black(style)
        normal: Any = self.word.styles["Normal"]
        normal.paragraph_format.space_after = Pt(4)
        _page_number(section.footer.paragraphs[0])
        section.header.paragraphs[0].text = _clean(f"{document.title}  {document.number}")
        core = self.word.core_properties
        core.title = _clean(f"{document.title} {document.number}")[:255]
        core.author = core.last_modified_by = "Weibao"
        core.comments = ""
        core.created = core.modified = datetime(2000, 1, 1, tzinfo=UTC)

    def _gap(self) -> None:
        from docx.shared import Pt

        paragraph = self.word.add_paragraph()
        paragraph.paragraph_format.space_after = Pt(0)
        paragraph.paragraph_format.line_spacing = Pt(6)

    def _paragraph(
        self,
        text: str,
        *,
        style: str = "Normal",
        tone: Tone = "",
        centred: bool = False,
        bold: bool = False,
        size: float = 0,
    ) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH

        paragraph = self.word.add_paragraph(style=style)
        if centred:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        _run(paragraph, text, tone, bold=bold, size=size)

    def _form(self, facts: Facts) -> None:
        rows = form_rows(facts)
        table = self.word.add_table(rows=0, cols=4, style="Table Grid")
        value = (_WIDTH_MM - 2 * _LABEL_MM) / 2
        for row in rows:
            cells = table.add_row().cells
            for index, fact in enumerate(row):
                _cell(cells[2 * index], fact.label, head=True)
                last = cells[2 * index + 1]
                if len(row) == 1:
                    last = cells[1].merge(cells[3])
                _cell(last, fact.text, tone=fact.tone)
        _widths(table, (_LABEL_MM, value, _LABEL_MM, value))

    def _table(self, block: Table) -> None:
        table = self.word.add_table(rows=1, cols=len(block.head), style="Table Grid")
        for cell, text in zip(table.rows[0].cells, block.head, strict=True):
            _cell(cell, text, head=True, size=9)
        _repeated(table.rows[0])
        total = sum(block.widths)
        widths = tuple(_WIDTH_MM * width / total for width in block.widths)
        _widths(table, widths)
        _append_rows(table, block, widths)

    def _listing(self, block: Listing) -> None:
        from docx.oxml import parse_xml
        from docx.oxml.ns import nsdecls

        self._paragraph(block.caption, style="Heading 2")
        runs = "<w:r><w:br/></w:r>".join(
            _run_xml(line, _line_tone(line) if block.diff else "", 17, mono=True)
            for line in block.text.split("\n")
        )
        paragraph = self.word.add_paragraph()
        for run in list(parse_xml(f"<w:p {nsdecls('w')}>{runs}</w:p>")):
            paragraph._p.append(run)
        self._gap()

    def _signatures(self, block: Signatures) -> None:
        table = self.word.add_table(rows=0, cols=2, style="Table Grid")
        for start in range(0, len(block.slots), 2):
            row = table.add_row()
            row._tr.get_or_add_trPr().append(_element("w:cantSplit"))
            for cell, slot in zip(row.cells, block.slots[start : start + 2], strict=False):
                name = "" if slot.name == "—" else slot.name
                done = slot.done or self.w.say("sign.date")
                _cell(cell, f"{slot.role}\n\n{name}\n{done}")
        _widths(table, (_WIDTH_MM / 2, _WIDTH_MM / 2))


def _append_rows(table: Any, block: Table, widths: tuple[float, ...]) -> None:
    """The rows as XML at once: cell by cell python-docx takes half a millisecond for each."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    rows = []
    for number, texts in enumerate(block.rows):
        cells = "".join(
            _cell_xml(text, width, block.tone(number) if index == block.marked else "")
            for index, (text, width) in enumerate(zip(texts, widths, strict=True))
        )
        rows.append(f"<w:tr><w:trPr><w:cantSplit/></w:trPr>{cells}</w:tr>")
    made = parse_xml(f"<w:tbl {nsdecls('w')}>{''.join(rows)}</w:tbl>")
    for row in list(made):
        table._tbl.append(row)


def _cell_xml(text: str, width: float, tone: Tone) -> str:
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width * 56.7:.0f}" w:type="dxa"/></w:tcPr><w:p><w:pPr>'
        f'<w:spacing w:before="20" w:after="20"/></w:pPr>{_run_xml(text, tone, 18)}</w:p></w:tc>'
    )


def _run_xml(text: str, tone: Tone, half_points: int, *, mono: bool = False) -> str:
    """A run; the order of its properties is the schema's."""
    fonts = 'w:ascii="Courier New" w:hAnsi="Courier New" w:eastAsia="宋体" w:cs="Courier New"'
    style = f"<w:rFonts {fonts}/>" if mono else ""
    style += "<w:b/>" if tone == "bad" and not mono else ""
    style += f'<w:color w:val="{_COLOURS[tone]}"/>' if tone in _COLOURS else ""
    lines = "<w:br/>".join(
        f'<w:t xml:space="preserve">{escape(line)}</w:t>' for line in _clean(text).split("\n")
    )
    return f'<w:r><w:rPr>{style}<w:sz w:val="{half_points}"/></w:rPr>{lines}</w:r>'


def _line_tone(line: str) -> Tone:
    if line.startswith(("+++", "---")):
        return "note"
    tones: dict[str, Tone] = {"+": "good", "-": "bad", "@": "note"}
    return tones.get(line[:1], "")


def _run(
    paragraph: Any,
    text: str,
    tone: Tone = "",
    *,
    bold: bool = False,
    size: float = 0,
) -> None:
    from docx.shared import Pt, RGBColor

    run = paragraph.add_run(_clean(text))
    if tone in _COLOURS:
        run.font.color.rgb = RGBColor.from_string(_COLOURS[tone])
    if bold or tone == "bad":
        run.bold = True
    if size:
        run.font.size = Pt(size)


def _cell(cell: Any, text: str, *, head: bool = False, tone: Tone = "", size: float = 10) -> None:
    from docx.shared import Pt

    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(1)
    _run(paragraph, text, tone, bold=head, size=size)
    if head:
        cell._tc.get_or_add_tcPr().append(
            _element("w:shd", val="clear", color="auto", fill="F3F5F8")
        )


def _element(tag: str, **attributes: str) -> Any:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    element: Any = OxmlElement(tag)
    for name, value in attributes.items():
        element.set(qn(f"w:{name}"), value)
    return element


def _fonts(owner: Any, latin: str, chinese: str) -> None:
    """Word takes Chinese letters from a font of their own."""
    from docx.oxml.ns import qn

    owner.font.name = latin
    fonts = owner.element.get_or_add_rPr().get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    fonts.set(qn("w:eastAsia"), chinese)


def _black(style: Any) -> None:
    from docx.shared import RGBColor

    style.font.color.rgb = RGBColor(0x1B, 0x24, 0x30)


def _widths(table: Any, widths: tuple[float, ...]) -> None:
    from docx.shared import Mm

    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)
    for row in table.rows:
        for cell, width in zip(row.cells, widths, strict=True):
            if cell._tc.grid_span == 1:
                cell.width = Mm(width)


def _repeated(row: Any) -> None:
    """The head stands on every page."""
    row._tr.get_or_add_trPr().append(_element("w:tblHeader", val="true"))


def _page_number(paragraph: Any) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    for instruction in ("PAGE", "NUMPAGES"):
        if instruction == "NUMPAGES":
            paragraph.add_run(" / ")
        run = paragraph.add_run("1")
        field = _element("w:fldSimple", instr=instruction)
        field.append(run._r)
        paragraph._p.append(field)
