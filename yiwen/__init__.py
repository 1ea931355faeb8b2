"""The `yiwen` command, one thin module for each group of commands, and a small HTTP client (`yiwen.client`)."""
