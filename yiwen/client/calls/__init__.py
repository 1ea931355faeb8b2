"""What can be asked of the service, a module for each noun, as in `replies`."""
