"""Quality as commands with reports. Nothing here is imported by the service."""
