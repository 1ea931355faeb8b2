"""Question sets written for this project, and the scripts that make their gold."""
