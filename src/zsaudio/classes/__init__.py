"""Which nodes of the ontology are classes, and how they are split into folds."""
