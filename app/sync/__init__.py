"""Brings tablet and county level over a bad link; knows the store, never the screens."""
