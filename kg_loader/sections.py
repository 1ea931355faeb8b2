"""The conclusion of an article: from its headings, or from last sentences that say they conclude.

Chinese headings are those of abstracts (目的 / 方法 / 结果 / 结论, with or without brackets and colons), English ones
those of structured abstracts and of papers. Text that nobody marked as a conclusion is never taken for one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from kg_loader.encodings import BAD_BYTES
from rag.text import clean, language_of, sentences

NO_CONCLUSION = "no conclusion"
"""The reason to skip an article that states none."""

_SHORTEST = 12
_LONGEST = {"zh": 300, "en": 900}
_LAST_SENTENCES = 4

_ZH_HEADING = re.compile(
    r"(?:^|(?<=[。．.;；)）\]】!?！？％% ]))\s*[【\[［(（]?(?:结果[与和])?(?:结\s?论|Conclusions?|CONCLUSIONS?)"
    r"(?:[】\]］)）]\s*[:：]?|\s*[:：]|\s*[?？]+|\s+(?![,，.。的])|(?=[\u4e00-\u9fffA-Z0-9])(?!是|与|和|的|为|表[明示]|可|如下|有"
    r"|认为|部分|参数|不一|一致|仍|都|意见|却|显示|说明|提示))\s*"
    r"|(?<=[,，])结论[:：]\s*"
)
_ZH_NEXT = re.compile(
    r"\s*[【\[［]?(?:关\s?键\s?词|Key\s?words?|中图分类号|\[Abstract|Abstract|作者简介)[】\]］]?\s*[:：]?"
)
_ZH_AIM = re.compile(r"[【\[［]?目\s?的[】\]］]?\s*[:：]?\s*([^。．;；]{6,120}?)(?:[。．;；]|\.(?!\d)|(?=方法|资料与))")

_EN_WORDS = (
    r"(?:authors?['’]?s?['’]?\s+|general\s+|overall\s+|main\s+|summary\s+and\s+|results?\s+and\s+|findings?\s+and\s+"
    r"|discussion\s+and\s+|discussion\s*/\s*)?(?:conclusions?(?:\(s\))?|concluding remarks|interpretation)"
    r"(?:\s*(?:and|&|/|,)\s*[a-z ]{3,40})?(?:\s*\([a-z ]{3,30}\))?"
)
_EN_LABEL = re.compile(rf"{_EN_WORDS}\s*[.:]?", re.IGNORECASE)
_EN_HEADING = re.compile(
    rf"(?:^|(?<=[.!?\])%] )|(?<=[.;]))\s*\[?(?:{_EN_WORDS})\]?\s*(?::|[.—–]\s|\s-\s)\s*"
    r"|(?:^|(?<=[.!?\])%] ))(?-i:(?:CONCLUSIONS?|INTERPRETATION)\s+(?=[A-Z]))",
    re.IGNORECASE,
)
_EN_NEXT = re.compile(
    r"(?:(?:^|(?<=[.;\])] )|(?<=[.;]))\s*(?:(?:clinical )?trial registr(?:ation|y)(?: (?:number|information|details))?|"
    r"systematic review registration|prospero registration|registration(?: number)?|funding|key ?words?|"
    r"level of evidence|evidence level|classification of evidence|primary funding source|limitations?|"
    r"plain language summary|data availability|competing interests|conflicts? of interest|mesh terms?|"
    r"video abstract|supplementary (?:data|information)|registered|study registration)\b[^.]{0,30}?[:.]\s)"
    r"|(?<=[.\])] )(?:\(?c\)|©|copyright\b|\(psycinfo|\(abstract truncated|published by elsevier|this article is "
    r"protected|©\s?\d{4}|clinicaltrials\.gov|registered (?:at|with|in) )",
    re.IGNORECASE,
)
_CUT_SHORT = re.compile(r"\(?ABSTRACT TRUNCATED(?: AT \d+ WORDS)?\)?\.?", re.IGNORECASE)
_EN_CONCLUDES = re.compile(
    r"(?:in (?:conclusion|summary|sum)|to (?:conclude|summari[sz]e)|(?:we|the authors|it is|it was|it may be) (?:\w+ )?"
    r"concluded?|taken together|collectively|(?:thus|therefore|hence|overall|consequently|accordingly),"
    r"|(?:(?:(?:our|these|the|the present|present|this|all these)\s(?:\w+\s){0,2}?(?:findings?|results?|data|study|"
    r"analys[ei]s|meta-analysis|review|trial|observations?|evidence|work|report)|we|findings|results)\s(?:\w+\s){0,2}?"
    r"(?:suggests?|indicates?|demonstrates?|shows?|supports?|confirms?|provides?|implies|imply|reveals?|suggested|"
    r"indicated)))(?=\W)",
    re.IGNORECASE,
)
_ZH_CONCLUDES = re.compile(
    r"(?:总之|综上|总而言之|由此可见|由此认为|因此[,，]?(?:认为)?|可见[,，]|结果(?:提示|表明|说明|显示出?)|提示[,，:：]?"
    r"|(?:以上|上述|这些|本|该)(?:组|文)?(?:结果|研究|资料|发现|试验|实验)+(?:结果)?(?:提示|表明|说明|认为|证实|证明)"
    r"|(?:我们|笔者|作者)(?:认为|的结论))"
)


# ---------------------------------------------------------------- abstracts


def is_conclusion_label(label: str) -> bool:
    """True for the name of a section that concludes, such as `Conclusions and relevance` or 结论."""
    plain = clean(label).strip(" .:：[]【】")
    return (
        _EN_LABEL.fullmatch(plain) is not None or re.fullmatch(r"(?:结果[与和]|讨论[与和])?结\s?论", plain) is not None
    )


def conclusion_of(abstract: str) -> str | None:
    """What stands under the last heading that names a conclusion, up to the next heading; None where there is none."""
    abstract = clean(abstract)  # runs of spaces would make the search for headings slow
    if language_of(abstract) == "en":
        return _english_section(abstract)
    headings = list(_ZH_HEADING.finditer(abstract))
    if not headings:
        return None
    body = abstract[headings[-1].end() :]
    following = _ZH_NEXT.search(body)
    section = (body[: following.start()] if following else body).strip(" ?？:：")
    return _long_enough(without_tail(section))


def _english_section(abstract: str) -> str | None:
    headings = list(_EN_HEADING.finditer(abstract))
    return _long_enough(without_tail(abstract[headings[-1].end() :])) if headings else None


def without_tail(text: str) -> str:
    """A conclusion without what abstracts append: registration, funding, copyright, keywords."""
    match = _EN_NEXT.search(text)
    kept = text[: match.start()] if match and match.start() else text
    return kept.strip()


def closing_of(abstract: str) -> str | None:
    """The last sentences of an abstract without headings, from the first one that says it concludes; else None."""
    if _CUT_SHORT.search(abstract):
        return None
    last = sentences(without_tail(abstract))[-_LAST_SENTENCES:]
    concludes = _EN_CONCLUDES if language_of(abstract) == "en" else _ZH_CONCLUDES
    for at, sentence in enumerate(last):
        if concludes.match(sentence):
            joint = " " if concludes is _EN_CONCLUDES else ""
            return _long_enough(joint.join(last[at:]))
    return None


def _long_enough(text: str) -> str | None:
    return text if len(text) >= _SHORTEST and not _CUT_SHORT.search(text) else None


def aim_of(abstract: str) -> str | None:
    """The sentence after 目的, which says what a conclusion such as 疗效可靠 speaks of; None where there is none."""
    match = _ZH_AIM.match(abstract)
    return match[1].strip() if match else None


# ---------------------------------------------------------------- whole documents

_NUMBERING = (
    r"(?:第?[一二三四五六七八九十\d]{1,3}(?:\.\d{1,2})*[章节、.．:：]?\s*|[IVX]{1,4}[.、]\s*"
    r"|[（(][一二三四五六七八九十\d][)）]\s*)?"
)
_LINE_HEADING = re.compile(rf"\s*#*\s*{_NUMBERING}[【\[]?(?P<name>[^【】\[\]]{{1,60}}?)[】\]]?\s*[:：.。]?\s*")
_ZH_DOCUMENT = re.compile(r"(?:结\s?论|结\s?语|小\s?结|总\s?结|结论[与和](?:展望|建议|讨论)|讨论[与和]结论|结束语)")
_ENDS_DOCUMENT = re.compile(
    r"参\s?考\s?文\s?献|致\s?谢|附\s?录|利益冲突.*|作者贡献.*|基金项目.*|志\s?谢|references?|bibliography"
    r"|literature cited"
    r"|acknowledge?ments?|funding(?: (?:sources?|statement|information))?|conflicts? of interests?|competing interests?"
    r"|declarations?(?: of .*)?|author(?:s['’]|['’]s)? contributions?|data availability(?: statement)?"
    r"|supplementary (?:materials?|data|information)|abbreviations|appendix(?: \w)?|disclosures?|ethics.*",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"\s*(?:\d{1,2}|[一二三四五六七八九十]{1,2}[、.]|[IVX]{1,4}\.)(?:\.\d+)*[.、．]?\s*\S{1,40}")


def document_conclusion(lines: Sequence[str]) -> str | None:
    """The conclusion of a document given line by line: the abstract's own, else the section at its end; else None."""
    inline = next((found for line in lines if (found := _inline(line))), None)
    return inline or _section(lines)


def _inline(line: str) -> str | None:
    """`【结论】…` inside a paragraph; a short line that is no sentence is a heading, or one of a list of contents."""
    text = clean(line)
    told = len(text) > 40 or _SENTENCE_END.search(text) is not None
    return conclusion_of(text) if told and BAD_BYTES not in line else None


def _section(lines: Sequence[str]) -> str | None:
    starts = [at for at, line in enumerate(lines) if _is_concluding(line)]
    for start in reversed(starts):
        body = list(_until_next_heading(lines[start + 1 :]))
        if any(BAD_BYTES in line for line in body):
            return None  # what is lost may have been the 不 of a sentence
        if text := _long_enough(_joined(body)):
            return text
    return None


def _is_concluding(line: str) -> bool:
    match = _LINE_HEADING.fullmatch(line)
    if match is None:
        return False
    name = match["name"].strip()
    return _ZH_DOCUMENT.fullmatch(name) is not None or _EN_LABEL.fullmatch(name) is not None


def _until_next_heading(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if _ends(line):
            return
        if line.strip():
            yield line


def _ends(line: str) -> bool:
    """A heading line: a known one, a Markdown one, or a numbered one that is no sentence."""
    text = line.strip()
    match = _LINE_HEADING.fullmatch(text)
    if match and _ENDS_DOCUMENT.fullmatch(match["name"].strip()):
        return True
    sentence = text.endswith(("。", ".", "；", ";", "，", ","))
    return text.startswith("#") or (len(text) <= 45 and _NUMBERED.fullmatch(text) is not None and not sentence)


def _joined(lines: Iterable[str]) -> str:
    """Lines as one text: a space between Latin words, none between Han characters."""
    text = ""
    for line in lines:
        piece = line.strip()
        glue = " " if text and text[-1].isascii() and piece[:1].isascii() else ""
        text += glue + piece
    return clean(text)


_WRAPPED = 130
"""Characters: a file whose widest line is longer, or stands alone in its width, has one paragraph a line."""
_LABEL = re.compile(
    r"\s*[【\[［]?(?:摘\s?要|目\s?的|背\s?景|方\s?法|结\s?果|结\s?论|关键词|abstract|background|objectives?|aims?|methods?|results?"
    r"|conclusions?|keywords?)(?:[】\]］]\s*[:：]?|\s*[:：])",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[。！？!?.；;]['\"”’）)\]]?\s*$")


def paragraphs(lines: Sequence[str]) -> list[str]:
    """Lines wrapped at a fixed width joined to paragraphs; headings, labelled parts and blank lines divide them."""
    widest = max(map(len, lines), default=0)
    if widest > _WRAPPED or sum(len(line) > 0.85 * widest for line in lines) < 2:
        return [line for line in lines if line.strip()]
    found: list[str] = []
    is_open = False
    for line in map(str.strip, lines):
        heading = bool(line) and (_is_concluding(line) or _ends(line))
        if is_open and line and not heading and not _LABEL.match(line):
            found[-1] = _wrapped(found[-1], line)
        elif line:
            found.append(line)
        is_open = bool(line) and not heading and not (len(line) < 0.7 * widest and _SENTENCE_END.search(line))
    return found


def _wrapped(text: str, line: str) -> str:
    """A word that was divided at the end of a line is one word again."""
    if re.search(r"[a-z]-$", text) and line[:1].islower():
        return text[:-1] + line
    glue = " " if text[-1].isascii() and line[:1].isascii() else ""
    return f"{text}{glue}{line}"


# ---------------------------------------------------------------- pieces of one idea


def pieces(text: str, limit: int | None = None) -> Iterator[str]:
    """`text` in order, cut between sentences into pieces of at most `limit` characters (300 Chinese, 900 English)."""
    language = language_of(text)
    most = limit or _LONGEST[language]
    joint = " " if language == "en" else ""
    held = ""
    for sentence in (part for whole in sentences(text) for part in _cut(whole, most)):
        if held and len(held) + len(joint) + len(sentence) > most:
            yield held
            held = ""
        held = f"{held}{joint}{sentence}" if held else sentence
    if held:
        yield held


def _cut(sentence: str, most: int) -> Iterator[str]:
    """A sentence longer than `most` at its last comma before that, else at a space, else anywhere."""
    while len(sentence) > most:
        window = sentence[:most]
        at = max(window.rfind(mark) for mark in "，、,：: ") + 1 or most
        yield sentence[:at].strip()
        sentence = sentence[at:].strip()
    if sentence:
        yield sentence
