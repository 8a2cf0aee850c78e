"""Training: the loop that people read, the fused engine that is quicker, and what trained models say of clips."""
