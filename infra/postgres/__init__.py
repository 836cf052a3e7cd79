"""A real PostgreSQL on this machine: a private data folder, on loopback, without Docker.

In: a folder and a port. Out: a database that answers, and its address. Only ``twin postgres`` and
tests use it; in production the database is somebody else's, or compose's.
"""
