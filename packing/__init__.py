"""The dictionary of small bodies, shared by both ends; core does no I/O and cannot hold it."""
