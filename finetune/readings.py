"""`python -m finetune.readings > rag/linking/readings.json`: how characters are read, of pypinyin's data.

Needs `pip install pypinyin` (MIT), which the product itself does not: it would cost a quarter of a second at each
start, for one reading of each character. The first reading listed is taken, without its tone.
"""

from __future__ import annotations

import importlib
import json
import sys
import unicodedata
from collections.abc import Mapping

FIRST, LAST = 0x4E00, 0x9FFF
UMLAUT = "\u0308"


def syllable(reading: str) -> str:
    """`lǜ` -> `lv`: letters of the alphabet, no tone."""
    parts = unicodedata.normalize("NFD", reading.replace("ê", "e"))
    plain = "".join(char for char in parts if char == UMLAUT or not unicodedata.combining(char))
    return plain.replace("u" + UMLAUT, "v")


def document(readings: Mapping[int, str], version: str) -> dict[str, object]:
    """What `rag/linking/readings.json` holds: the characters of each syllable, in the order of Unicode."""
    found: dict[str, str] = {}
    for code in range(FIRST, LAST + 1):
        if code in readings:
            name = syllable(readings[code].split(",")[0])
            found[name] = found.get(name, "") + chr(code)
    return {
        "source": f"pypinyin {version}, MIT, https://github.com/mozillazg/python-pinyin",
        "characters": dict(sorted(found.items())),
    }


def main() -> None:
    """Print the table."""
    from importlib import metadata

    table = importlib.import_module("pypinyin.pinyin_dict").pinyin_dict
    json.dump(document(table, metadata.version("pypinyin")), sys.stdout, ensure_ascii=False, indent=0)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
