"""Scores: how well an audio vector fits a class. One score, one file."""
