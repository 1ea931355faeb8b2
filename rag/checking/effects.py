"""Who acts on whom: cause and effect of a clause, and of what the evidence lists. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from rag.checking.clauses import Clause, bare, content_of, read
from rag.checking.ground import Ground

_ITSELF = re.compile("^..(?:其|本品|本药|该药)")


_TREATED = re.compile("用于|治疗|防治")


CAUSAL = re.compile(
    r"引起|进展为|发展为|使|令|(?:降低|升高|减弱|增强|减少|增加|提高|抑制)(?![的、，,或和及与者时后]|症|病史|史|\s|$)|\bcause\b|\b(?:in|de)creas\w+\b|\breduc\w+\b|"
    r"\blower\w+\b|\brais\w+\b"
)


_BROUGHT_ABOUT = re.compile(r"引起|并发(?!症)|\bcause\b")


_ONE_OF_ITS = re.compile(
    r"(?<!症状)(?<!主要)(?:是|为|属于|属)(?P<of>[^，,、]{2,20}?)(?<!等)的?(?:一种|常见|主要|典型)?(?:并发症|症状|不良反应)"
)


_AGENT_BEHIND = re.compile(r"由|被|因|\bby\b")


_CAUSES_LISTED = re.compile(r"病因|诱因|危险因素|高危因素|原因|causes? of")


_EFFECTS_LISTED = re.compile(r"不良反应|的并发症|的症状|(?<!病)毒性(?=$|、)|symptoms? of|complications? of|adverse")


Sides = tuple[frozenset[str], frozenset[str]]


def sides_of(text: str, cue: re.Match[str], title: str = "") -> Sides:
    """What stands before a cue, the title where that is nothing, and what behind it; content of both is neither's."""
    before, right = text[: cue.start()], content_of(text[cue.end() :])
    left = content_of(before) if bare(before) else content_of(title)
    return left - right, right - left


def _cause_and_effect(text: str, cue: re.Match[str], title: str = "") -> Sides:
    """As `sides_of`, where the agent stands behind its effect (`B由A引起`, `B is caused by A`) the other way round."""
    passive = re.search(r"([由被因])(?!于)", text[: cue.start()])
    if passive:
        effect, cause = content_of(text[: passive.start()]), content_of(text[passive.end() : cue.start()])
        effect |= content_of(text[cue.end() :])
        return cause - effect, effect - cause
    left, right = sides_of(text, cue, title)
    return (right, left) if text[cue.end() :].startswith(" by") else (left, right)


def exchanged(clause: Clause, cue: re.Match[str], parts: Sequence[Clause], ground: Ground) -> bool:
    """Whether agent and patient of the evidence stand in each other's place, and nowhere in their own."""
    cause, effect = _cause_and_effect(clause.text, cue)
    there = [_cause_and_effect(p.text, found, ground.title) for p in parts for found in CAUSAL.finditer(p.text)]
    if cause & ground.title_content and any(
        effect & (sides_of(p.text, found)[0] or before.content) - ground.title_content
        for before, p in pairwise([parts[0], *parts])
        for found in CAUSAL.finditer(p.text)
        if _ITSELF.search(p.plain[p.plain.find(found[0]) :])
    ):
        return True  # `利福平可降低其浓度` under a title: what the title names is lowered
    if any(cause & agent and effect & patient for agent, patient in there):
        return False
    if (
        cause
        and bare(clause.text[: cue.start()]) <= ground.title_content
        and any(
            effect & content_of(p.text[found.end() :]) and _TREATED.search(p.text[: found.start()])
            for p in parts
            for found in _BROUGHT_ABOUT.finditer(p.text)
        )
    ):
        return True  # `用于甲引起的乙` of a remedy that is said to bring it about
    return any(cause & patient and effect & agent for agent, patient in there)


def turns_lists(claim: str, ground: Ground) -> bool:
    """Whether a clause of normalised `claim` makes the listed effect the cause (`乙可并发甲` of 甲的并发症：乙)."""
    sides = (cause_first(clause.text) for segment in read(claim) for clause in segment.clauses)
    return any(found is not None and against_the_list(found, ground) for found in sides)


def cause_first(said: str) -> Sides | None:
    """What brings about and what is brought about: `甲引起乙`, `乙由甲引起`, `乙是甲的并发症`."""
    match = _BROUGHT_ABOUT.search(said)
    if match:
        left, right = content_of(said[: match.start()]), content_of(said[match.end() :])
        left, right = left - right, (right - left) or right  # 甲后神经痛引起甲
        agent = _AGENT_BEHIND.search(said[: match.start()])
        if agent and content_of(said[: agent.start()]):  # `因甲引起乙` begins with its cause
            cause, effect = content_of(said[agent.end() : match.start()]), content_of(said[: agent.start()]) | right
            return cause - effect, effect - cause
        return (right, left) if said[match.end() :].startswith(" by") else (left, right)
    match = _ONE_OF_ITS.search(said)
    if match is None:
        return None
    effect, cause = content_of(said[: match.start()]), content_of(match["of"])
    return cause - effect, effect - cause


def against_the_list(sides: Sides, ground: Ground) -> bool:
    """Whether a sentence lets the listed effects bring about their cause, or the subject its listed causes."""
    left, right = sides
    for segment in ground.segments:
        subject = ground.title_content
        for part in segment.clauses:
            label = _CAUSES_LISTED.search(part.text) or _EFFECTS_LISTED.search(part.text)
            if label is None:
                continue
            ends = content_of(part.text[: label.start()]) | subject
            behind = content_of(part.text[label.end() :])
            listed = behind.union(*(p.content for p in segment.clauses if p is not part)) - ends
            if part.label:
                listed = listed.union(*(s.content for s in ground.segments)) - ends
            causes, effects = (listed, ends) if _CAUSES_LISTED.search(part.text) else (ends, listed)
            if left & effects and right & causes and not left & causes:
                return True
    return False
