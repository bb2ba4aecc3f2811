"""A Sphinx extension: the built pages load nothing from the network, or the build fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from sphinx.application import Sphinx

LOADING = {
    "audio": ("src",),
    "embed": ("src",),
    "iframe": ("src",),
    "image": ("href", "xlink:href"),
    "img": ("src", "srcset"),
    "input": ("src",),
    "object": ("data",),
    "script": ("src",),
    "source": ("src", "srcset"),
    "track": ("src",),
    "use": ("href", "xlink:href"),
    "video": ("src", "poster"),
}
"""The attributes by which an element loads something as the page opens; a link that is followed by a click is none."""

LOADING_LINKS = frozenset({"stylesheet", "icon", "preload", "modulepreload", "prefetch", "preconnect", "dns-prefetch"})

STYLED = re.compile(r"""(?:@import\s+(?:url\()?|url\()\s*["']?([^"')\s]+)""")


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attrs if value}
        names = LOADING.get(tag, ())
        if tag == "link" and not LOADING_LINKS.isdisjoint(given.get("rel", "").lower().split()):
            names = ("href",)
        self.loaded += [given[name] for name in names if name in given]
        self.loaded += STYLED.findall(given.get("style", ""))
        self._in_style = tag == "style"

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.loaded += STYLED.findall(data)

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False


def foreign(html: str) -> list[str]:
    """What a page loads from elsewhere."""
    page = _Page()
    page.feed(html)
    return [address for address in page.loaded if _is_elsewhere(address)]


def foreign_in_style(css: str) -> list[str]:
    """What a style sheet loads from elsewhere."""
    return [address for address in STYLED.findall(css) if _is_elsewhere(address)]


def _is_elsewhere(address: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme in ("http", "https")


def found_in(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every file of a built site that loads something from elsewhere, and what."""
    for pattern, read in (("*.html", foreign), ("*.css", foreign_in_style)):
        for path in sorted(folder.rglob(pattern)):
            for address in read(path.read_text("utf-8")):
                yield path, address


def check(app: Sphinx, exception: Exception | None) -> None:
    """Fails the build when there is such a file: at its end a warning would come too late to do so."""
    if exception is not None or app.builder.format != "html":
        return
    lines = [f"{path.relative_to(app.outdir)} loads {address}" for path, address in found_in(Path(app.outdir))]
    if lines:
        from sphinx.errors import SphinxError  # the tests look at pages without Sphinx

        raise SphinxError("the site is to load nothing from elsewhere:\n" + "\n".join(lines))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
