"""Requests, checked strictly, and responses, as OpenAPI documents them and tests check them; a module a resource."""
