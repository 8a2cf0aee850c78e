"""Aggregators: how the segments of a clip become its score for each class. One aggregator, one file."""
