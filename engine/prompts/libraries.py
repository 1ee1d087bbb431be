"""Addresses of the libraries that briefs name: exact versions on jsDelivr.

Each file was found in its npm package and was run in a browser. tests/engine/prompts/test_library_packages.py repeats
this if the npm registry can be reached.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_NAMED = 10


class LibraryKind(StrEnum):
    """The way in which a page uses a library's file."""

    SCRIPT = "script"
    STYLE = "style"
    MODULE = "module"
    ASSET = "asset"  # an address that the page passes to the library's script


@dataclass(frozen=True, slots=True)
class LibraryFile:
    """A file of an npm package. `spec` is name@version.

    `defines` is a script's global, a module's names, or an asset's purpose.
    """

    kind: LibraryKind
    spec: str
    path: str
    defines: str = ""

    @property
    def address(self) -> str:
        """The file's address on jsDelivr."""
        return f"https://cdn.jsdelivr.net/npm/{self.spec}/{self.path}"

    def line(self) -> str:
        """Return the file's line in a prompt."""
        name, _, version = self.spec.rpartition("@")
        return f"{name} {version}: {self._use()}"

    def _use(self) -> str:
        match self.kind:
            case LibraryKind.SCRIPT:
                defines = f"defines window.{self.defines}" if self.defines else "defines no global"
                return f'<script src="{self.address}"></script> {defines}'
            case LibraryKind.STYLE:
                return f'<link rel="stylesheet" href="{self.address}">'
            case LibraryKind.MODULE:
                return f'an ES module: import {self.defines} from "{self.address}"'
            case LibraryKind.ASSET:
                return f"{self.defines} is {self.address}"


@dataclass(frozen=True, slots=True)
class Library:
    """A library and its names in briefs.

    `beside` is a pattern of words: a name that is also a common word counts only in a text with one of them.
    """

    names: tuple[str, ...]
    files: tuple[LibraryFile, ...]
    beside: str = ""

    def place_in(self, words: str) -> int | None:
        """Return the offset of the first mention; None if there is none. A file, an id or a class is no mention."""
        names = "|".join(re.escape(name).replace(r"\ ", r"[\s-]?") for name in self.names)
        found = re.search(rf"(?<![\w.#-])(?:{names})(?![\w-]|\.\w)", words, re.IGNORECASE)
        if found is None or (self.beside and not re.search(rf"\b(?:{self.beside})", words, re.IGNORECASE)):
            return None
        return found.start()


def _script(spec: str, path: str, defines: str = "") -> LibraryFile:
    return LibraryFile(LibraryKind.SCRIPT, spec, path, defines)


def _style(spec: str, path: str) -> LibraryFile:
    return LibraryFile(LibraryKind.STYLE, spec, path)


def _module(spec: str, path: str, names: str) -> LibraryFile:
    return LibraryFile(LibraryKind.MODULE, spec, path, names)


def _asset(spec: str, path: str, what: str) -> LibraryFile:
    return LibraryFile(LibraryKind.ASSET, spec, path, what)


def _one(names: str, spec: str, path: str, defines: str, beside: str = "") -> Library:
    """Return a library with one script; `names` are divided by commas."""
    return Library(tuple(names.split(", ")), (_script(spec, path, defines),), beside)


_ANY = "library|libraries|framework|cdn|jsdelivr|unpkg|cdnjs"

#: Versions: the newest patch of the release that models know best. A file whose address has the library's usual name
#: is preferred to a smaller file, because checks look for it (`script[src*="highlight.js"]`).
LIBRARIES = (
    Library(
        ("bootstrap",),
        (
            _style("bootstrap@5.3.8", "dist/css/bootstrap.min.css"),
            _script("bootstrap@5.3.8", "dist/js/bootstrap.bundle.min.js", "bootstrap"),
        ),
    ),
    Library(("bootstrap icons",), (_style("bootstrap-icons@1.13.1", "font/bootstrap-icons.min.css"),)),
    Library(("bulma",), (_style("bulma@1.0.4", "css/bulma.min.css"),)),
    Library(
        ("font awesome",),
        (_style("@fortawesome/fontawesome-free@7.1.0", "css/all.min.css"),),
    ),
    Library(("animate.css",), (_style("animate.css@4.1.1", "animate.min.css"),)),
    _one("tailwind, tailwind css", "@tailwindcss/browser@4.1.18", "dist/index.global.js", ""),
    _one("jquery", "jquery@3.7.1", "dist/jquery.min.js", "jQuery"),
    Library(
        ("react", "react.js", "reactjs"),
        (
            _script("react@18.3.1", "umd/react.production.min.js", "React"),
            _script("react-dom@18.3.1", "umd/react-dom.production.min.js", "ReactDOM"),
        ),
        rf"{_ANY}|react\.?js|react-dom|component|hooks?\b|jsx|babel|umd",
    ),
    _one("babel, jsx", "@babel/standalone@7.28.5", "babel.min.js", "Babel"),
    _one(
        "vue, vue.js, vuejs",
        "vue@3.5.25",
        "dist/vue.global.prod.js",
        "Vue",
        rf"{_ANY}|vue\.?js|vue 3|component|reactiv|v-",
    ),
    _one("alpine.js, alpinejs", "alpinejs@3.15.2", "dist/cdn.min.js", "Alpine"),
    _one("htmx, htmx.js", "htmx.org@2.0.8", "dist/htmx.min.js", "htmx"),
    _one("handlebars, handlebars.js", "handlebars@4.7.8", "dist/handlebars.min.js", "Handlebars"),
    _one(
        "marked, marked.js", "marked@15.0.12", "marked.min.js", "marked", rf"{_ANY}|markdown|marked\.js|highlight\.?js"
    ),
    _one("markdown-it", "markdown-it@14.1.0", "dist/markdown-it.min.js", "markdownit"),
    Library(
        ("highlight.js", "highlightjs", "hljs"),
        (
            _script("@highlightjs/cdn-assets@11.11.1", "highlight.js", "hljs"),
            _style("@highlightjs/cdn-assets@11.11.1", "styles/github.min.css"),
        ),
    ),
    _one("dompurify", "dompurify@3.3.1", "dist/purify.min.js", "DOMPurify"),
    _one(
        "mermaid, mermaid.js",
        "mermaid@11.12.2",
        "dist/mermaid.min.js",
        "mermaid",
        rf"{_ANY}|mermaid\.js|diagram|chart|graph|markdown",
    ),
    Library(
        ("katex",),
        (
            _style("katex@0.16.27", "dist/katex.min.css"),
            _script("katex@0.16.27", "dist/katex.min.js", "katex"),
            _script("katex@0.16.27", "dist/contrib/auto-render.min.js", "renderMathInElement"),
        ),
    ),
    _one("mathjax", "mathjax@3.2.2", "es5/tex-mml-chtml.js", "MathJax"),
    _one("chart.js, chartjs", "chart.js@4.5.1", "dist/chart.umd.min.js", "Chart"),
    _one("d3, d3.js, d3js", "d3@7.9.0", "dist/d3.min.js", "d3"),
    _one("plotly, plotly.js, plotlyjs", "plotly.js-dist-min@3.3.0", "plotly.min.js", "Plotly"),
    _one("echarts, apache echarts", "echarts@6.0.0", "dist/echarts.min.js", "echarts"),
    Library(
        ("vega", "vega-lite", "vega-embed", "vegalite"),
        (
            _script("vega@6.2.0", "build/vega.min.js", "vega"),
            _script("vega-lite@6.4.1", "build/vega-lite.min.js", "vegaLite"),
            _script("vega-embed@7.1.0", "build/vega-embed.min.js", "vegaEmbed"),
        ),
    ),
    Library(
        ("leaflet", "leaflet.js"),
        (_style("leaflet@1.9.4", "dist/leaflet.css"), _script("leaflet@1.9.4", "dist/leaflet.js", "L")),
        rf"{_ANY}|leaflet\.js|maps?\b|marker|tiles?\b|openstreetmap|geojson",
    ),
    Library(("three.js", "threejs"), (_module("three@0.180.0", "build/three.module.min.js", "* as THREE"),)),
    _one("p5.js, p5js", "p5@1.11.11", "lib/p5.min.js", "p5"),
    _one("matter.js, matter-js, matterjs", "matter-js@0.20.0", "build/matter.min.js", "Matter"),
    _one("gsap", "gsap@3.13.0", "dist/gsap.min.js", "gsap"),
    _one("canvas-confetti, confetti.js", "canvas-confetti@1.9.4", "dist/confetti.browser.js", "confetti"),
    _one("papa parse, papaparse.js", "papaparse@5.5.3", "papaparse.min.js", "Papa"),
    _one("sheetjs, sheet.js, js-xlsx, xlsx.js", "xlsx@0.18.5", "dist/xlsx.full.min.js", "XLSX"),
    _one("js-yaml, jsyaml", "js-yaml@4.1.1", "dist/js-yaml.min.js", "jsyaml"),
    _one("jszip", "jszip@3.10.1", "dist/jszip.min.js", "JSZip"),
    _one("filesaver, filesaver.js, file-saver", "file-saver@2.0.5", "dist/FileSaver.min.js", "saveAs"),
    Library(
        ("sql.js", "sqljs"),
        (
            _script("sql.js@1.13.0", "dist/sql-wasm.js", "initSqlJs"),
            _asset("sql.js@1.13.0", "dist/sql-wasm.wasm", "what locateFile returns"),
        ),
    ),
    Library(
        ("pdf.js", "pdfjs", "pdfjs-dist"),
        (
            _module("pdfjs-dist@5.4.530", "build/pdf.min.mjs", "* as pdfjsLib"),
            _asset("pdfjs-dist@5.4.530", "build/pdf.worker.min.mjs", "GlobalWorkerOptions.workerSrc"),
        ),
    ),
    Library(("jspdf",), (_script("jspdf@3.0.4", "dist/jspdf.umd.min.js", "jspdf"),)),
    _one("html2canvas", "html2canvas@1.4.1", "dist/html2canvas.min.js", "html2canvas"),
    _one("tesseract, tesseract.js, tesseractjs", "tesseract.js@6.0.1", "dist/tesseract.min.js", "Tesseract"),
    _one("qrcode, qr code, qrcode.js, qrcodejs", "qrcodejs@1.0.0", "qrcode.min.js", "QRCode"),
    _one("day.js, dayjs", "dayjs@1.11.19", "dayjs.min.js", "dayjs"),
    _one("moment.js, momentjs", "moment@2.30.1", "min/moment.min.js", "moment"),
    _one("luxon", "luxon@3.7.2", "build/global/luxon.min.js", "luxon"),
    _one("lodash, lodash.js", "lodash@4.17.21", "lodash.min.js", "_"),
    _one("axios", "axios@1.13.2", "dist/axios.min.js", "axios"),
    _one("fuse.js, fusejs", "fuse.js@7.1.0", "dist/fuse.min.js", "Fuse"),
    _one("sortablejs, sortable.js", "sortablejs@1.15.6", "Sortable.min.js", "Sortable"),
)


def named_in(words: str) -> list[Library]:
    """Return the libraries that a text names, in the order of mention, at most MOST_NAMED."""
    places = [(at, library) for library in LIBRARIES if (at := library.place_in(words)) is not None]
    return [library for _, library in sorted(places, key=lambda place: place[0])][:MOST_NAMED]


def lines(libraries: Iterable[Library]) -> list[str]:
    """Return the prompt's lines on libraries, one for each file."""
    return [file.line() for library in libraries for file in library.files]
