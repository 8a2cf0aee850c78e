"""Poolings: what of a clip's segments the projection is given, all of them or one vector. One pooling, one file."""
