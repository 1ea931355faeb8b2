"""What speaks against a drug for this patient, and text that is data and nothing else."""
