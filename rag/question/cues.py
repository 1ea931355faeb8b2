"""The words by which a question asks for a relation, and how they are found in it. Pure.

The longest cue wins where cues overlap, so `吃什么药` asks for drugs and not also for food. A group holds every
relation that its words may ask for; which of them is meant, the type of what is named decides (`什么反应` of a disease
are its symptoms, of a drug its adverse effects).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Sequence

from rag.domain import Mention
from rag.text import normalise
from rag.vocabulary import RELATIONS, EntityType, Relation

Group = tuple[Relation, ...]

_PHRASES: tuple[tuple[str, tuple[Relation, ...]], ...] = (
    ("怎么治疗|怎么治|怎么办|治疗方法|怎么处理|怎么诊治|怎么医|采取哪些治疗|哪些治疗|什么治疗|怎么调理|能治吗|"
     "有什么办法|什么办法|怎么的治疗|治疗",
     (Relation.TREATMENT, Relation.DRUG, Relation.ADJUVANT)),
    ("治疗方式|治疗手段|哪几类办法|哪几种办法|哪些办法|哪几类疗法|哪类疗法|哪些疗法|疗法",
     (Relation.TREATMENT, Relation.ADJUVANT)),
    ("要不要手术|需要手术|做什么手术|手术吗|得手术|必须手术|还是手术|还是要手术|动手术|能针灸|可以针灸",
     (Relation.TREATMENT, Relation.ADJUVANT)),
    ("能不吃药|可以不吃药|不吃药行|不吃药能|不吃药可以|要不要吃药|需要吃药|用吃药|吃药吗|要治吗|需要治疗吗",
     (Relation.TREATMENT, Relation.DRUG)),
    ("严重吗|要紧吗|严重么|危不危险|严重不严重|要不要紧|哪个严重|哪个更严重|哪种严重|哪种更严重|谁严重|谁更严重|哪个危险|哪个更危险",
     (Relation.COMPLICATION, Relation.CURE_RATE)),
    ("漏服|忘了吃|忘记吃|空腹吃", (Relation.DOSAGE,)),
    ("处理方式|自我调理|怎么调|怎么消|怎么去除|怎么去掉|怎么去痘|怎么去斑|怎么去湿|怎么去火|怎么祛|怎么克服|怎么控制|怎么改善|怎么恢复|中药方|偏方|秘方|好办法|"
     "的方法|彻底根除", (Relation.TREATMENT, Relation.DRUG)),
    ("能治|可治|可以治|治不治", (Relation.INDICATION, Relation.EFFICACY, Relation.TREATMENT, Relation.CURE_RATE)),
    ("治哪些病|好处|有帮助吗|奇效|什么功能", (Relation.INDICATION, Relation.EFFICACY)),
    ("价钱|价位|价目|收费|住院费|要花多少|多钱", (Relation.COST,)),
    ("会怎么样|不治会|会死亡", (Relation.COMPLICATION, Relation.CURE_RATE)),
    ("有什么影响|什么影响|影响吗|有害吗|伤害", (Relation.COMPLICATION, Relation.ADVERSE)),
    ("怎么造成|造成的|怎么形成|形成的|什么导致|导致的|怎么产生|什么缘故|缘故|怎么会|怎么感染|引起的|缺乏什么|缺什么",
     (Relation.CAUSE, Relation.RISK_FACTOR)),
    ("怎么缓解|缓解方法|怎么急救|急救方法|急救措施|急救处理|怎么抢救|现场处理", (Relation.TREATMENT, Relation.DRUG)),
    ("有毒吗|有没有毒|是否有毒|毒不毒|毒性|有毒么", (Relation.NATURE, Relation.CAUTION, Relation.ADVERSE)),
    ("什么时候吃|什么时候服|何时服|几点吃|早上吃|晚上吃|睡前吃|早上还是晚上|晚上还是早上", (Relation.DOSAGE,)),
    ("会遗传|遗传吗|遗传给|会不会遗传|遗传性|遗传病|遗传", (Relation.CAUSE, Relation.RISK_FACTOR)),
    ("一辈子|终身|终生", (Relation.DURATION, Relation.TREATMENT)),
    ("怎么煎|煎法|先煎|煎多久|煎煮|怎么泡|泡多久", (Relation.DOSAGE,)),
    ("吃什么药|用什么药|什么药|哪些药|哪种药|用药|药物|药品|开哪些药|开什么药|药物治疗|治疗的药|治疗药|常用药|常用的药|药有哪些|有哪些药|的药",
     (Relation.DRUG,)),
    ("什么穴|哪些穴|哪个穴|哪几个穴|取穴|选穴|配穴|穴位|扎哪里|按哪里|针灸哪里", (Relation.TREATMENT,)),
    ("吃什么|吃些什么|吃点什么", (Relation.FOOD_GOOD, Relation.FOOD_BAD)),
    ("忌什么|忌吃什么|少吃什么|不要吃什么|不能吃什么|不宜吃什么|禁吃|不宜吃|不能吃的|忌口", (Relation.FOOD_BAD,)),
    ("注意什么|注意事项|需要注意|注意哪些|注意些什么", (Relation.CAUTION, Relation.FOOD_BAD, Relation.PREVENTION)),
    ("能不能吃|可以吃|能吃|能服|可以服|能喝|可以喝|喝酒|饮酒|能不能喝",
     (Relation.CONTRAINDICATION, Relation.CAUTION, Relation.FOOD_GOOD, Relation.FOOD_BAD)),
    ("有没有冲突|冲突吗|有冲突|会冲突|打架吗|相克|一起吃|同时吃|合用|同服|一起用|联用|能一起|配伍|一起服|同时用|同时服|一块吃|相互作用",
     (Relation.INTERACTION, Relation.INCOMPATIBLE)),
    ("安全吗|安全性|安全么|有风险吗|风险大吗|有没有危险|危险吗", (Relation.ADVERSE, Relation.CONTRAINDICATION)),
    ("有效吗|有效果吗|效果怎么样|效果如何|疗效|管用吗|有没有用|有用吗|有没有效果|效果好吗",
     (Relation.EFFICACY, Relation.INDICATION)),
    ("去哪看|去哪里看|哪个门诊|看哪科|找什么医生|看什么医生|哪个专科|什么门诊|去哪科|哪个科|哪些科|什么科|哪科|"
     "挂什么号|挂哪|什么科室|科室", (Relation.DEPARTMENT,)),
    ("病因|什么原因|怎么引起|什么引起|怎么得的|怎么会得|为什么会|是由什么|由什么|原因",
     (Relation.CAUSE, Relation.RISK_FACTOR)),
    ("会传染|传染吗|传染性|传染给|传染人|人传人|传给|会不会传|传染", (Relation.INFECTIVITY,)),
    ("治得好|治好|能好吗|能好么|能治愈|治愈率|治愈|断根|根治|能不能好|痊愈|好得了|预后|康复|治愈的可能|治愈希望",
     (Relation.CURE_RATE,)),
    ("能活多久|活多久|活几年|能活几|还能活|生存期|生存率|寿命|致命吗|会死吗|会不会死", (Relation.CURE_RATE,)),
    ("多久能好|多长时间|治多久|要多久|多久|几天能好|治疗周期|疗程|什么时候能好|多少天|几个月能好|多少时间",
     (Relation.DURATION,)),
    ("做什么检查|做哪些检查|什么检查|哪些检查|怎么确诊|怎么诊断|怎么查|查什么|查哪些|查些什么|化验|检查|做什么项目|"
     "检查项目|辅助检查|确诊需要|做哪些项目", (Relation.EXAMINATION, Relation.HISTOLOGY)),
    ("身体哪里|哪里出了问题|哪里的毛病|哪里的病|哪个部位|什么部位|发病部位|病变部位|哪个器官|长在哪|发生在哪|累及|部位|"
     "哪些部位", (Relation.BODY_PART,)),
    ("易感人群|好发人群|高发人群|多发人群|好发于|多见于|高发于|哪种人|什么人|哪些人|什么样的人|哪类人|谁容易|谁会得|人群|"
     "哪些人群|什么年龄", (Relation.POPULATION,)),
    ("treatment of|treatments for|treatment for|how to treat|be treated|therapy for|therapies for",
     (Relation.TREATMENT, Relation.DRUG)),
    ("symptoms|signs of|present with", (Relation.SYMPTOM,)),
    ("causes of|cause of|what causes|etiology|aetiology", (Relation.CAUSE, Relation.RISK_FACTOR)),
    ("risk factors", (Relation.RISK_FACTOR, Relation.CAUSE)),
    ("complications", (Relation.COMPLICATION,)),
    ("which drugs|what drugs|medication", (Relation.DRUG,)),
    ("side effects|adverse effects|adverse reactions", (Relation.ADVERSE,)),
    ("contraindications|contraindicated", (Relation.CONTRAINDICATION, Relation.CAUTION)),
    ("which department|what department", (Relation.DEPARTMENT,)),
    ("what tests|which tests|how is it diagnosed", (Relation.EXAMINATION,)),
    ("并发症|并发|引发|会引起什么|引起哪些|会导致|拖久了|后果|危害", (Relation.COMPLICATION,)),
)  # fmt: skip

_UNFIT = r"(?:不宜|不适宜|不适合|不适用|不推荐|不建议|不主张|不可以?|不能|不得|不应该?|不该|不要|不许|避免|禁止?|忌|慎)"
_WHOM = r"(?:人群?|病人|患者|对象|情况|疾?病|体质|症状)"
_MEANS = (
    r"(?<![不没无非])(?<!不[做用动吃开靠])(?:中医中药|中西医|中成药|中草药|中药|中医|西药|西医|药物|吃药|用药|喝药|针灸|"
    r"推拿|手术|保守治疗|保守|激光|艾灸)"
)
_CURED = r"(?:治好|治愈|根治|断根|除根|痊愈|治得好|治好转|看好|好得了|去根|(?<!最)好(?=[吗么不？?]|$))"
CURED_BY = (
    rf"{_MEANS}[^，。；？?]{{0,8}}?(?:能|可以|会|可)(?:不能|不可以|否)?[^，。；？?]{{0,4}}?{_CURED}|"
    rf"(?:能|可以)(?:不能|不可以|否)?(?:用|靠|吃|喝|做|通过)?{_MEANS}[^，。；？?]{{0,4}}?{_CURED}"
)
"""`中药可以治好吗` asks what treats it, and how often it is cured."""
_HURTS = r"(?:不舒服|难受|不适|疼痛|疼|痛|痒|肿|麻|胀|酸)"
AFTER_TAKING = (
    r"(?:吃|服|用|打|喝|抹|涂|贴)(?:了|过|完)?\u25a1+(?:之后|以后|后|完)[，,]?"
    r"(?:就|会|总|老|是|开始|出现|感觉|觉得|有点儿?|一直|我|有)*(?=\u25a1)"
)
"""`吃了布洛芬以后胃痛`: whether the one comes from the other is asked."""
_PATTERNS: tuple[tuple[str, Group], ...] = (
    (CURED_BY,
     (Relation.TREATMENT, Relation.DRUG, Relation.CURE_RATE)),
    (r"(?:能不能|可不可以|可以|能)用(?![于来作做什哪药手几多怎])", (Relation.CONTRAINDICATION, Relation.CAUTION)),
    (r"(?:引起|导致|造成|引发)的(?:并发症|后果|危害|疾病|后遗症)", (Relation.COMPLICATION,)),
    (r"治好?\u25a1+[^，。；？?\u25a1]{0,3}?(?:要|得|需要?|大概)*花?多少(?:钱|费用)", (Relation.COST,)),
    (r"治好?\u25a1+[^，。；？?\u25a1]{0,3}?(?:要|得|需要?|大概)*(?:多久|多长时间|几天|几个月)", (Relation.DURATION,)),
    (rf"(?:会|是|都|有)?(?:哪里|哪个?地方|哪些地方|什么地方|哪)(?:会|是|觉得|感觉|有点)?{_HURTS}", (Relation.SYMPTOM,)),
    (r"(?:用|以|选|开|服)?(?:什么|何|哪[个首张]?)方(?![法式面案向便])(?:剂|子|药)?|主方", (Relation.DRUG,)),
    (r"证?(?:脉|舌)象|什么脉|舌[苔质脉]|主症", (Relation.SYMPTOM,)),
    (r"治则", (Relation.TREATMENT,)),
    (r"(?:icd-?(?:10|11)?)?的?(?:疾病|诊断|医保|国标)?(?:编码|代码)(?:是多少|是什么)?|\bicd-?(?:10|11)?",
     (Relation.CODE,)),
    (r"(?:什么|哪些|哪几种|怎样的)(?:样)?(?:的)?(?:临床)?表现", (Relation.SYMPTOM,)),
    (r"(?:吃|用|服|喝|开|买|抹|涂|选)(?:点|些|一些)?(?:什么|哪[些种个几]?)(?:样的?|种)?"
     r"(?:[\u4e00-\u9fff]{0,3}?(?:药|方剂|方子)|[\u4e00-\u9fff]{0,2}(?:胶囊|颗粒|汤剂|丸剂|片剂|冲剂|口服液|中成药|[软药乳眼]膏|膏药|药水|贴膏|喷剂|栓剂|针剂|抗生素|抗菌素))(?!膳|酒|店|房)",
     (Relation.DRUG,)),
    (r"什么反应|什么样子|发作起来|有什么不对劲|(?:怎么|怎么才能)(?:看|判断|知道|分辨|辨别)自己|身上会有|会有什么(?:感觉|反应)|"
     r"哪些反应|有什么反应",
     (Relation.SYMPTOM, Relation.ADVERSE)),
    (r"(?:可采用|应选择|选择|能选|可选|有|走|用|采取)?(?:的|些)?(?:哪|什么|几)(?:些|几种|几类|种|类|样)?(?:的)?治疗(?:方式|途径|手段|方案|办法|方法|措施|选择)|"
     r"治疗(?:途径|措施|选择|种类|方式的)|治法(?!好)|哪些治法|(?:哪|几)种?方式(?:来)?治|有(?:哪)?几种方式|保守治|开刀|除了吃药|"
     r"怎么个治法|治疗方案",
     (Relation.TREATMENT, Relation.ADJUVANT)),
    (r"怎么弄|怎么整|该怎么办|好的治法|怎么才能好|怎么才能治好|怎么能好|怎么处置|怎么应对|如何是好|怎么救",
     (Relation.TREATMENT, Relation.DRUG, Relation.ADJUVANT)),
    (r"(?<![这那该此])药(?:物|品)?(?:都)?(?:有哪些|有什么|包括)|(?<!不)(?:可以|能够?|应该?|该)(?:吃|用|服用?|喝|买|开)(?:点|些|一些)?(?:什么|哪[些种]|啥)(?:[中西成]|中成)?药|(?:什么|哪[些种])药(?:物|品)?(?:可以|可|能|好|管用|有效)?(?:用|吃|治|服)|买(?:到)?(?:点|些)?(?:什么|哪[些种])药|药(?:品)?(?:的)?名(?:称|字)|(?:药|药物|药品)的话用|用于.{0,14}的药(?:物|品)|"
     r"有(?:没有|无)(?:治.{0,14}的)?药|特效药|(?:哪|几)种药|药店",
     (Relation.DRUG,)),
    (r"(?:是|属于?|算|归)(?:个)?什么(?:种类|类型|类|样)?(?:的)?药|(?:属于?|归|归于|算|算是)(?:哪|何|什么)(?:一)?(?:个)?[种类](?:型|别)?|归类|"
     r"(?:药物|药品|药)的?(?:类别|分类|类型)|什么类型|哪(?:一)?(?:种|类)(?:类型|类别|药)|西药.{0,8}中成?药|中成?药.{0,8}西药|处方药",
     (Relation.DRUG_CLASS, Relation.DRUG)),
    (r"(?:引起|得|引发|带来|变成|转成|拖成|发展成?|导致|并发|合并|出现)(?:些)?(?:什么|哪些|其他|其它|别)的?(?:别的|其他)?(?:疾?病|毛病|问题|疾患)|"
     r"(?:严重了?|时间长了?|拖久了|拖着|不治|不管(?:它)?|恶化)(?:的话)?会(?:怎么样?|变成|拖成|发展|引起|有|成)|"
     r"拖着(?:不治)?(?:会)?|拖出(?:些)?(?:什么|哪些)|不(?:吃药|治疗)(?:的话)?会|别的(?:疾?病|毛病)|后遗症|变成什么|拖成什么|会成什么",
     (Relation.COMPLICATION, Relation.ADVERSE)),
    (r"哪一?个?科(?:室|的)?|哪一科|什么科|(?:归|属)(?:于)?(?:哪|什么|何)(?:一)?(?:个)?科|对口|挂(?:的)?(?:什么|哪个?)?号|号一样|"
     r"同一个?(?:科|科室)|科(?:室)?管|找(?:哪|什么)(?:个)?(?:科|大夫|医生)|转诊",
     (Relation.DEPARTMENT,)),
    (r"多大(?:的)?把握|[几多]成(?:能|可以)?(?:治)?好?|百分之(?:几|多少)|(?:治好|治愈|痊愈|康复|好)的?(?:几率|概率|机率|可能|比例|希望|机会|多不多)|"
     r"(?:几率|概率|机率)(?:多|有多|大)|哪个好治|好不好治|好治(?:吗|不)|能不能(?:治)?好|(?:能|可以)(?:彻底|完全)?(?:治|根治|痊愈|恢复|好)(?:的|吗|不|么|好吗)|"
     r"治得好|彻底(?:治|好)|自愈|自己(?:会)?好|有救|能恢复",
     (Relation.CURE_RATE,)),
    (r"治(?:得|疗)?(?:的)?(?:时间|多久|久)|治得久|(?:所需|需要|要|得)(?:的)?(?:多少|多长|治疗)?(?:的)?时间|疗程|治疗周期|(?:多长时间|多久|(?<![十好这近前后头那些第])(?:几天|几周|几个月|几年)(?![了来前的就]))|"
     r"时间(?:要)?多长|什么时候(?:能|可以|才能)?(?:好|恢复|痊愈)|恢复(?:期)?(?:要)?多",
     (Relation.DURATION,)),
    (r"治(?:好|疗)?(?:它|这个)?(?:要|得|需要|大概)+花?多少(?:钱|(?![天次年周个时]))|(?:准备|得|要|需要|大概|大约|一共)(?:花)?多少(?:钱|费用)|花(?:费)?(?:多少|几)|贵不贵|贵吗|(?:费用|价格|花销|开销|医药费|诊疗费|手术费)|"
     r"多少钱|要几千|几千块|几万|便宜",
     (Relation.COST,)),
    (r"报销|能报|给报|报不报|报吗|可以报|医保|社保|新农合|农合|走医保|大病保险", (Relation.INSURANCE,)),
    (r"传不传|传人|过给|过人|被感染|感染(?:的)?风险|传染病|隔离|传染|(?:会不会|会|能)传(?:给)?|人与人之间传播|传播(?:途径|方式)?",
     (Relation.INFECTIVITY,)),
    (r"(?:位于|在|长在|发生在|出在|是|生在|病在)?(?:身体|人体|身上|体内)?(?:的)?(?:何处|哪里(?!治|看|有|可|能|买|的?医院|做)|哪(?:个|一)?(?:位置|部位|器官|地方|块)|"
     r"什么(?:位置|部位|器官|地方))(?:的(?:疾?病|毛病|问题))?|哪里出(?:了)?(?:毛病|问题)|部位",
     (Relation.BODY_PART,)),
    (r"(?:都是|是)?谁(?:会|容易|最容易|常)?得|(?:小孩|大人|男的|女的|老人|男性|女性|年轻人)(?:得的?)?多还是|(?:哪|什么)(?:样|类|种|些)?(?:的)?人(?:群)?"
     r"(?:会|容易|易|最|常|爱|要|得|多)|专门找|(?:容易|常|爱|好)得(?![快慢了差很更不多])|人群|多见于|好发|多发(?![性结灶肿])|(?:哪|什么)(?:个)?年龄|(?:哪|某)一?类人",
     (Relation.POPULATION,)),
    (r"查(?:点|些)?(?:什么|哪些)|(?:做|查|完善|安排|需要|要)(?:哪|什么|几)(?:些|几|项|样|几项|几样|种)?(?:的)?(?:检查|项目|化验)|拍片|抽血|(?:怎么|才能)(?:检查|查)(?:出来)?|"
     r"(?:检查|化验|诊断|辅助检查)(?:的)?(?:项目|方法|手段|内容|依据|标准)|检查(?:一样|有哪些|有什么|都有)|怎么(?:确诊|诊断|鉴别|查|检测|筛查)|鉴别(?:诊断|要点)",
     (Relation.EXAMINATION, Relation.HISTOLOGY)),
    (r"干(?:嘛|什么|吗)(?:用)?(?:的)?|(?:治|管|主治|治疗|对付)(?:的是|的)?(?:哪些|什么|啥)(?:疾?病|毛病|症状|问题)?|用来(?:治|干|做)|做什么用|"
     r"(?:何时|什么时候)(?:使用|用)|什么情况下?(?:使用|用|吃|服)|适用(?:于|范围)|用于(?:治疗)?(?:哪些|什么|何)|(?:给|适合)(?:什么|哪[些种类])(?:样的?)?(?:病人|患者|人)(?:用|吃|服|使用)|对不?对症|对症[吗么]|(?:管|治)(?=\u25a1+(?:[吗么不]|有用|管用))|有什么(?:用|作用|功效|效果)|什么用(?:处|途)?|"
     r"(?:功效|作用)(?:与|和|及)(?:作用|功效)|主治",
     (Relation.INDICATION, Relation.EFFICACY)),
    (r"功效|功能主治", (Relation.EFFICACY, Relation.INDICATION)),
    (r"(?:禁止|不得|不能|不可|不宜|不应|不该|不可以|不适合|避免)(?:使用|服用|应用|注射|用|吃|服|打(?!喷嚏|球|[架扫]))|(?:谁|什么人|哪些人|哪类人|哪种人|什么病|哪些病|哪些患者|什么情况下?)(?:的)?"
     r"(?:人|患者|情况)?(?:不能|不可以|不可|不宜|不得|禁止|禁|不适合|不该)(?:使用|服用|应用|用|吃|服)?|忌讳|禁用(?:人群)?|禁忌",
     (Relation.CONTRAINDICATION,)),
    (r"(?:跟|和|与|同)[^，。；？?\u25a1]{1,8}?(?:有没有|有无|有)(?:什么|很大|直接|多大|一定)?关系",
     (Relation.CAUSE, Relation.RISK_FACTOR)),
    (r"(?:吃|服|用|打|喝)(?:了|过|完|后|以后|之后)+(?:会不会|是不是会|会|能|容易|可能|老是|总是|一直)+(?=\u25a1)",
     (Relation.ADVERSE,)),
    (r"坏处|(?:不好|不良|毒副|副)的?(?:反应|作用)|伤(?:不伤)?(?:身体|身|肝|肾|胃)|吃多(?![久少长大])了?(?:会)?|(?:吃|用|服)(?:了|完|后)(?:会|有)(?:什么|怎么|哪些)|后遗症|"
     rf"依赖|上瘾|成瘾|激素吗|{AFTER_TAKING}",
     (Relation.ADVERSE,)),
    (r"(?:怎么|应怎么|该怎么)(?:给药|服用?|吃|用|喝|打|贴|抹|涂|使用|服药)|给药(?:方法|方式|途径)?|(?:一天|每天|每日|一日|一次|每次|一回)(?:要|该|应|需要)?(?:吃|用|服|喝)?"
     r"(?:多少|几)(?:次|片|粒|颗|毫克|毫升|袋|支|包|丸|滴)?|(?:吃|用|服|喝)(?:多少|几)(?:次|片|粒|颗|毫克|毫升|袋|支|包|丸|滴|天)?|用量|用法|剂量|服法|"
     r"饭[前后](?![，,、]?[^，。；？?吃服用喝]{0,5}(?:[疼痛胀吐晕烧]|恶心|难受|不舒服|加重|血糖|小时|低血))|几片|几粒|几颗|几袋|几支|怎么服|最大量|极量",
     (Relation.DOSAGE,)),
    (r"(?:注意|留意|小心|当心|留神|警惕)(?:点|的)?(?:什么|哪些|些什么|事项|问题|点|些|的)?(?:地方|问题|事项)?(?:有哪些|是什么|有什么|呢)?|讲究|小心的|使用注意",
     (Relation.CAUTION, Relation.FOOD_BAD, Relation.PREVENTION)),
    (r"冲突|相克|相冲|(?:跟|和|与|同|能和|影响)?(?:别的|其他|其它|什么|哪些|另外的)药(?:物|品)?(?:一起|一块|同时|合用|同用|同服|冲突|相克|会|不能|有|之间|相互|能|可以|还能)?"
     r".{0,4}(?:吃|用|服|作用|影响|冲突|相克)|还能吃别的|(?:哪些|什么)药(?:物|品)?(?:会|能)?(?:影响|增强|减弱|降低)|(?:一起|一块|同时|混着)(?:儿)?(?:吃|用|服|喝)|合用|同服|联用|"
     r"相互作用|合着用",
     (Relation.INTERACTION, Relation.INCOMPATIBLE)),
    (r"\bhow (?:is|are|was|to|do|does|did|can|could|should|would)\b[^.?!]{0,60}\b(?:treat|treated|managed?|cured?)\b|"
     r"\btreatments? (?:of|for)\b|"
     r"\bwhat (?:is|are) (?:the )?[^.?!]{0,30}\btreatments?\b|\btreatment options\b",
     (Relation.TREATMENT, Relation.DRUG)),
    (r"\bwhat(?:'s| is| are)\b[^.?!]{0,30}\bdos(?:e|es|age|ages|ing)\b|\bdosage of\b|"
     r"\b(?:what|how) about (?:the )?dos(?:e|age)\b|"
     r"\bhow (?:much|many|often)\b[^.?!]{0,60}\b(?:takes?|taken|given?)\b", (Relation.DOSAGE,)),
    (r"\bwhat (?:is|are)\b[^.?!]{0,30}\b(?:used|indicated|prescribed|good) for\b|\bindications? of\b",
     (Relation.INDICATION, Relation.EFFICACY)),
    (r"\b(?:can|may|could|should|is it safe to)\b[^.?!]{0,60}\btaken?\b(?! (?:together|with))|"
     r"\bsafe (?:in|during|for|while)\b",
     (Relation.CONTRAINDICATION, Relation.CAUTION)),
    (r"\binteract(?:s|ions?)?\b|\btaken? (?:together|with)\b|\bcombined? with\b",
     (Relation.INTERACTION, Relation.INCOMPATIBLE)),
    (r"\bhow (?:is|are|do|does|can|to|should)\b[^.?!]{0,60}\bdiagnosed?\b", (Relation.EXAMINATION,)),
    (r"\bhow (?:is|are|do|does|can|to|should)\b[^.?!]{0,60}\bprevent(?:ed)?\b", (Relation.PREVENTION,)),
    (r"\b(?:contagious|infectious|spread from person)\b", (Relation.INFECTIVITY,)),
    (r"\b(?:what|which) (?:foods?|diet)\b[^.?!]{0,40}\b(?:avoid|not eat|bad)\b|\bfoods? to avoid\b",
     (Relation.FOOD_BAD,)),
    (r"\b(?:what|which) (?:foods?|diet)\b", (Relation.FOOD_GOOD, Relation.FOOD_BAD)),
    (r"\bcure rates?\b", (Relation.CURE_RATE,)),
    (r"\b(?:duration|period|length) of treatment\b|\btreatment (?:period|duration)\b|"
     r"\bhow long does\b[^.?!]{0,40}\b(?:treatment|take to (?:treat|heal|recover|cure))\b", (Relation.DURATION,)),
    (r"\bhow much does\b[^.?!]{0,40}\bcost\b|\bcosts? of treat(?:ing|ment)\b", (Relation.COST,)),
    (rf"慎(?:重|用|服|吃)?(?:使用|服用|应用)?(?:给|于)?(?:的)?(?:什么|哪[些种类个]|何种|谁)?(?:样的?)?{_WHOM}?(?<!慎)",
     (Relation.CAUTION, Relation.CONTRAINDICATION)),
    (rf"{_UNFIT}(?:再)?(?:用于|给|适用于|用|服用|使用|应用|服|吃|打|于)(?:于|给)?(?:的)?"
     rf"(?:(?:什么|哪[些种类个]|何种)(?:样的?)?{_WHOM}?|谁|人群|患者|对象)(?:[用服吃打]|使用|服用)?",
     (Relation.CONTRAINDICATION, Relation.CAUTION)),
    (rf"(?:谁|什么(?:时候|{_WHOM})|哪[些类种]?{_WHOM})(?:下|的人|的时候)?{_UNFIT}(?:用|服用|使用|服|吃|打)?",
     (Relation.CONTRAINDICATION, Relation.CAUTION)),
    (r"怎么(?:能|样)?(?:看|判断|知道|分辨|辨别|确定|识别)(?:自己|出来?)?(?:是不是|是否|有没有|得没得|算不算)(?:得了?|患了?|有)?",
     (Relation.SYMPTOM,)),
    (r"(?:要不要|需不需要|用不用|该不该|是否需要|需要|必须|一定要|非得)(?:做|动)?(?:手术|开刀|割|切除?)",
     (Relation.TREATMENT, Relation.ADJUVANT)),
    (r"不(?:治疗?|吃药|用药|管它?|去管|处理|打针)(?:的话|它|也|就|自己|自行|会|能|可以)*(?:好|痊愈|恢复|消失?|消退)",
     (Relation.CURE_RATE,)),
    (r"(?:多少|多高|多低)(?:才)?(?:算|叫|就是|属于|能诊断|可以诊断)(?:是)?(?:高|低|正常|异常|偏高|偏低)?",
     (Relation.REFERENCE_RANGE, Relation.EXAMINATION)),
    (r"不适合(?:给)?(?:谁|什么人|哪些人|哪类人|哪种人)|(?:禁|忌|慎)(?:用|服)于?(?:谁|什么人|哪些人|哪类人|哪些患者|什么情况|哪些情况)|"
     r"(?:什么|哪种|哪些)(?:情况|时候|人)?(?:下|的)?(?:千万|绝对|一定)?(?:别|不要|不能)(?:用|吃|服)",
     (Relation.CONTRAINDICATION, Relation.CAUTION)),
    (r"(?:用|吃|服|打)(?:完|了|过|后|下去)[^，。；？?]{0,6}?(?:什么|哪些|怎么)?(?:不舒服|不适|难受|反应)",
     (Relation.ADVERSE,)),
    (r"(?:归|属|算)(?:在|于|到|进)?(?:什么|哪)(?:一)?[类种个]?的?药|哪(?:一)?类的药|类别", (Relation.DRUG_CLASS,)),
    (r"(?:什么时候|何时|什么情况下?)(?:才|该|要|需要|应该|适合|可以|能)+(?:用|吃|服)",
     (Relation.INDICATION, Relation.EFFICACY)),
    (r"(?:跟|和|与|同)?(?:别的|其他|其它)药[^，。；？?]{0,8}(?:打架|冲突|相克|要防|当心)|"
     r"(?:再|又)?加别的药", (Relation.INTERACTION, Relation.INCOMPATIBLE)),
    (r"(?:做成|制成)(?:片|丸|水|胶囊|颗粒|粉|什么|哪)", (Relation.DOSAGE_FORM,)),
    (r"(?:用药|服药|使用|服用)须知", (Relation.CAUTION,)),
    (r"高危(?:人群|群体)|哪(?:些|类)群体", (Relation.POPULATION,)),
    (r"(?:靠|用)?(?:手术|开刀|吃药|药物|保守)[^，。；？?]{0,4}还是[^，。；？?]{0,8}(?:治|疗|法|方式)|"
     r"(?:处理|治疗|处置)原则", (Relation.TREATMENT, Relation.ADJUVANT)),
    (r"(?:添|落下?|惹出?|带出)(?:些|个|上)?(?:什么|哪些|别的)(?:疾?病|毛病|问题|后果)", (Relation.COMPLICATION,)),
    (r"(?:挂|看|找)(?:谁|哪位|哪种)(?:的号|医生|大夫)?", (Relation.DEPARTMENT,)),
    (r"(?:得|要|需要)?(?:治|吃药|治疗)到(?:什么时候|几时|何时|多久)", (Relation.DURATION,)),
    (r"开(?:什么|哪些|些什么|几张)(?:检查)?单|开单(?:子)?查|开(?:些)?什么(?:检查|项目|化验)", (Relation.EXAMINATION,)),
    (r"(?:会|能|被|给|怕)?(?:染上|传上|过上)", (Relation.INFECTIVITY,)),
    (r"减少(?=[的了见是怎什说有会吗呢意代提，。？?,]|$)", (Relation.LOWERED_IN,)),
    (r"(?:片|丸|水|针|胶囊|颗粒|口服|吃的?|喝的?|外用|贴的?)还是(?:片|丸|水|针|胶囊|颗粒|打的?|喝的?|吃的?|抹的?|外用|注射)|做成什么|剂型|规格|一片(?:是)?多少(?:毫克|克)|"
     r"(?:每|一)[片粒支袋瓶](?:是|有|含)?多少|何种(?:剂|制)型",
     (Relation.DOSAGE_FORM,)),
    (r"(?:由|是由)?(?:什么|哪些|哪几)(?:味|种|样)?(?:中?药(?:材|物)?|成分|东西|材料)?(?:组成|构成|配成|配制|做成|做的)|(?:组成|成分|配方|药材|方子|方剂组成)(?:是|有|包括)?|"
     r"(?:含|有|里面有|用了?|含有)(?:哪些|什么|哪几)(?:味|种)?(?:中?药(?:材)?|成分)|几味药|哪几味",
     (Relation.INGREDIENT,)),
    (r"(?:严重|危险|要紧|厉害|可怕|恐怖|凶险)(?:不|吗|么|的?程度)|(?:有多|多)(?:么)?(?:严重|危险|厉害|可怕)|危不危险|会(?:不会)?死(?:人|亡)?(?:吗|不)?|(?:致命|要命|死亡率|有生命危险)|"
     r"(?:后果|危害)(?:是|有|大)?",
     (Relation.COMPLICATION, Relation.CURE_RATE, Relation.ADVERSE)),
)  # fmt: skip
"""As regular expressions; everyday words are in their written form (`什么` for `啥`, `怎么` for `咋` and `如何`)."""

_TABLE: tuple[tuple[str, Group], ...] = tuple(
    [(cue, relations) for cues, relations in _PHRASES for cue in cues.split("|")]
    + [(cue, (row.relation,)) for row in RELATIONS.values() for cue in (row.label, *row.aliases, *row.cues)]
)
CUES = frozenset(cue for cue, _ in _TABLE) | {"传染病", "后遗症", "西药", "中药", "草药", "中草药", "中成药", "处方药"}
"""Words that ask even where they are a name as well."""
_GENERIC = frozenset({"治疗", "药物", "用药", "作用", "检查", "表现", "药品", "什么药", "饮食", "发作", "周期", "费用"})
"""Cues that every other cue outweighs: `治疗多久` asks for the duration only."""


_OF_AN_AMOUNT = frozenset({"费用", "周期"})
_HOSPITAL = (
    r"哪[一]?[个种家所](?:医院|诊所)|(?:的)?医院(?:哪家|哪个|有哪些|好|最好|推荐|排名|在哪)(?:好|强)?|最好的医院|"
    r"(?:什么|哪些|好的?|专科|专业|权威|正规|三甲|著名|有名)的?医院|哪里(?:治|看|能治|可以治|可以看|有)|"
    r"(?:到|去|上)哪(?:里)?(?:治|看|做|检查)|专家|名医|哪里(?:的)?(?:好|医院)"
)
_WEAK = re.compile(_HOSPITAL)
"""Likewise: `去三甲医院看要多少钱` asks for the costs only. Of hospitals only the departments are known."""


_COMPILED = tuple((re.compile(pattern), group) for pattern, group in (*_PATTERNS, (_HOSPITAL, (Relation.DEPARTMENT,))))


def groups_asked(text: str, kinds: Collection[EntityType]) -> tuple[Group, ...]:
    """The relations of each cue in normalised `text`, by position; a cue inside a longer one does not count.

    `kinds` are the types of what is named: cues that cannot be asked of it give way to those that can.
    """
    hits = [hit for hit in _hits(text) if not _does_it(text, *hit)]
    hits = [hit for hit in hits if can_be_asked(hit[2], kinds)] or [hit for hit in hits if hit[2] != _MEANING]
    taken = [False] * len(text)
    found: list[tuple[int, str, Group]] = []
    for start, cue, group in sorted(hits, key=lambda hit: -len(hit[1])):
        end = start + len(cue)
        if not any(taken[start:end]):
            found.append((start, cue, group))
            taken[start:end] = [True] * len(cue)
    listed = _listed(text, found)
    telling = [hit for hit in found if hit in listed or (hit[1] not in _GENERIC and not _WEAK.fullmatch(hit[1]))]
    if telling:
        telling += [hit for hit in found if hit not in telling and _asked_alone(text, hit, telling)]
    if not telling:
        telling = [hit for hit in found if hit[1] != "治疗"] or found
    return tuple(dict.fromkeys(group for _, _, group in sorted(telling)))


_JOINED = re.compile("(?:、|,|，)?(?:和|与|及其?|以及|跟|还有)?")


def _listed(text: str, found: Sequence[tuple[int, str, Group]]) -> set[tuple[int, str, Group]]:
    """Cues that stand beside another in a list: in `检查、并发症和治疗` each asks for itself."""
    pairs = itertools.pairwise(sorted(found))
    beside = [(a, b) for a, b in pairs if a[0] + len(a[1]) < b[0] and _JOINED.fullmatch(text[a[0] + len(a[1]) : b[0]])]
    return {hit for pair in beside for hit in pair}


_SENTENCE = re.compile(r"[^。！？；!?;]+")
_AMOUNT = re.compile(r"多少|多长|多久|几[天周个年千百万]|高吗|贵吗|高不高|贵不贵")


def _asked_alone(text: str, hit: tuple[int, str, Group], others: Sequence[tuple[int, str, Group]]) -> bool:
    """Whether a word that others outweigh asks in a sentence of its own: `要做哪些检查？费用大概多少？`."""
    start, stop = next(m.span() for m in _SENTENCE.finditer(text) if m.start() <= hit[0] < m.end())
    alone = all(not start <= other[0] < stop for other in others)
    return alone and hit[1] in _OF_AN_AMOUNT and _AMOUNT.search(text[start:stop]) is not None


def _does_it(text: str, start: int, cue: str, group: Group) -> bool:
    """`能降低□吗` asks what something does to a measure, not what a low one is seen in.

    And `疫苗会导致□吗` what may cause an illness, not what that leads to.
    """
    if not text[start + len(cue) :].startswith("\u25a1"):
        return False
    brings = Relation.COMPLICATION in group and _BRINGS.search(cue) is not None and "\u25a1" not in text[:start]
    return set(group) <= _SEEN_IN or brings


_BRINGS = re.compile("(?:导致|引起|引发|造成)$")
_MEANING = (Relation.SIGNIFICANCE,)
"""`是什么意思` of an illness asks for all that is known of it."""
_SEEN_IN = frozenset({Relation.RAISED_IN, Relation.LOWERED_IN})


def without_cues(mentions: Sequence[Mention]) -> tuple[Mention, ...]:
    """The mentions that name a thing, as `喝酒` does; one that only asks (`传染病`) stays where there is no other."""
    naming = tuple(
        m
        for m in mentions
        if normalise(m.surface) not in CUES or any(c.type in (EntityType.FOOD, EntityType.CAUSE) for c in m.candidates)
    )
    return naming or tuple(mentions)


def can_be_asked(group: Group, kinds: Collection[EntityType]) -> bool:
    """Whether one of the relations can be said of something of these types."""
    return any(RELATIONS[relation].subjects & set(kinds) for relation in group)


def _hits(text: str) -> list[tuple[int, str, Group]]:
    """(place, cue, group); of equal cues those of the patterns first."""
    hits = [(match.start(), match[0], group) for pattern, group in _COMPILED for match in pattern.finditer(text)]
    for cue, group in _TABLE:
        start = text.find(cue)
        while start >= 0:
            hits.append((start, cue, group))
            start = text.find(cue, start + len(cue))
    return [hit for hit in hits if hit[1]]
