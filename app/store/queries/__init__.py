"""Named queries, one module a subject; each has a limit and uses an index."""
