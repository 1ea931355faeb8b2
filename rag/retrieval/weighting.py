"""How much each token of a question should count in the sparse index: learnt, packaged, applied to questions only.

BM25 trusts rarity, yet 咋办 or 我妈 are rare in answers and say nothing of what is asked. A table (`term_weights.json`,
made by `finetune.term_weights`) multiplies the inverse document frequency of a question's tokens; a token it does not
hold counts 1. The index itself does not change.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from rag.errors import ConfigurationError
from rag.text import SAME_TOKENS, TEXT_VERSION, tokens

_FORMAT = 1


@dataclass(frozen=True)
class TermWeights:
    """A factor per token; a token that a question holds n times counts n ** count_exponent of it."""

    factors: Mapping[str, float]
    count_exponent: float
    recipe: Mapping[str, Any]

    def of(self, text: str) -> dict[str, float]:
        """The weight of every distinct token of `text`, in order of appearance."""
        counts = Counter(tokens(text))
        return {token: n**self.count_exponent * self.factors.get(token, 1.0) for token, n in counts.items()}

    def to_json(self) -> str:
        """Canonical JSON, three decimals."""
        content = {
            "format": _FORMAT,
            "text_version": TEXT_VERSION,
            "count_exponent": self.count_exponent,
            "recipe": dict(self.recipe),
            "factors": {token: round(factor, 3) for token, factor in sorted(self.factors.items())},
        }
        return json.dumps(content, ensure_ascii=False, indent=0) + "\n"

    @classmethod
    def from_json(cls, text: str) -> TermWeights:
        """Read what `to_json` wrote; ConfigurationError if it is not that, or made for other tokens."""
        try:
            content = json.loads(text)
            factors = {str(token): float(factor) for token, factor in content["factors"].items()}
            made = cls(MappingProxyType(factors), float(content["count_exponent"]), content["recipe"])
            version, layout = content["text_version"], content["format"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigurationError(f"term weights: {error!r}; expected a file that `to_json` wrote") from error
        if layout != _FORMAT or version not in SAME_TOKENS or not all(0 < f < 100 for f in factors.values()):
            raise ConfigurationError(
                f"term weights: format {layout}, text version {version}; this program needs {_FORMAT} and "
                f"{TEXT_VERSION}, and factors between 0 and 100: make the file anew"
            )
        return made


@lru_cache(maxsize=1)
def default_weights() -> TermWeights:
    """The packaged table."""
    return TermWeights.from_json(
        resources.files("rag.retrieval").joinpath("term_weights.json").read_text(encoding="utf-8")
    )
