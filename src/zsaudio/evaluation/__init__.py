"""From scores to decisions, metrics and how sure they are."""
