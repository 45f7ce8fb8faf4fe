"""The policy pack that is in force where the county has not issued one, as it would issue it."""

DEFAULT_PACK = """\
{
  "id": "CN-BPHS-2017+PLAN-12-4",
  "version": "1.0.0",
  "effective_from": "2026-01-01",
  "issued_by": "Lüyue default",
  "utc_offset_hours": 8,
  "face_to_face_modes": ["clinic", "tour", "home"],
  "services": [
    "basic_medical", "public_health", "health_management", "education", "priority_appointment",
    "priority_referral", "home_visit", "medicine_delivery", "long_prescription", "tcm_prevention"
  ],
  "contract": {
    "visits_per_year": {"key": 12, "general": 4},
    "key_groups": ["elderly65", "child0_6", "maternal", "disabled", "htn", "t2dm", "tb", "smi"],
    "countable_modes": ["clinic", "tour", "home", "phone", "sms", "online"],
    "year_basis": "calendar",
    "start_month": "count",
    "min_quarter_months": 2,
    "min_gap_days": 0,
    "late_entry_days": 7,
    "late_entry_needs_approval": false,
    "late_entry_judged_by": "standing_record",
    "excuse_min_share": 0.5,
    "complete": ["met"],
    "exam_counts_as_visit": true,
    "face_to_face_min": 4
  },
  "programmes": {
    "htn": {
      "min_age": 35,
      "modes": ["clinic", "tour", "home"],
      "min_quarter_months": 2,
      "max_gap_days": 92,
      "yearly_exam": true
    },
    "t2dm": {
      "min_age": 35,
      "modes": ["clinic", "tour", "home"],
      "min_quarter_months": 2,
      "max_gap_days": 92,
      "yearly_exam": true
    },
    "smi": {
      "min_age": 0,
      "modes": ["clinic", "tour", "home"],
      "min_quarter_months": 2,
      "max_gap_days": 92,
      "yearly_exam": false
    },
    "elderly": {
      "modes": ["clinic", "tour", "home"],
      "yearly_exam": true
    },
    "tb": {
      "modes": ["clinic", "tour", "home"],
      "first_home_visit_hours": 72,
      "intensive_days": 60,
      "intensive_window_days": 10,
      "continuation_months": 4
    }
  },
  "control": {
    "assessment": [
      {"from_age": 0, "systolic_lt": 140, "diastolic_lt": 90},
      {"from_age": 65, "systolic_lt": 150, "diastolic_lt": 90}
    ],
    "clinical": [
      {"from_age": 0, "systolic_lt": 130, "diastolic_lt": 80},
      {
        "from_age": 80, "systolic_lt": 150, "diastolic_lt": 90,
        "tolerated_systolic_lt": 140, "tolerated_diastolic_lt": 90
      }
    ],
    "fasting_glucose_lt": 7.0
  },
  "emergency": {
    "systolic_ge": 180,
    "diastolic_ge": 110,
    "glucose_ge": 16.7,
    "glucose_le": 3.9,
    "heart_rate_gt": 100,
    "temperature_gt": 39.0,
    "pregnant_systolic_ge": 140,
    "pregnant_diastolic_ge": 90,
    "pregnant_fasting_glucose_ge": 5.1,
    "pregnant_other_glucose_ge": 8.5
  },
  "follow_up": {
    "uncontrolled_days": 14,
    "referral_trace_days": 14,
    "consecutive_uncontrolled_refer": 2,
    "smi_unstable_days": 14,
    "smi_stable_days": 92
  },
  "screening": {
    "min_age": 35,
    "systolic_ge": 140,
    "diastolic_ge": 90,
    "non_same_day_times": 3,
    "window_days": 28,
    "result_trace_days": 14,
    "fasting_glucose_ge": 7.0,
    "other_glucose_ge": 11.1,
    "impaired_fasting_glucose_ge": 6.1,
    "high_risk": {
      "systolic_ge": 130,
      "diastolic_ge": 85,
      "bmi_ge": 24,
      "waist_male_cm_ge": 90,
      "waist_female_cm_ge": 85,
      "alcohol_ml_day_ge": 100,
      "age_ge": 55,
      "interval_days": 183
    }
  },
  "bounds": {
    "systolic_mmhg": {"hard_low": 50, "hard_high": 300, "soft_low": 90, "soft_high": 180},
    "diastolic_mmhg": {"hard_low": 20, "hard_high": 200, "soft_low": 50, "soft_high": 110},
    "heart_rate_bpm": {"hard_low": 20, "hard_high": 250, "soft_low": 45, "soft_high": 120},
    "glucose_mmol_l": {"hard_low": 0.6, "hard_high": 50, "soft_low": 3.9, "soft_high": 16.7},
    "weight": {"hard_low": 1, "hard_high": 300},
    "height": {"hard_low": 30, "hard_high": 230},
    "waist": {"hard_low": 20, "hard_high": 200},
    "temperature": {"hard_low": 30, "hard_high": 43, "soft_low": 35, "soft_high": 39},
    "oxygen": {"hard_low": 40, "hard_high": 100, "soft_low": 90},
    "glucose_mg_dl_above": 33.3,
    "mg_dl_per_mmol_l": 18
  },
  "evidence": {
    "visits_minutes": 10,
    "visits_households_gt": 3,
    "same_pressure_times": 3,
    "zero_digit_share_gt": 0.8,
    "zero_digit_min_readings": 30,
    "late_entry_days": 7,
    "month_end_days": 2,
    "month_end_share_gt": 0.5,
    "month_end_min_visits": 10,
    "fasting_until_hour": 11,
    "device_min_visits": 10,
    "pulse_pressure_lt": 20,
    "pulse_pressure_gt": 100,
    "same_values_persons": 3
  },
  "worklist": {"week_days": 7, "renewal_days": 30},
  "targets": {
    "contract": 1.0,
    "village_lectures_per_year": 6,
    "township_lectures_per_year": 12,
    "free_clinics_per_year": 2,
    "long_prescription_usual_weeks": 4,
    "long_prescription_max_weeks": 12,
    "household_selfpay_yuan": null
  },
  "sources": {
    "utc_offset_hours": {"source": "China Standard Time", "verified": true},
    "contract": {
      "source": "county work plan",
      "note": "no national text settles how the visits are counted; the county signs this off"
    },
    "contract.visits_per_year": {
      "source": "county work plan: 12 follow-ups a year for key groups, 4 for others",
      "verified": true
    },
    "contract.min_quarter_months": {
      "source": "county",
      "note": "with fewer counting months a quarter owes nothing"
    },
    "contract.min_gap_days": {
      "source": "county",
      "note": "0: any two days of different windows will do"
    },
    "contract.late_entry_days": {
      "source": "county",
      "note": "later records are marked, not refused"
    },
    "contract.excuse_min_share": {
      "source": "county",
      "note": "an exemption has to cover at least this share of a window"
    },
    "contract.face_to_face_min": {
      "source": "national specification (2017): 4 visits face to face a year",
      "note": "told, and not part of the completion"
    },
    "programmes.htn": {"source": "national specification (2017), hypertension", "verified": true},
    "programmes.htn.min_quarter_months": {
      "source": "county",
      "note": "the specification names 4 a year, not their windows"
    },
    "programmes.htn.max_gap_days": {"source": "derived from 4 a year"},
    "programmes.t2dm": {
      "source": "national specification (2017), type 2 diabetes",
      "verified": true
    },
    "programmes.t2dm.min_quarter_months": {
      "source": "county",
      "note": "the specification names 4 a year, not their windows"
    },
    "programmes.t2dm.max_gap_days": {"source": "derived from 4 a year"},
    "programmes.smi": {
      "source": "national specification (2017), severe mental disorders",
      "verified": true
    },
    "programmes.smi.max_gap_days": {"source": "derived from 4 a year"},
    "programmes.tb": {
      "source": "national specification (2017), tuberculosis: 72 hours, every 10 days",
      "verified": true
    },
    "programmes.tb.intensive_days": {"note": "from memory, unverified: two months"},
    "programmes.tb.continuation_months": {
      "note": "from memory, unverified: monthly for four months"
    },
    "control.assessment": {"source": "national specification (2017): <140/90", "verified": true},
    "control.assessment.1": {
      "source": "national specification (2017): from 65 years <150/90",
      "note": "read second-hand; the wording of the text is unverified"
    },
    "control.clinical": {
      "source": "national primary-care hypertension guideline (2025)",
      "verified": true
    },
    "control.fasting_glucose_lt": {
      "source": "national specification (2017), type 2 diabetes: <7.0 mmol/L",
      "verified": true
    },
    "emergency": {
      "source": "national specification (2017), hypertension and type 2 diabetes",
      "verified": true
    },
    "emergency.pregnant_systolic_ge": {
      "source": "national specification (2017): above normal in pregnancy or nursing",
      "note": "normal taken as <140"
    },
    "emergency.pregnant_diastolic_ge": {
      "source": "national specification (2017): above normal in pregnancy or nursing",
      "note": "normal taken as <90"
    },
    "emergency.pregnant_fasting_glucose_ge": {
      "source": "national specification (2017): above normal in pregnancy or nursing",
      "note": "unverified: normal taken as <5.1"
    },
    "emergency.pregnant_other_glucose_ge": {
      "source": "national specification (2017): above normal in pregnancy or nursing",
      "note": "unverified: normal taken as <8.5"
    },
    "follow_up": {
      "source": "national specification (2017): within 2 weeks; refer after two in a row",
      "verified": true
    },
    "follow_up.smi_unstable_days": {
      "note": "from memory, unverified for the basically stable: 2 weeks"
    },
    "screening": {
      "source": "national specification (2017); window: guideline (2025)",
      "verified": true
    },
    "screening.impaired_fasting_glucose_ge": {
      "source": "classification of blood glucose: 6.1 to below 7.0",
      "verified": true
    },
    "screening.high_risk": {
      "source": "national specification (2017), high risk of hypertension",
      "verified": true
    },
    "bounds": {
      "source": "agreed with the county",
      "note": "hard bounds refuse, soft ones ask again"
    },
    "bounds.mg_dl_per_mmol_l": {
      "source": "molar mass of glucose, rounded as is usual",
      "verified": true
    },
    "evidence": {"source": "agreed with the county", "note": "a signal only asks for a check"},
    "worklist": {"source": "agreed with the county", "note": "what counts as this week"},
    "targets": {
      "source": "county work plans",
      "note": "for reports; the warning line of out-of-pocket costs is set by the county"
    }
  }
}
"""
