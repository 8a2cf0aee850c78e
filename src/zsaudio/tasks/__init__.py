"""Tasks: what is learnt from which clips, and what is measured. One task, one file."""
