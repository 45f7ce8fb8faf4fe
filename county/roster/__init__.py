"""The roster: the county office's XLSX of households and residents, read, matched and applied."""
