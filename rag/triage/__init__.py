"""Red flags before everything else: a table of rules, and a learnt second look."""
