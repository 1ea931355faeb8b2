"""Messages that ask nothing of medicine: greetings, thanks, who is there, complaints without a word of what. Pure.

They are answered with what the service is and is not. A message counts only as a whole:
`你好，我胸口疼` is no greeting.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.text import Language, normalise

_NOT = "我不是医生，不诊断、不开处方，也不能代替就诊；急症请立即拨打120。"
_WHO = (
    "我是“医问”，一个医学知识问答系统：在医学知识图谱和文献结论里查资料，把查到的写成回答并注明出处，"
    f"查不到就直说没有。{_NOT}"
)
_CAN = (
    "您可以问：某种疾病的症状、病因、检查、治疗和就诊科室；某种药的适应证、禁忌、不良反应和相互作用；"
    "几个症状可能与哪些病有关、挂什么科；两种药能不能一起用。回答来自知识库并注明出处，查不到就直说没有。"
    f"看不了化验单、片子的图片，也挂不了号。{_NOT}"
)
_HELLO = f"您好，我是医学知识问答系统“医问”。请直接写出想了解的疾病、症状、药物或检查。{_NOT}"
_THANKS = "不客气。如果症状没有好转或加重，请及时就医；还有问题可以接着问。"
_BYE = "再见，祝您健康。如果症状没有好转或加重，请及时就医。"
_NOTED = "好的。还想了解什么，可以接着问；请写出疾病、症状、药物或检查的名称。"
_TRUST = (
    "回答只引用知识库里的记录，每条都可以点开看出处、年份和证据级别；其中网络整理的资料未经审校，可能有错，"
    f"也可能不是最新的。用药和治疗请以医生、药师和说明书为准。{_NOT}"
)
_VAGUE = (
    "请说说哪里不舒服、怎么个不舒服、多久了，以及年龄、有没有怀孕、正在吃的药和以前的病。"
    "如果胸痛、喘不上气、说话不清、一侧手脚没力、大出血、抽搐或叫不醒，不要在这里等，立即拨打120。"
)
_HELLO_EN = (
    "Hello, this is Yiwen, a medical question-answering service. It looks questions up in a knowledge base and cites "
    "what it finds; it says so where there is nothing. Ask about a disease, symptom, drug or test. It is no doctor, "
    "makes no diagnosis and writes no prescription. In an emergency call 120 (or your local number)."
)
_THANKS_EN = "You are welcome. Please see a doctor if things do not get better."

_YOU = "(?:你们?|您|医问|这个?(?:系统|软件|机器人|助手|网站)|这里|这)"
_ADDRESS = "(?:医生|大夫|医问|助手|老师|机器人|专家)"
_END = "(?:啊|呀|呢|吧|哦|噢|喔|哈|哇|啦|了|的|嘛|么|吗)*"


@dataclass(frozen=True)
class _Kind:
    """`first`: small talk only where nothing was said before, else it may go on with that (`怎么用`, `对吗`)."""

    said: re.Pattern[str]
    reply: str
    first: bool


def _kind(said: str, reply: str, *, first: bool = False) -> _Kind:
    return _Kind(re.compile(f"(?:{said}){_END}"), reply, first)


_KINDS = (
    _kind(
        rf"(?:你们?好|您好|大家好|哈喽|哈啰|嗨|喂|早上好|早安?|上午好|中午好|下午好|晚上好|晚安|{_ADDRESS})+|"
        rf"(?:{_ADDRESS}|[你您]好)*(?:在不在|在吗|在|有人在?吗?|有人吗)",
        _HELLO,
    ),
    _kind(
        rf"(?:好的?|嗯|明白了?|知道了?)*(?:非常|太|十分|真的?|很|多)?(?:谢谢|谢|感谢|多谢|谢了|辛苦了?|麻烦{_YOU}?了)"
        rf"(?:{_YOU}|{_ADDRESS}|大家|解答|回答|回复|帮助|的|您的)*|(?:你|您|回答得?|说得?)?(?:真|太|很|好)(?:棒|厉害|好|专业)",
        _THANKS,
    ),
    _kind(r"(?:再见|拜|下次见|回见|先这样|没(?:有)?(?:别的)?(?:问题|事))+", _BYE),
    _kind(
        rf"{_YOU}(?:到底|究竟)?(?:是谁|叫什么(?:名字)?|是(?:个)?什么(?:东西|模型|系统|软件|人)?|是(?:不是)?(?:真)?(?:的)?"
        rf"(?:人|真人|机器人?|医生|大夫|人工智能|ai|活人|程序|chatgpt|gpt|deepseek|大?模型|骗子)(?:还是[^，。]{{1,6}})?|"
        rf"(?:是)?(?:谁|哪家公司|哪里)(?:开发|做|研发|创造|设计)(?:的|出来的)?|介绍(?:一下)?(?:自己|你自己))|"
        rf"(?:请)?(?:做个?|介绍(?:一下)?)(?:你自己|自己|自我介绍)|自我介绍(?:一下)?|"
        rf"(?:是)?(?:谁|哪家公司)(?:开发|做|研发|创造|设计)(?:的|了)?{_YOU}?|是(?:真)?人(?:工)?吗|有没有真人|(?:转|找)人工(?:客服|服务)?",
        _WHO,
    ),
    _kind(
        rf"{_YOU}?(?:都|还)?(?:能|会|可以)(?:帮我)?(?:做|干|回答|问|看)(?:什么|啥|哪些|些什么)(?:问题|事情?|病)?|"
        rf"{_YOU}(?:有)?(?:什么|哪些)(?:功能|用处?|本事)|(?:我)?(?:可以|能)?(?:问|咨询)(?:{_YOU})?(?:什么|哪些|啥)(?:问题)?|"
        rf"怎么(?:使?用|问)(?:{_YOU})?|(?:使用)?(?:帮助|说明|指南)|{_YOU}怎么用|{_YOU}(?:能|会|可以)(?:不能)?(?:看病|诊断|开药|开处方)",
        _CAN,
        first=True,
    ),
    _kind(
        rf"{_YOU}?(?:的)?(?:说的?|回答|答案|数据|资料|内容|信息|话|知识)*(?:的)?(?:是)?"
        rf"(?:可靠|靠谱|准确?|可信|对|权威|真)(?:吗|不|么|的吗)(?:可靠|靠谱|准|对)?|"
        rf"{_YOU}?(?:的)?(?:说的?|回答|答案|数据|资料|内容|信息|知识)+(?:是)?(?:从哪|哪里|哪)(?:来|里来)?(?:的)?|"
        rf"(?:我)?(?:能|可以)(?:不能)?(?:相信|信|信任){_YOU}(?:说的)?",
        _TRUST,
        first=True,
    ),
    _kind(
        rf"(?:请问)?(?:{_ADDRESS})?(?:我|人|身体|浑身|全身|最近|今天|感觉|觉得|有点|有些|很|不太|好|特别|一直|总是|这几天)*"
        rf"(?:不舒服|难受|不适|生病|病了|不对劲|不得劲|没精神)(?:了)?(?:怎么办|该怎么办|是怎么回事|怎么回事)?|"
        rf"(?:我)?(?:想|要)?(?:咨询|请教|问)(?:一下|个|一个|点|些|您|你|{_ADDRESS})*(?:问题|事情?|病情)?|"
        rf"(?:我)?有(?:个|一个|些|点)?(?:问题|事)(?:想)?(?:要)?(?:问|咨询)?(?:一下)?|(?:请|快)?(?:帮帮我|帮我|帮个忙|帮忙|救救我)|我?(?:该)?怎么办|"
        rf"(?:帮我)?看(?:个|一下)?病",
        _VAGUE,
        first=True,
    ),
    _kind(r"(?:好的?|嗯|哦|噢|行|可以|明白|知道|了解|懂|收到|ok|okay|哈|呵|嘿|测试|test)+", _NOTED, first=True),
    _kind(
        r"(?:hi|hello|hey|good (?:morning|afternoon|evening))(?: there| doctor)?|who are you|what are you|"
        r"what can you do|how (?:do|can) i use (?:this|you)|"
        r"are you (?:a )?(?:real )?(?:doctor|human|person|robot|bot|ai)|help",
        _HELLO_EN,
    ),
    _kind(r"(?:many )?thanks?(?: you)?(?: (?:very|so) much| a lot)?|bye|goodbye", _THANKS_EN),
)
_MARKS = re.compile(r"[\s,.;:!?~、…，。；：！？～—\-()（）\"'“”]+")
_LONGEST = 40


def small_talk(question: str, *, first: bool) -> str | None:
    """What is said to a message that is small talk as a whole; None to all others. `first`: nothing was said before."""
    text = normalise(question)
    if len(text) > _LONGEST:
        return None
    squeezed = _MARKS.sub("", text) if _written_in(text) == "zh" else " ".join(_MARKS.sub(" ", text).split())
    kinds = [kind for kind in _KINDS if first or not kind.first]
    return next((kind.reply for kind in kinds if squeezed and kind.said.fullmatch(squeezed)), None)


def _written_in(text: str) -> Language:
    return "zh" if any("\u4e00" <= char <= "\u9fff" for char in text) else "en"
