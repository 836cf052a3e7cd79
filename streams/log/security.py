"""What a client needs to prove who it is, and whom it trusts; the same for every Kafka client."""

from __future__ import annotations

from typing import Final

import msgspec

PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


class Security(msgspec.Struct, frozen=True):
    """A protocol, and for SASL a user, for TLS the files of certificates in PEM."""

    protocol: str = "PLAINTEXT"
    mechanism: str = "SCRAM-SHA-512"
    username: str = ""
    password: str = ""
    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""

    @property
    def has_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.protocol.endswith("SSL")

    @property
    def has_sasl(self) -> bool:
        """Whether a user proves who they are."""
        return self.protocol.startswith("SASL")

    def __repr__(self) -> str:
        """Without the password: settings end up in messages."""
        return f"Security({self.protocol}, {self.username})"


PLAIN: Final = Security()
