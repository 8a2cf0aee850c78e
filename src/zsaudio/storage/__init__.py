"""Files on disk: atomic writes, tables checked against their schemas, checked values, downloads."""
