"""What more than one page says: names of pages, errors, types of entities."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    # pages
    "product": ("医问", "Yiwen"),
    "consult": ("咨询", "Consultation"),
    "graph": ("知识图谱", "Knowledge graph"),
    "medications": ("用药核对", "Medication check"),
    "knowledge": ("知识库", "Knowledge base"),
    "search": ("检索测试", "Retrieval test"),
    "status": ("评测与状态", "Evaluation and status"),
    "language": ("语言", "Language"),
    # errors
    "error_unreachable": ("连接不到服务", "The service cannot be reached"),
    "error_unreachable_help": (
        "请确认 `yiwen serve` 正在运行（地址：{url}），然后重试。您的输入没有丢失。",
        "Make sure `yiwen serve` is running (address: {url}), then try again. Nothing you typed is lost.",
    ),
    "error_429": ("请求太多，请稍后再试", "Too many requests; try again in a moment"),
    "error_401": ("没有权限", "Not allowed"),
    "error_403": ("没有权限", "Not allowed"),
    "error_404": ("没有找到", "Not found"),
    "error_410": ("内容已被删除", "The content was erased"),
    "error_413": ("内容太大", "Too large"),
    "error_422": ("内容不能被接受", "This cannot be accepted"),
    "error_503": ("服务暂时不可用", "The service is not available at the moment"),
    "error_504": ("回答超时", "The answer took too long"),
    "error_other": ("服务出错了", "Something went wrong in the service"),
    "request_id": ("请求编号 {id}", "request {id}"),
    # types of entities
    "type_disease": ("疾病", "Disease"),
    "type_symptom": ("症状", "Symptom"),
    "type_drug": ("药物", "Drug"),
    "type_examination": ("检查", "Examination"),
    "type_treatment": ("治疗方法", "Treatment"),
    "type_department": ("科室", "Department"),
    "type_body_part": ("部位", "Body part"),
    "type_food": ("食物", "Food"),
    "type_population": ("人群", "Population"),
    "type_cause": ("病因", "Cause"),
    "type_pathogen": ("病原体", "Pathogen"),
    "type_indicator": ("指标", "Indicator"),
    "type_herb": ("中药", "Herb"),
    "type_formula": ("方剂", "Formula"),
    "type_syndrome": ("证候", "Syndrome"),
    "type_acupoint": ("穴位", "Acupoint"),
    "type_therapy": ("疗法", "Therapy"),
}
