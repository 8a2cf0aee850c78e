"""AudioSet's own file formats: ontology, lists of labels and clips, embeddings, names of recordings."""
