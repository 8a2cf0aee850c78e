"""Sound search: an index of recordings, asked in words or by a sound."""
