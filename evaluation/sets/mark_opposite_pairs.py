"""Recompute the column in_kb of opposite_pairs.csv from raw data, independently of the product.

Usage: python mark_opposite_pairs.py DATA_FOLDER [--check]

A name counts as known if it is exactly the 中心词 of a record of kg/cmekg.jsonl or the first line of a monograph of
kg/drug.json; aliases and the drugs that records merely list do not count. With --check nothing is written and the
exit status is 1 if the column differs. Standard library only.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path

PAIRS = Path(__file__).resolve().with_name("opposite_pairs.csv")
STATES = {(True, True): "both", (True, False): "a", (False, True): "b", (False, False): "none"}


def known_names(data: Path) -> set[str]:
    """Return the names of all disease records and drug monographs."""
    lines = (data / "kg" / "cmekg.jsonl").read_text(encoding="utf-8-sig").splitlines()
    diseases = {str(json.loads(line)["中心词"]).strip() for line in lines if line.strip()}
    monographs: list[str] = json.loads((data / "kg" / "drug.json").read_text(encoding="utf-8-sig"))
    return diseases | {text.split("\n", 1)[0].strip() for text in monographs}


def main() -> int:
    """Write the column anew, or say whether it stands."""
    parser = argparse.ArgumentParser(description="Recompute the column in_kb of opposite_pairs.csv.")
    parser.add_argument("data", type=Path, help="folder that holds kg/cmekg.jsonl and kg/drug.json")
    parser.add_argument("--check", action="store_true", help="only compare; exit status 1 on a difference")
    options = parser.parse_args()
    known = known_names(options.data)
    with PAIRS.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    differing = [row for row in rows if row["in_kb"] != STATES[row["a"] in known, row["b"] in known]]
    if options.check or not differing:
        sys.stdout.write(f"{len(rows)} pairs, {len(differing)} with another in_kb\n")
        return 1 if differing else 0
    for row in rows:
        row["in_kb"] = STATES[row["a"] in known, row["b"] in known]
    with PAIRS.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    sys.stdout.write(f"{len(differing)} of {len(rows)} pairs marked anew\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
