"""Generated pictures."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from tasks_app.rehearsal.templates.generated import FileSpec, GeneratedFile

if TYPE_CHECKING:
    from tasks_app.rehearsal.templates.draws import SeededDraws

Pixels = Annotated[int, Field(ge=8, le=600)]
_BLOCK = 65_535  # bytes in one block of zlib


class ImageSpec(FileSpec):
    """Squares of seeded colours."""

    kind: Literal["image"]
    format: Literal["png", "svg"] = "png"
    width: Pixels = 96
    height: Pixels = 64

    def generate(self, draws: SeededDraws) -> GeneratedFile:
        colours = [bytes(draws.below(256) for _ in range(3)) for _ in range(4)]
        squares = [[draws.below(len(colours)) for _ in range(6)] for _ in range(4)]
        if self.format == "svg":
            return GeneratedFile(self._svg(colours, squares), "image/svg+xml")
        return GeneratedFile(self._png(colours, squares), "image/png")

    def _svg(self, colours: list[bytes], squares: list[list[int]]) -> bytes:
        shapes = "".join(
            f'<rect x="{x}" y="{y}" width="1" height="1" fill="#{colours[colour].hex()}"/>\n'
            for y, row in enumerate(squares)
            for x, colour in enumerate(row)
        )
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" '
            'viewBox="0 0 6 4" preserveAspectRatio="none">'
        )
        return f"{head}\n{shapes}</svg>\n".encode()

    def _png(self, colours: list[bytes], squares: list[list[int]]) -> bytes:
        lines = (
            b"\0" + bytes(squares[y * 4 // self.height][x * 6 // self.width] for x in range(self.width))
            for y in range(self.height)
        )
        header = struct.pack(">IIBBBBB", self.width, self.height, 8, 3, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + b"".join(
            _chunk(name, content)
            for name, content in (
                (b"IHDR", header),
                (b"PLTE", b"".join(colours)),
                (b"IDAT", _stored(b"".join(lines))),
                (b"IEND", b""),
            )
        )


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def _stored(content: bytes) -> bytes:
    """Return a zlib stream without compression, whose result would differ between versions of zlib."""
    blocks = [content[at : at + _BLOCK] for at in range(0, len(content), _BLOCK)]
    packed = b"".join(
        struct.pack("<BHH", at == len(blocks), len(block), len(block) ^ 0xFFFF) + block
        for at, block in enumerate(blocks, 1)
    )
    return b"\x78\x01" + packed + struct.pack(">I", zlib.adler32(content))
