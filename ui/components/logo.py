"""The mark of the product, a cross in a speech bubble, with its name beside it."""

from __future__ import annotations

_BUBBLE = "M8 1h16a7 7 0 0 1 7 7v10a7 7 0 0 1-7 7H15l-7 6v-6a7 7 0 0 1-7-7V8a7 7 0 0 1 7-7z"
_CROSS = "M14 6h4v5h5v4h-5v5h-4v-5H9v-4h5z"
_FONTS = "PingFang SC, Microsoft YaHei, Noto Sans CJK SC, Noto Sans SC, WenQuanYi Zen Hei, sans-serif"


def logo(name: str) -> str:
    """As SVG; its colour is readable on the light and on the dark page. `name` is one of our own words."""
    width = 40 + 24 * sum(1.0 if letter > "\u2e80" else 0.6 for letter in name) if name else 32
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="32" viewBox="0 0 {width:.0f} 32">'
        f'<path d="{_BUBBLE}" fill="#0f8a83"/><path d="{_CROSS}" fill="#fff"/>'
        f'<text x="40" y="24" font-family="{_FONTS}" font-size="23" font-weight="700" fill="#0f8a83">'
        f"{name}</text></svg>"
    )
