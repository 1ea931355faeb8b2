"""The values of short Chinese numerals. Pure."""

from __future__ import annotations

HAN_VALUE = {c: n for n, c in enumerate("零一二三四五六七八九十")} | {"两": 2}


def value_of(text: str) -> float:
    """The value of digits or of a short Chinese numeral; 0 where there is none."""
    if not text:
        return 0.0
    if text[0].isascii():
        return float(text)
    if text == "半":
        return 0.5
    total, digit = 0.0, 0.0
    for char in text:
        if char == "十":
            total, digit = total + (digit or 1) * 10, 0.0
        elif char == "百":
            total, digit = total + (digit or 1) * 100, 0.0
        elif char in HAN_VALUE:
            digit = float(HAN_VALUE[char])
    return total + digit


def decimals_of(text: str) -> float:
    """What `点` and the numerals behind it add."""
    digits = [(place, HAN_VALUE[char]) for place, char in enumerate(text[1:], start=1) if char in HAN_VALUE]
    return sum(digit * 0.1**place for place, digit in digits)
