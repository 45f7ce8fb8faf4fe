"""The follow-up form: one screen, no keyboard for numbers, kept at every field."""
