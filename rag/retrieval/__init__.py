"""What one version holds for a question, in order."""
