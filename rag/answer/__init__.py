"""How evidence is shown to a generator, and how an answer is written and ends."""
