"""Which nodes of the ontology become classes, and how classes and clips are split into folds."""
