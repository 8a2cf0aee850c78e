"""Corpora: where sounds and labels come from.

Each writes the same files, in AudioSet's formats: ontology.json, class_labels_indices.csv, *_segments.csv, and either
*.tfrecord (embeddings) or recordings.csv (recordings). The corpus captioned has no labels, and captions.csv and
recordings.csv alone.
"""
