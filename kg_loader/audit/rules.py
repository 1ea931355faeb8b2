"""All rules, in the order in which they run, and what each finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kg_loader.audit import aliases, company, contradictions, doses, harm, names, texts
from kg_loader.audit.knowledge import Knowledge
from rag.domain import EDITOR_RULE, Finding

RULES: tuple[Callable[[Knowledge], Iterator[Finding]], ...] = (
    names.junk_names,
    names.misplaced_names,
    names.everyday_names,
    aliases.aliases,
    contradictions.contradictions,
    company.company,
    texts.texts,
    doses.doses,
    harm.harm,
)
MEANINGS = {
    names.JUNK: "entities called by a duration, a sum, a sentence, a placeholder, or with lost characters",
    names.MISPLACED: "entities called by what belongs to another column: a department, a drug, a treatment ...",
    names.EVERYDAY: "hardly described diseases and drugs called by an everyday word",
    aliases.ONE_CHARACTER: "aliases of one character",
    aliases.EVERYDAY: "aliases that are everyday words",
    aliases.OWN_NAME: "aliases that are the own name of another entity of the same type",
    aliases.SHARED: "aliases of several entities of one type",
    aliases.BROADER: "aliases that are the broader term of several entities",
    contradictions.CONTRADICTION: "one source says two things that exclude each other",
    company.PASTED: "objects that a page template put under unrelated subjects",
    company.OUT_OF_PLACE: "objects far from everything else they stand under",
    company.NAMED_FOR_ANOTHER: "remedies named for an ailment unlike the one they stand under",
    texts.SPLICED: "texts that hold the text of another field",
    texts.EXPONENT: "numbers whose exponent was lost",
    texts.TRUNCATED: "texts and values that break off",
    doses.DOSE: "single doses far from the others of the same drug and route",
    doses.FREQUENCY: "more doses than a day holds",
    harm.CONTRAINDICATED: "remedies given for what their own monograph or another record forbids",
    harm.OTHER_SEX: "remedies under an illness of the sex they are otherwise not given to",
    EDITOR_RULE: "what a person put in quarantine",
}
