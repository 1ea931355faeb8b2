"""Files to records to a published version: reading, sources, staging, publishing."""
