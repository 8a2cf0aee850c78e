"""Projections: how embeddings of audio and of labels come into one space. One projection, one file."""
