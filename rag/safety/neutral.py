"""Retrieved text is data: what in it talks to the model, sells, or would act when shown is blanked. Pure.

Two degrees. An attack (a demand on the model, a turn of a conversation, markup that acts, hidden characters) makes the
whole passage untrustworthy: it is withheld. An address (a link, a telephone, chat or account number) or a promise that
no source of medicine makes blanks the sentence that holds it. Blanking keeps every offset: quotations of what is left
are still the evidence's own words at their span.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from ahocorasick_rs import AhoCorasick, Implementation

from rag.domain import Evidence, Passage, PassageKind
from rag.text import normalise, sentence_spans

BLANK = "\n"
"""What stands for a blanked character: it ends a sentence, and is white space to every reader."""

_MODEL = (
    r"(?:\b(?:ai|llm|gpt|assistant|chatbot|language model|the model)\b|人工智能|语言模型|大模型|ai模型|助手|"
    r"机器人|智能体)"
)
_RULES = (
    r"(?:指令|指示|规则|提示词?|设定|限制|安全|警告|免责|前文|上文|证据|资料|要求|内容|安全检查|instructions?|"
    r"rules?|prompts?|evidence|guidelines|warnings?)"
)
_ATTACK = re.compile(
    "|".join(
        (
            # demands on whoever reads this aloud
            rf"(?:忽略|无视|忘记|忘掉|不要理会|尽弃|抛开|绕过|取消|删除|删去|关闭|停用|解除)[^。；;]{{0,14}}{_RULES}",
            rf"(?:ignore|disregard|forget|override|bypass|disable|remove|skip)\b[^.]{{0,50}}\b{_RULES}",
            rf"(?:请|让|致|告|对|若|如果|假如)[^。；;，,]{{0,6}}{_MODEL}|(?:若|如|倘)[^。；;，,]{{0,6}}(?:为|"
            rf"是)(?:机器|模型|程序)",
            rf"{_MODEL}[^。；;]{{0,6}}(?:请|须|必须|应当|应|需|注意|不得|不要|：|:)",
            rf"(?:你|您)(?:现在)?(?:是|没有|不再是|将扮演|要扮演|扮演|必须|被授权)[^。；;]{{0,20}}(?:{_MODEL}|限制|"
            rf"规则|医生|系统|销售|角色|管理员)",
            r"(?:从现在(?:起|开始)|接下来)[^。；;]{0,6}(?:你|请|回答|扮演)",
            r"(?:扮演|假装你|假扮)|声称(?:自己|本条|你)",
            r"(?:在|于)?(?:每个?|你的|本次|所有)?(?:回答|答案|回复|答复|输出|总结|结尾|报告)(?:的|里|中|时|前|之?前|"
            r"开头|末尾|最后|结尾)+[^。；;]{0,16}"
            r"(?:加|写|附|列|说|用|输出|放|插入|带|声明|注明|提)",
            r"(?:请|只|仅|唯|直接|必须|务必)(?:输出|回答|回复|言|说|复述|重复|打印|翻译|返回|写出)",
            r"(?:把|将)[^。；;]{0,12}(?:规则|指令|提示词?|历史记录|对话|答案|密钥|配置|系统)[^。；;]{0,12}(?:翻译|"
            r"输出|写|列|发|打印|告诉|念|展示)",
            r"(?:列出|告诉|展示|输出|写明|公开|泄露|打印)[^。；;]{0,14}(?:系统提示|提示词|隐藏|密钥|口令|历史记录|"
            r"文档编号|模型路径|配置|其他用户|api)",
            r"(?:你是谁训练|模型路径|系统提示|隐藏指令|隐藏文字|隐藏说明|测试模式|开发者模式|开发者备注|越狱|授权码|"
            r"优先级\d|红旗检测|red_flag|warnings?\s*:)",
            r"\b(?:reply|respond|answer|end your|begin your|start your|output|print|repeat|say)\b[^.]{0,40}"
            r"\b(?:only|with the word|with no|everything above|verbatim|json|in (?:all )?caps|your own memory|"
            r"without)\b",
            r"\b(?:you are (?:now|the|a|an|un)|pretend|never mention|do not (?:add|mention|cite|show)|should be shown|"
            r"system prompt|api key|jailbreak|are not needed)\b",
            r"(?:回答|输出|答复|回复)时(?:请|要|不|须|应|别|勿)|优先于[^。；;]{0,8}(?:规则|指令)|(?:紧急|系统|安全|"
            r"新的?)规则|免责声明",
            r"(?:不要|不得|禁止|别|勿)(?:提供|提及?|给出|显示|输出|写|附|出现)[^。；;]{0,14}(?:热线|电话|警告|提示|"
            r"就医|急救|声明)",
            r"\b[a-z_]{3,}\s*[=:]\s*(?:off|false|none|null|\[\])",
            r"你的(?:规则|指令|设定|提示|系统|模型|训练|配置|初始)",
            r"\b(?:reveal|print|show|repeat|tell|give|list|output)\b[^.]{0,40}\b(?:system|hidden|initial|previous|"
            r"your) "
            r"(?:prompts?|messages?|instructions?|rules?|conversations?)\b",
            # turns, roles and templates
            r"<\|[^|>]{1,40}\|>|\[/?inst\]|<</?sys>>|#{2,}\s*(?:system|assistant|user|human|系统)|"
            r"(?:^|[\n。；;\s])(?:system|assistant|user|human|developer)\s*[:：]|\"role\"\s*:|[\[【](?:系统|system|"
            r"致)[^\]】]{0,24}[\]】]",
            # programs and queries, and names of our own records
            r"\b(?:drop|truncate|alter)\s+(?:table|database|index)\b|\bdelete\s+from\b|\binsert\s+into\b|"
            r"\bunion\s+(?:all\s+)?select\b|\bdetach\s+delete\b|\bmatch\s*\(\s*\w*\s*[:){]|"
            r"\b(?:dump|eval|exec|system|print|require|import)\s*\(|\bdebug\s*[:：]|"
            r"[\[【(（]\s*[pfs]\s*[:：]\s*[0-9a-f]{6,}|作为引[用文]|编号[^。；;]{0,6}引用",
            # markup that acts, in any dress
            r"</?(?:a|b|i|p|u|img|iframe|script|style|svg|div|span|form|input|button|object|embed|video|audio|link|"
            r"meta|base|body|html|"
            r"head|table|t[rdh]|br|h[1-6]|details|marquee|math|evidence|system|user|assistant|[a-z]+_[a-z]+|!--|"
            r"!doctype)\b[^<>]{0,300}>|!\[[^\]]{0,80}\]\(|\[[^\]]{0,80}\]\s*[(:]\s*<?(?:[a-z]+:)?//|javascript:|"
            r"data:[a-z]+/|vbscript:|"
            r"%3c[a-z/]|&(?:lt|#\d{2,5}|#x[0-9a-f]{2,5});|=\s*hyperlink\(|\{\{|\$\{|```|\\u[0-9a-f]{4}|"
            r"\\x[0-9a-f]{2}|display\s*:\s*none|"
            r"\[url|\\(?:href|input|include|url|write)\{|@import|expression\(|srcdoc|<!--|-->|"
            r"\bon(?:load|error|click)\s*=|(?:[a-z0-9+/]{4}){12,}={0,2}|\b(?:rot13|base64)\b|\x1b\[",
        )
    )
)
_ADDRESS = re.compile(
    r"(?:https?|ftp|file|mailto|tel|sms|weixin)\s*:|//[a-z0-9.-]+\.[a-z]{2,}|\bwww\.|[\w.+-]+@[\w-]+\.[a-z]{2,}|"
    r"\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|cn|net|org|info|io|top|xyz|vip|club|shop|site|online|app|cc|tv|me|"
    r"example|invalid)\b(?!\w)|"
    r"\b\d{1,3}(?:\.\d{1,3}){3}\b|"
    r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)|(?<!\d)0\d{2,3}[- ]\d{7,8}(?!\d)|"
    r"(?<!\d)[48]00[- ]?\d{3}[- ]?\d{4}(?!\d)|"
    r"(?:\d[ -]?){15,19}|[零一二三四五六七八九〇幺]{8,}|"
    r"(?:微信|微 ?信|v信|威信|薇信|qq|扣扣|telegram|whatsapp|公众号|抖音|淘宝|小红书)\s*(?:号|群|[:：@]|搜|关注|"
    r"添?加|[a-z0-9_])|"
    r"(?:加|\+|联系)\s*(?:薇|微|v|vx|wx|❤|♥)[^。；;a-z0-9]{0,6}[a-z0-9][a-z0-9_-]{4,}|"
    r"加(?:我|微信|v信)|加群(?=[领聊咨询号:：])|扫(?:码|一扫)|二维码|(?:点击?|戳)(?:此|这里|链接|领取|我)|"
    r"下载(?:地址|链接|app)|"
    r"(?:拨打|致电|来电|热线|咨询电话|联系电话|电话)[:：]?\s*\D{0,6}\d{5,}|货到付款|定金|汇款|转账|包邮|"
    r"(?:付|打|转)[^。；;]{0,6}(?:账户|账号|卡号)|联系(?:我|老师|主任)|"
    r"免费(?:领取|问诊|咨询|试用|体验|寄)|限时(?:优惠|特价)|优惠价|祖传秘方|代购|保密发货|药到病除"
)
_PROMISE = re.compile(
    r"绝对(?:安全|有效|无害)|百分(?:之)?百(?:安全|有效|治愈)|100%(?:安全|有效|治愈)|(?<!第)(?:一次|永不|保证|"
    r"包)(?:除根|断根|根治|治好|治愈|生男|生儿子)|永不复发|"
    r"[\d一二三四五六七八九十半]+(?:天|日|周|个?月|次)[^。；;，,]{0,4}(?:断根|除根|根治|治愈|包好)|"
    r"包(?:治|好|生)[^。；;]{0,8}|(?:不必|无须|无需|不用|别|不要)(?:送医|就医|去?医院|看医生|叫救护车|报警|抢救|皮试|"
    r"先煎|久煎|炮制|稀释)|"
    r"(?<![可得能要应宜勿])(?:随意|任意|放心|大胆)(?:加量|加大|服用|多吃|吃)|无中毒可能|[毫绝]无(?:毒副作用|副作用)|"
    r"毫无(?:风险|副作用|危险)|"
    r"(?:不要|不必|无需|不用|别|切勿|禁止|无须)(?:拨?打|呼叫|叫|送|去|看|找|求助)[^。；;，,]{0,3}(?:120|救护车|急救|"
    r"医院|医生|急诊|大夫)|"
    r"(?:喝|吃|抹|揉|睡)[^。；;，,]{0,12}(?:就会?好|就没事|即可痊愈)|(?:全部|一律|统统)无效|"
    r"\bcures?\b[^.]{0,60}\b100 ?%|"
    r"可(?:以)?(?:与|和|同)?(?:酒|白酒)(?:同服|一起)|(?:不要|切勿|别)告诉(?:你的?)?(?:医生|家人|大夫)|从未被?撤回|"
    r"越多越好|吃到[^。；;]{0,6}为止"
)
_UNREVIEWED = re.compile(
    r"(?:没有?|无|不会有|不存在)(?:任何|什么|明显的?)?(?:毒|毒副|副)作用|安全可靠|(?:可以|能够?|会)(?:彻底|完全)?(?:根治|根除|断根|除根)|"
    r"(?:肯定|一定|绝对|完全)(?:能|会|可以|是|没有?|不会)|绝不会|(?:没有?|无)(?:任何|什么|多?大的?)(?:影响|危害|关系|问题)"
)
"""What only a reviewed source may claim: that something is harmless or cures for good, or that it is certain."""
_NUMBERED = re.compile(r"\bpmid\s*[:：]?\s*(\d+)|\bdoi\s*[:：]?\s*(10\.\S+)|\b([a-z]{2,}/[a-z]{2,}/\d+)")
_YEAR = re.compile(r"(?<!\d)(20[3-9]\d|2[1-9]\d\d)(?=年|\)|）|[,，.])")
"""Years that have not come yet."""
_DOSE = re.compile(
    r"(?:\d|[一二两三四五六七八九十半])\s*(?:mg|g|ml|μg|ug|毫克|克|毫升|微克|片|粒|支|袋|丸|颗|瓶|单位)(?![a-z/])"
)
_LEANING = re.compile(r"pmid|doi|[a-z]/[a-z]{2,}/\d|2[01]\d\d|" + _DOSE.pattern, re.IGNORECASE)
"""Without one of these a text leans on nobody and tells no dose."""
_HIDDEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]|\x1b")
_LOOKALIKE = str.maketrans("аеорсухіѕԁһАЕОРСТХВНКМ", "aeopcyxisdhAEOPCTXBHKM")
"""Cyrillic letters that look like Latin ones."""


_TRIGGERS = (
    "忽略 无视 忘记 忘掉 理会 尽弃 抛开 绕过 取消 删除 删去 关闭 停用 解除 人工智能 模型 助手 机器 智能体 程序 你 "
    "您 从现在 接下来 扮演 假扮 声称 回答 答案 回复 答复 输出 总结 结尾 报告 复述 重复 打印 翻译 返回 写出 规则 "
    "指令 提示 历史记录 对话 密钥 配置 系统 隐藏 口令 文档编号 其他用户 测试模式 开发者 越狱 授权码 优先 红旗 "
    "免责 热线 电话 警告 就医 急救 声明 ai llm gpt assistant bot ignore disregard forget override bypass disable "
    "remove skip reply respond answer your output print repeat say pretend never not prompt jailbreak shown "
    "reveal show tell give list system user human developer inst sys role api red_flag warning off false none "
    "null < [ 【 # { $ ` \\ & = % @ // script: data: display onload onerror onclick base64 rot13 import "
    "drop truncate alter delete insert union detach match dump( eval( exec( debug 引用 引文 编号 薇 断根 除根 "
    "根治 治愈 "
    "expression srcdoc --> \x1b http ftp file: mailto tel: sms: weixin www. .com .cn .net .org .info .io .top "
    ".xyz .vip .club .shop .site .online .app .cc .tv .me .example .invalid 微 v信 威信 薇信 qq 扣扣 telegram "
    "whatsapp 公众号 抖音 淘宝 小红书 加我 加群 扫码 扫一扫 二维码 下载 拨打 致电 来电 货到付款 定金 汇款 转账 "
    "包邮 账户 账号 卡号 联系 免费 限时 优惠 秘方 代购 发货 药到 绝对 百分 100 一次 永不 保证 不必 无须 无需 不用 "
    "不要 切勿 禁止 随意 任意 放心 大胆 中毒可能 毫无 绝无 就好 就会好 就没事 痊愈 无效 cure 告诉 撤回 越多 为止 "
    "唯言 只言 请言 仅言 请说 只说 仅说 必须说 务必说 直接说 唯说 点击 点此 点这里 点链接 点领取 点我 戳 包治 "
    "包好 包生 包根 包除 包断 酒同服 酒一起 you 别去 别送 别看 别叫 别报 别抢 别皮 别先 别久 别炮 别稀 别就 别打 "
    "别拨 别呼 别找 别求 别告 别提 别给 别显 别输 别写 别附 别出"
).split()
"""One of these stands in all that the expressions above find, but for long numbers: most texts are done with here."""
_FINDER = AhoCorasick(_TRIGGERS, implementation=Implementation.ContiguousNFA)
_LONG = re.compile(r"\d[\d -]{6}|\d\.\d{1,3}\.\d|[零一二三四五六七八九〇幺]{8}|[a-z0-9+/]{48}")
_ODD = re.compile(
    r"[\u0400-\u04ff\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\u2100-\u214f\u2460-\u24ff\U0001d400-\U0001d7ff\x00-\x08]"
)
"""What is read otherwise once it is folded."""


def _suspect(text: str) -> bool:
    folded = text.lower()
    return bool(_FINDER.find_matches_as_indexes(folded) or _LONG.search(folded) or _ODD.search(text))


def harmless(evidence: Iterable[Evidence]) -> Iterator[Evidence]:
    """The evidence that may be used, unsafe sentences blanked; what has nothing left is left out. Order kept."""
    for one in evidence:
        kept = _harmless(one)
        if kept is not None:
            yield kept


def _harmless(evidence: Evidence) -> Evidence | None:
    if evidence.fact is not None:
        return None if unsafe(evidence.text) else evidence
    passage = evidence.passage
    beside = [evidence.title, *((passage.title, passage.question) if passage else ())]
    if attacks(evidence.text) or any(attacks(text) for text in beside if text):
        return None
    text = blanked(evidence.text)
    if passage is not None and passage.kind is PassageKind.QA and _UNREVIEWED.search(_plain(text)):
        text = _without(text, lambda sentence: bool(_UNREVIEWED.search(_plain(sentence))))
    if passage is not None and _LEANING.search(text):
        text = _without(text, lambda sentence: _of_another(sentence, evidence) or _dose_told(sentence, passage))
    if not text.strip():
        return None
    title = evidence.title if evidence.title and not unsafe(evidence.title) else None
    return evidence if (text, title) == (evidence.text, evidence.title) else replace(evidence, text=text, title=title)


def unsafe(text: str) -> bool:
    """Whether any of `text` would be blanked."""
    return attacks(text) or blanked(text) != text


@lru_cache(maxsize=4096)
def attacks(text: str) -> bool:
    """Whether `text` speaks to the model, carries acting markup, or hides characters."""
    return bool(_HIDDEN.search(text) or (_suspect(text) and _ATTACK.search(_plain(text))))


@lru_cache(maxsize=4096)
def blanked(text: str) -> str:
    """`text` with every sentence that holds an address or a promise blanked; same length."""
    return _without(text, _offends) if _suspect(text) and _offends(text) else text


def _without(text: str, wrong: Callable[[str], bool]) -> str:
    pieces, last = [], 0
    for start, end in sentence_spans(text):
        if wrong(text[start:end]):
            pieces += [text[last:start], BLANK * (end - start)]
            last = end
    return "".join([*pieces, text[last:]])


def _of_another(sentence: str, evidence: Evidence) -> bool:
    """Whether the sentence leans on a publication that its source is not, or on one that has not appeared yet."""
    plain = _plain(sentence)
    own = {(evidence.source.pmid or "").lower(), (evidence.source.doi or "").lower()}
    named = {number.rstrip(".)）。") for found in _NUMBERED.findall(plain) for number in found if number}
    return bool(named - own) or bool(_YEAR.search(plain))


def _dose_told(sentence: str, passage: Passage) -> bool:
    """Whether a question-and-answer record tells a dose: no dose rests on what nobody reviewed."""
    return passage.kind is PassageKind.QA and bool(_DOSE.search(_plain(sentence)))


def _offends(text: str) -> bool:
    plain = _plain(text)
    return bool(_ADDRESS.search(plain) or _PROMISE.search(plain))


def _plain(text: str) -> str:
    """As a reader sees it: width and case folded, look-alike letters Latin, invisible characters gone, lines kept."""
    folded = unicodedata.normalize("NFKC", text.translate(_LOOKALIKE)).lower()
    return folded if folded.isascii() else "\n".join(normalise(line) for line in folded.split("\n"))
