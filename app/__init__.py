"""The tablet: an offline-first notebook of follow-ups, encrypted at rest."""
