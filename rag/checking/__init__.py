"""Whether a sentence may leave: everything it states stands in the evidence it cites."""
