"""Numbered migrations of the county's tables, the same for SQLite and PostgreSQL."""
