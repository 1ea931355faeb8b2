"""From a question to a cited answer. Imports none of the other packages of this project."""
