"""A real Apache Kafka broker on this machine: one node, on loopback, without Docker.

In: a folder and a port. Out: a broker that answers. Only ``twin kafka`` and tests use it; in
production the broker is somebody else's, or compose's.
"""
