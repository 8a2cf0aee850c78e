"""What learns: variants and the parts that they are made of, and trained models on disk."""
