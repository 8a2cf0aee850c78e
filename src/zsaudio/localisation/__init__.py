"""Attention by the second, compared with strong labels."""
