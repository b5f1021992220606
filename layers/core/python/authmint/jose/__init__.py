"""JSON Web Signatures and Keys (RFC 7515, 7517, 7518, 8037): a strict reader of what comes in, and keys both ways."""
