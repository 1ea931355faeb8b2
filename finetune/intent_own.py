"""`python -m finetune.intent_own OUT` makes the packaged model of intents, from wordings written for this project."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import yaml

from finetune.classify import train
from rag.classifier import Classifier, Shape
from rag.question.intent_model import IntentModel, Reading
from rag.vocabulary import Relation

FOLDER = Path(__file__).parent / "intent_wordings"
NONE, REVERSE = "none", "reverse"
ASKS: Mapping[str, tuple[Relation, ...]] = {
    "symptom": (Relation.SYMPTOM,),
    "complication": (Relation.COMPLICATION,),
    "cause": (Relation.CAUSE, Relation.RISK_FACTOR),
    "body_part": (Relation.BODY_PART,),
    "department": (Relation.DEPARTMENT,),
    "examination": (Relation.EXAMINATION, Relation.HISTOLOGY),
    "drug": (Relation.DRUG,),
    "treatment": (Relation.TREATMENT, Relation.DRUG, Relation.ADJUVANT),
    "prevention": (Relation.PREVENTION,),
    "food": (Relation.FOOD_GOOD, Relation.FOOD_BAD),
    "food_good": (Relation.FOOD_GOOD,),
    "food_bad": (Relation.FOOD_BAD,),
    "population": (Relation.POPULATION,),
    "infectivity": (Relation.INFECTIVITY,),
    "duration": (Relation.DURATION,),
    "cure_rate": (Relation.CURE_RATE,),
    "cost": (Relation.COST,),
    "insurance": (Relation.INSURANCE,),
    "indication": (Relation.INDICATION, Relation.EFFICACY),
    "contraindication": (Relation.CONTRAINDICATION, Relation.CAUTION),
    "caution": (Relation.CAUTION,),
    "adverse": (Relation.ADVERSE,),
    "interaction": (Relation.INTERACTION, Relation.INCOMPATIBLE),
    "dosage": (Relation.DOSAGE,),
    "dosage_form": (Relation.DOSAGE_FORM,),
    "drug_class": (Relation.DRUG_CLASS,),
    "ingredient": (Relation.INGREDIENT,),
    "nature": (Relation.NATURE,),
}
SURE = 0.35
"""Probability from which the packaged model is heard."""
STRENGTH = 30.0
SHAPE = Shape(buckets=1 << 14)
_OPENINGS = (
    "",
    "",
    "",
    "请问",
    "医生，",
    "你好，",
    "想问下",
    "我妈查出□，",
    "我得了□，",
    "大夫说是□，",
    "那个",
    "麻烦问一下，",
)
_ENDINGS = ("", "", "", "？", "呢", "啊", "，谢谢", "，急", "呀", "不", "来着")
_VARIANTS = 4


def wordings(folder: Path = FOLDER) -> dict[str, list[str]]:
    """Label -> how it is asked, names as marks."""
    found: dict[str, list[str]] = yaml.safe_load((folder / "wordings.yaml").read_text(encoding="utf-8"))
    return found


def examples(found: Mapping[str, Sequence[str]], seed: int = 1) -> Iterator[tuple[str, str]]:
    """(question, label), each wording as it stands and with openings and endings around it; the same for a seed."""
    chance = random.Random(seed)
    for label, texts in found.items():
        for text in texts:
            yield text, label
            for _ in range(_VARIANTS):
                opening = chance.choice(_OPENINGS)
                if "□" in opening and "□" in text:  # 我得了□，怎么才能好
                    yield (
                        opening + text.replace("□", chance.choice(("", "这个病", "它")), 1) + chance.choice(_ENDINGS),
                        label,
                    )
                elif "□" not in opening:
                    yield opening + text + chance.choice(_ENDINGS), label


def fitted(found: Mapping[str, Sequence[str]]) -> Classifier:
    """A classifier of wordings."""
    rows = list(dict.fromkeys(examples(found)))
    return train([text for text, _ in rows], [label for _, label in rows], strength=STRENGTH, shape=SHAPE)


def run(out: Path) -> IntentModel:
    """Train, and write the model to `out`. Raises MissingExtraError without scikit-learn."""
    model = IntentModel(fitted(wordings()), ASKS, frozenset({REVERSE}), SURE, Reading.MARKS)
    model.save(out)
    return model


if __name__ == "__main__":
    run(Path(sys.argv[1]))
