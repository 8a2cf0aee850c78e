"""AudioSet's own file formats: ontology, lists of clips, embeddings, names of recordings."""
