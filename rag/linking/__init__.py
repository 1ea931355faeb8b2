"""Names in a text -> mentions with candidates; entities are never merged."""
