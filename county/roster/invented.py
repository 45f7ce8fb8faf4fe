"""An invented county to fill a sample roster with: nobody in it exists, no number is anybody's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from core.identity_number import with_check_character
from core.vocabulary import Sex

AREA = "990101"
"""No division of the country begins with 99, so an ID number made here is nobody's."""

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余叶"
MALE_SIGNS = "伟强军勇杰涛明超刚平辉鹏华飞斌波宇浩建国志海山林松柏根生福贵荣庆祥顺田水土春"
FEMALE_SIGNS = "芳娜敏静丽艳霞秀英玉兰梅桂珍凤琴娟红玲燕萍翠莲菊香云月花巧素淑惠美珠彩芬"
_TOWNSHIPS = """
青石桥 柳溪河 云岭 双河口 白鹭湾 枫树坪 大泉 竹山 龙潭 梨花 凤鸣 金沙滩
"""
_VILLAGES = """
石桥头 杏花坞 上河沿 下河沿 槐树坡 马家湾 桃源里 清水塘 东岭 西坪 南坡 北沟
柏树垭 黄泥岗 金鸡岭 古井 桂花园 三岔口 莲花池 瓦窑 油坊 磨盘山 牛角冲 长塘
新店子 老屋场 枣林 银杏坪 栗子坳 茶园 泉水湾 芦苇荡 铁匠铺 松林坡 花桥 竹园
"""
TOWNSHIPS = tuple(_TOWNSHIPS.split())
VILLAGES = tuple(_VILLAGES.split())

HEAD, SPOUSE, SON, DAUGHTER, GRANDCHILD, FATHER, MOTHER = (
    "户主", "配偶", "子", "女", "孙子女", "父亲", "母亲",
)  # fmt: skip

# Who lives in a household of so many: relation and age in years, from and to.
_Seat = tuple[str, int, int]
_OLD_HEAD, _OLD_SPOUSE = (HEAD, 63, 86), (SPOUSE, 61, 83)
_HEAD, _SPOUSE = (HEAD, 38, 62), (SPOUSE, 36, 60)
_YOUNG_HEAD, _YOUNG_SPOUSE = (HEAD, 30, 44), (SPOUSE, 28, 42)
COMPOSITIONS: dict[int, tuple[tuple[_Seat, ...], ...]] = {
    1: ((_OLD_HEAD,), (_OLD_HEAD,), (_HEAD,)),
    2: ((_OLD_HEAD, _OLD_SPOUSE), (_OLD_HEAD, _OLD_SPOUSE), (_HEAD, _SPOUSE)),
    3: (
        (_HEAD, _SPOUSE, (MOTHER, 66, 88)),
        (_OLD_HEAD, _OLD_SPOUSE, (GRANDCHILD, 2, 14)),
        (_HEAD, _SPOUSE, (SON, 8, 24)),
    ),
    4: (
        (_HEAD, _SPOUSE, (FATHER, 66, 86), (SON, 8, 24)),
        (_YOUNG_HEAD, _YOUNG_SPOUSE, (DAUGHTER, 2, 14), (MOTHER, 58, 75)),
    ),
    5: (
        (_YOUNG_HEAD, _YOUNG_SPOUSE, (SON, 3, 14), (DAUGHTER, 2, 6), (MOTHER, 60, 80)),
        (_HEAD, _SPOUSE, (FATHER, 70, 88), (MOTHER, 68, 86), (DAUGHTER, 8, 22)),
    ),
}
LARGEST = max(COMPOSITIONS)

DISABLED_SHARE = 0.05
ASSISTED_KINDS = ("脱贫户", "脱贫户", "脱贫户", "低保户", "监测户", "特困人员")
SIGNED_SHARE = 0.97
WITHOUT_PHONE_SHARE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class InventedPlace:
    """A village with its township and its doctors."""

    township: str
    village: str
    doctors: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InventedPerson:
    """A person with what a roster says of them; `signed_on` is None for one without contract."""

    name: str
    sex: Sex
    birth_date: date
    id_number: str
    relation: str
    phone: str
    groups: tuple[str, ...]
    diseases: tuple[str, ...]
    signed_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InventedHousehold:
    """A household with its doctor and its members, the head first."""

    place: InventedPlace
    doctor: str
    number: str
    group_no: int
    house_no: int
    members: tuple[InventedPerson, ...]

    @property
    def head_name(self) -> str:
        """The name of its first member."""
        return self.members[0].name


class InventedCounty:
    """Draws places, households and people from a seed; the same seed draws the same."""

    def __init__(self, seed: int, today: date) -> None:
        self._chance = Random(seed)
        self._today = today
        self._born: dict[str, int] = {}

    def places(self, townships: int, villages: int, doctors: int) -> tuple[InventedPlace, ...]:
        """Villages dealt out to the townships in turn, and doctors to the villages."""
        staff = self._staff(max(doctors, villages))[:doctors]
        return tuple(
            InventedPlace(
                township=f"{_numbered(TOWNSHIPS, number % townships)}镇",
                village=f"{_numbered(VILLAGES, number)}村",
                doctors=tuple(staff[number::villages]) or (staff[number % doctors],),
            )
            for number in range(villages)
        )

    def households(
        self, places: Sequence[InventedPlace], people: int, count: int
    ) -> tuple[InventedHousehold, ...]:
        """Exactly `count` households with exactly `people` persons, villages in turn.

        Raises ValueError where so many persons do not fit so many households.
        """
        sizes = self._sizes(people, count)
        return tuple(
            self._household(places[number % len(places)], number, size)
            for number, size in enumerate(sizes)
        )

    def _sizes(self, people: int, count: int) -> list[int]:
        if not count <= people <= count * LARGEST:
            raise ValueError(f"{people} persons do not fit {count} households")
        sizes = [1] * count
        room = list(range(count))
        for _ in range(people - count):
            place = self._chance.randrange(len(room))
            sizes[room[place]] += 1
            if sizes[room[place]] == LARGEST:
                room[place] = room[-1]
                room.pop()
        return sizes

    def _household(self, place: InventedPlace, number: int, size: int) -> InventedHousehold:
        family_name = self._chance.choice(SURNAMES)
        assisted = self._chance.choice(ASSISTED_KINDS)
        seats = self._chance.choice(COMPOSITIONS[size])
        return InventedHousehold(
            place=place,
            doctor=self._chance.choice(place.doctors),
            number=f"{AREA}{number + 1:05d}",
            group_no=self._chance.randint(1, 8),
            house_no=self._chance.randint(1, 180),
            members=tuple(self._person(seat, family_name, assisted) for seat in seats),
        )

    def _person(self, seat: _Seat, family_name: str, assisted: str) -> InventedPerson:
        relation, youngest, oldest = seat
        sex = self._sex(relation)
        age_days = self._chance.randint(youngest * 365 + 30, oldest * 365 + 300)
        born = self._today - timedelta(days=age_days)
        marries_in = relation in {SPOUSE, MOTHER}
        surname = self._chance.choice(SURNAMES) if marries_in else family_name
        diseases = self._diseases(age_days // 365)
        return InventedPerson(
            name=self._name(surname, sex),
            sex=sex,
            birth_date=born,
            id_number=self._id_number(born, sex),
            relation=relation,
            phone=self._phone(age_days // 365),
            groups=self._groups(age_days // 365, diseases, assisted),
            diseases=diseases,
            signed_on=self._signed_on(),
        )

    def _sex(self, relation: str) -> Sex:
        if relation in {SPOUSE, MOTHER, DAUGHTER}:
            return Sex.FEMALE
        if relation in {FATHER, SON}:
            return Sex.MALE
        return Sex.MALE if self._chance.random() < 0.7 else Sex.FEMALE

    def _diseases(self, age: int) -> tuple[str, ...]:
        """Illnesses at about the shares among those a county contracts first."""
        shares = (
            ("高血压", 0.45 if age >= 60 else 0.3),
            ("2型糖尿病", 0.17 if age >= 60 else 0.1),
        )
        if age < 35:
            return ()
        found = [name for name, share in shares if self._chance.random() < share]
        if age >= 55 and self._chance.random() < 0.04:
            found.append("慢阻肺")
        return tuple(found)

    def _groups(self, age: int, diseases: Sequence[str], assisted: str) -> tuple[str, ...]:
        groups = [assisted, *(name for name in diseases if name != "慢阻肺")]
        if age >= 65:
            groups.append("老年人")
        elif age < 7:
            groups.append("0-6岁儿童")
        elif self._chance.random() < DISABLED_SHARE:
            groups.append("残疾人")
        return tuple(groups)

    def _signed_on(self) -> date | None:
        """Nearly everybody about a year ago, a few of them in the course of it."""
        if self._chance.random() > SIGNED_SHARE:
            return None
        late = self._chance.random() < 0.08
        days_ago = self._chance.randint(60, 300) if late else self._chance.randint(366, 400)
        return self._today - timedelta(days=days_ago)

    def _phone(self, age: int) -> str:
        if age < 12 or self._chance.random() < WITHOUT_PHONE_SHARE:
            return ""
        return f"1990000{self._chance.randrange(10**4):04d}"

    def _id_number(self, born: date, sex: Sex) -> str:
        day = f"{born:%Y%m%d}"
        order = self._born.get(day, 0)
        self._born[day] = order + 1
        odd = int(sex == Sex.MALE)
        return with_check_character(f"{AREA}{day}{order * 2 + odd:03d}")

    def _staff(self, count: int) -> list[str]:
        names: dict[str, None] = {}
        while len(names) < count:
            sex = self._chance.choice((Sex.MALE, Sex.FEMALE))
            names[self._name(self._chance.choice(SURNAMES), sex)] = None
        return list(names)

    def _name(self, surname: str, sex: Sex) -> str:
        signs = MALE_SIGNS if sex == Sex.MALE else FEMALE_SIGNS
        given = "".join(self._chance.sample(signs, 2 if self._chance.random() < 0.8 else 1))
        return surname + given


def _numbered(names: Sequence[str], number: int) -> str:
    """The name at a position; past the end they come round again with a number."""
    round_, position = divmod(number, len(names))
    return names[position] if round_ == 0 else f"{names[position]}{_TENS[round_]}"


_TENS = ("", "二", "三", "四", "五", "六", "七", "八", "九", "十")
