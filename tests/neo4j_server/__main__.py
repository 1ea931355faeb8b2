"""`python -m tests.neo4j_server` fetches what the server needs, so that no test waits for a download."""

from tests.neo4j_server import available, jars

if available():
    jars()
