"""The field's code tables: what a value may be called, inside and on the wire.

Records hold these as plain text, so that a value a newer county invents survives an
older tablet. Sources: national public health service specification, third edition
(2017), follow-up forms; the county work plan's six forms and ten services.
"""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """Kinds of records that travel."""

    VILLAGE = "village"
    USER = "user"
    TEAM = "team"
    POLICY_PACK = "policy_pack"
    HOUSEHOLD = "household"
    RESIDENT = "resident"
    CONTRACT = "contract"
    SPECIAL_PROGRAMME = "special_programme"
    ASSIGNMENT = "assignment"
    FOLLOW_UP = "follow_up"
    EDUCATION = "education"
    MEASUREMENT = "measurement"
    REFERRAL = "referral"
    REFERRAL_OUTCOME = "referral_outcome"
    REVIEW = "review"
    PHONE_CHECK = "phone_check"
    EXEMPTION = "exemption"
    EXEMPTION_DECISION = "exemption_decision"
    WITHDRAWAL = "withdrawal"
    NOTICE = "notice"
    MATERIAL = "material"


STANDING_KINDS = frozenset(
    {
        Kind.VILLAGE,
        Kind.USER,
        Kind.TEAM,
        Kind.POLICY_PACK,
        Kind.HOUSEHOLD,
        Kind.RESIDENT,
        Kind.CONTRACT,
        Kind.SPECIAL_PROGRAMME,
        Kind.ASSIGNMENT,
        Kind.NOTICE,
        Kind.MATERIAL,
    }
)
"""Kinds that change field by field; every other kind is a fact and is never edited."""


class Sex(StrEnum):
    """As the ID number says it; unknown where there is none."""

    UNKNOWN = "unknown"
    MALE = "male"
    FEMALE = "female"


class GroupTag(StrEnum):
    """Groups of people a policy may name; age groups follow from the birth date."""

    ELDERLY65 = "elderly65"
    CHILD0_6 = "child0_6"
    MATERNAL = "maternal"
    DISABLED = "disabled"
    HTN = "htn"
    T2DM = "t2dm"
    TB = "tb"
    SMI = "smi"
    HIV = "hiv"
    COPD = "copd"
    ASSISTED = "assisted"
    GENERAL = "general"


RESTRICTED_TAGS = frozenset({GroupTag.TB, GroupTag.SMI, GroupTag.HIV})
"""Tags whose disclosure harms (level S3): they stand in no resident's own record."""

SPECIAL_TAGS = RESTRICTED_TAGS - {GroupTag.HIV}
"""Those the office may write into a `special_programme`; HIV stands in no record at all."""


class Mode(StrEnum):
    """The six forms of a follow-up (门诊、巡诊、随访、电话、短信、网络)."""

    CLINIC = "clinic"
    TOUR = "tour"
    HOME = "home"
    PHONE = "phone"
    SMS = "sms"
    ONLINE = "online"


FACE_TO_FACE_MODES = frozenset({Mode.CLINIC, Mode.TOUR, Mode.HOME})
"""Modes in which a value can be measured; the others carry only what the resident reports."""


class Service(StrEnum):
    """The ten services a family-doctor team owes."""

    BASIC_MEDICAL = "basic_medical"
    PUBLIC_HEALTH = "public_health"
    HEALTH_MANAGEMENT = "health_management"
    EDUCATION = "education"
    PRIORITY_APPOINTMENT = "priority_appointment"
    PRIORITY_REFERRAL = "priority_referral"
    HOME_VISIT = "home_visit"
    MEDICINE_DELIVERY = "medicine_delivery"
    LONG_PRESCRIPTION = "long_prescription"
    TCM_PREVENTION = "tcm_prevention"


class ReadingKind(StrEnum):
    """What is measured; `core.followups.Reading` says in which unit."""

    BLOOD_PRESSURE = "blood_pressure"
    HEART_RATE = "heart_rate"
    GLUCOSE = "glucose"
    WEIGHT = "weight"
    HEIGHT = "height"
    WAIST = "waist"
    TEMPERATURE = "temperature"
    OXYGEN = "oxygen"


class Source(StrEnum):
    """Where a reading comes from; a reported one is never treated as measured."""

    TYPED = "typed"
    DEVICE = "device"
    REPORTED = "reported"


class Timing(StrEnum):
    """Glucose in relation to the meal."""

    FASTING = "fasting"
    POSTPRANDIAL_2H = "postprandial_2h"
    RANDOM = "random"


class Symptom(StrEnum):
    """Symptoms of the hypertension and type 2 diabetes follow-up forms, and the acute ones."""

    NONE = "none"
    HEADACHE_DIZZINESS = "headache_dizziness"
    NAUSEA_VOMITING = "nausea_vomiting"
    BLURRED_VISION_TINNITUS = "blurred_vision_tinnitus"
    DYSPNEA = "dyspnea"
    PALPITATION_CHEST_TIGHTNESS = "palpitation_chest_tightness"
    NOSEBLEED = "nosebleed"
    NUMB_LIMBS = "numb_limbs"
    LEG_OEDEMA = "leg_oedema"
    POLYDIPSIA = "polydipsia"
    POLYPHAGIA = "polyphagia"
    POLYURIA = "polyuria"
    BLURRED_VISION = "blurred_vision"
    INFECTION = "infection"
    NUMB_HANDS_FEET = "numb_hands_feet"
    WEIGHT_LOSS = "weight_loss"
    OTHER = "other"
    ALTERED_CONSCIOUSNESS = "altered_consciousness"
    SEVERE_HEADACHE = "severe_headache"
    EYE_PAIN = "eye_pain"
    CHEST_PAIN = "chest_pain"
    CANNOT_LIE_FLAT = "cannot_lie_flat"
    ACETONE_BREATH = "acetone_breath"
    SWEATING = "sweating"
    LOSS_OF_APPETITE = "loss_of_appetite"
    ABDOMINAL_PAIN = "abdominal_pain"
    DEEP_BREATHING = "deep_breathing"
    SUDDEN_VISION_LOSS = "sudden_vision_loss"
    FLUSHED_SKIN = "flushed_skin"
    SPEECH_OR_LIMB_PARALYSIS = "speech_or_limb_paralysis"


class NotMet(StrEnum):
    """Why a resident was not met."""

    AWAY_FOR_WORK = "away_for_work"
    IN_HOSPITAL = "in_hospital"
    NOT_AT_HOME = "not_at_home"
    REFUSED = "refused"
    MOVED = "moved"
    DIED = "died"
    OTHER = "other"


class NotMeasured(StrEnum):
    """Why a value is missing in a face-to-face follow-up."""

    NO_DEVICE = "no_device"
    DEVICE_BROKEN = "device_broken"
    NO_STRIPS = "no_strips"
    DECLINED = "declined"
    NOT_NEEDED = "not_needed"
    NOT_FACE_TO_FACE = "not_face_to_face"


class ContractState(StrEnum):
    """Where a contract stands; a pending one covers nothing."""

    PENDING = "pending"
    SIGNED = "signed"
    RENEWED = "renewed"
    TERMINATED = "terminated"
    EXPIRED = "expired"


class Decision(StrEnum):
    """What a township reviewer decides of a follow-up."""

    ACCEPTED = "accepted"
    RETURNED = "returned"
    QUESTIONED = "questioned"


class ReturnReason(StrEnum):
    """Why a follow-up is sent back to the doctor."""

    IMPLAUSIBLE_READING = "implausible_reading"
    INCOMPLETE = "incomplete"
    NOT_CONFIRMED_BY_PHONE = "not_confirmed_by_phone"
    WRONG_PERSON = "wrong_person"
    WRONG_CLASS = "wrong_class"
    OTHER = "other"
