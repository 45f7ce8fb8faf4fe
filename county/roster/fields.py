"""What the columns of a roster mean, under the many names the county offices give them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from enum import StrEnum

from county.roster.groups import is_group_word


class Field(StrEnum):
    """Something a roster says of a household or a person."""

    TOWNSHIP = "township"
    VILLAGE = "village"
    GROUP_NO = "group_no"
    HOUSE_NO = "house_no"
    HOUSEHOLD_NUMBER = "household_number"
    HEAD_NAME = "head_name"
    HOUSEHOLD_PHONE = "household_phone"
    NAME = "name"
    RELATION = "relation_to_head"
    ID_NUMBER = "id_number"
    SEX = "sex"
    BIRTH_DATE = "birth_date"
    ETHNIC_GROUP = "ethnic_group"
    PHONE = "phone"
    GROUPS = "groups"
    DISEASES = "diseases"
    CONTRACT_START = "contract_start"
    CONTRACT_END = "contract_end"
    DOCTOR = "doctor"
    HEALTH_RECORD_NUMBER = "health_record_number"


HOUSEHOLD_FIELDS = (
    Field.TOWNSHIP,
    Field.VILLAGE,
    Field.GROUP_NO,
    Field.HOUSE_NO,
    Field.HOUSEHOLD_NUMBER,
    Field.HEAD_NAME,
    Field.HOUSEHOLD_PHONE,
)
"""Fields of a household: written once and merged down over its members in many offices."""

_SPELLINGS = """
township              乡镇 所属乡镇 乡镇名称 乡 镇 乡(镇) 乡镇街道 乡镇(街道) 街道 所在乡镇 镇名
village               村 行政村 村名 村名称 所属村 所在村 村委会 村居 村(居) 村(社区) 行政村名称
group_no              组 村民小组 小组 组别 村组 组号 自然村 自然村组 屯
house_no              门牌 门牌号 门牌号码 户门牌 房号
household_number      户编号 户号 家庭编号 户编码 家庭户编号 户籍编号 户序号 家庭户号
head_name             户主 户主姓名 户主名 家庭户主
household_phone       户主电话 户主联系电话 家庭电话 户联系电话 户主手机
name                  姓名 成员姓名 家庭成员 家庭成员姓名 居民姓名 人员姓名 患者姓名 签约居民
relation_to_head      与户主关系 户主关系 关系 与户主的关系 家庭关系 成员关系
id_number             身份证号 身份证号码 身份证 公民身份号码 证件号码 证件号 居民身份证号
id_number             身份证件号码 身份证编号 成员身份证号 本人身份证号
sex                   性别
birth_date            出生日期 出生年月日 生日 出生时间 出生年月
ethnic_group          民族
phone                 电话 联系电话 手机 手机号 手机号码 电话号码 本人电话 联系方式 本人联系电话
groups                人群 人群类别 人群分类 人群标签 重点人群 人员类别 人员属性 户类型 户属性
groups                脱贫属性 贫困类型 服务人群 人群类型 签约人群
diseases              疾病 慢病 所患疾病 患病情况 疾病名称 慢性病 慢病种类 患病种类 病种 所患慢病
contract_start        签约日期 签约时间 协议开始日期 签约开始日期 起始日期 开始日期 签约起始日期
contract_end          到期日期 到期时间 协议到期日期 签约到期日期 截止日期 结束日期 签约截止日期
contract_end          终止日期 协议结束日期 有效期至
doctor                签约医生 家庭医生 责任医生 村医 签约村医 乡村医生 家庭医生姓名 责任村医
health_record_number  健康档案号 健康档案编号 档案号 档案编号 居民健康档案号 健康档案编码
"""
# Names of columns met in county offices, as `heading_key` leaves them; a name has one meaning.

_FIELD_OF: Mapping[str, Field] = {
    spelling: Field(line.split()[0])
    for line in _SPELLINGS.strip().splitlines()
    for spelling in line.split()[1:]
}
_MARKS = str.maketrans("", "", "*:：※★#●＊")


def heading_key(text: str) -> str:
    """A heading as it is compared: half-width, without spaces, line breaks and marks."""
    return "".join(unicodedata.normalize("NFKC", text).split()).translate(_MARKS)


def field_of(heading: str) -> Field | None:
    """The field a heading names, else None; what stands in brackets behind it is passed over."""
    key = heading_key(heading)
    return _FIELD_OF.get(key) or _FIELD_OF.get(key.partition("(")[0])


class Columns:
    """Where the fields of a sheet stand: each field's column, and columns that are a yes or no."""

    def __init__(self, headings: Sequence[str]) -> None:
        self.of: dict[Field, int] = {}
        self.flags: dict[str, int] = {}
        self.unknown: list[str] = []
        for column, heading in enumerate(headings):
            self._place(heading, column)

    def _place(self, heading: str, column: int) -> None:
        key = heading_key(heading)
        field = field_of(heading)
        if field is not None and field not in self.of:
            self.of[field] = column
        elif field is None and key and is_group_word(key):
            self.flags[key] = column
        elif key and key not in PASSED_OVER:
            self.unknown.append(heading.strip())


PASSED_OVER = frozenset({"序号", "编号", "备注", "年龄", "说明"})
"""Columns every roster has and nobody needs: a number, a remark, an age that ages."""

MIN_HEADINGS = 3


def is_heading_row(cells: Sequence[str]) -> bool:
    """Whether a row of a sheet names the columns: a person's name or ID number, and two more."""
    found = {field for cell in cells if (field := field_of(cell)) is not None}
    return len(found) >= MIN_HEADINGS and bool(found & {Field.NAME, Field.ID_NUMBER})
