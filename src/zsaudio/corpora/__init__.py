"""Corpora: where sounds and labels come from.

All leave the same files behind, in AudioSet's formats: ontology.json, class_labels_indices.csv, *_segments.csv, and
either *.tfrecord (embeddings) or audio/ (recordings).
"""
