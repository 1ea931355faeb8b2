"""Markup that is left in a text: the tags of HTML and JATS, and characters written as entities."""

from __future__ import annotations

import html
import re

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,30}\d{0,2});")
_POWER = re.compile(r"<sup(?:\s[^<>]{0,200})?>\s*([-−+]?\d+)\s*</sup>", re.IGNORECASE)
_INLINE = "sup|sub|inf|i|b|u|em|strong|italic|bold|underline|sc|scp|font|span|a"
_BLOCK = "p|br|div|sec|title|label|abstract|h[1-6]|ul|ol|li|list|list-item"
_TAG = r"</?(?:jats:)?(?:{names})(?:\s[^<>]{{0,200}})?/?>"
_INLINE_TAG = re.compile(_TAG.format(names=_INLINE), re.IGNORECASE)
_BLOCK_TAG = re.compile(_TAG.format(names=_BLOCK), re.IGNORECASE)


def unmarked(text: str) -> str:
    """`text` as it is read: 10<sup>9</sup> stays a power, other tags go, `p<0.05` and `x > 3` stay."""
    if "&" in text:
        text = _ENTITY.sub(lambda found: html.unescape(found[0]), text)
    if "<" not in text:
        return text
    return _BLOCK_TAG.sub(" ", _INLINE_TAG.sub("", _POWER.sub(r"^\1", text)))
