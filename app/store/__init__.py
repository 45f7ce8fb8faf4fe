"""The encrypted database of one tablet, and everything that may read it."""
