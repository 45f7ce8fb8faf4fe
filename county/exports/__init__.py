"""Official forms made from the records: the ledgers the county's offices keep."""
