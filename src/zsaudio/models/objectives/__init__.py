"""Objectives: what training makes small. One objective, one file."""
