"""How models learn: the model and its loss, a step of SGD, training and scoring."""
