"""Training: embedders from question-answer pairs, adapters from conversations."""
