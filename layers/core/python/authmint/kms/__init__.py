"""AWS KMS: the implementations of ``keys.vault`` and of the signers' ``KeyUnwrapper``."""
