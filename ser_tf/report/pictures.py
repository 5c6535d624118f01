"""PNG files as the page carries them: whole, with their size, as a `data:` address."""

import base64
from pathlib import Path

SIGNATURE = b"\x89PNG\r\n\x1a\n"
END = b"IEND\xaeB`\x82"


def read_png(path: Path) -> tuple[bytes, int, int]:
    """Reads a PNG.

    Args:
        path: The file.

    Returns:
        Its bytes, its width and its height in pixels.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no PNG, or its end is missing.
    """
    data = path.read_bytes()
    if not data.startswith(SIGNATURE) or data[12:16] != b"IHDR":
        raise ValueError("not a PNG")
    if not data.endswith(END):
        raise ValueError("the end of the PNG is missing")
    return data, int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def address(png: bytes) -> str:
    """A PNG as a `data:` address.

    Args:
        png: Its bytes.
    """
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
