"""Sealing bytes to a public key, so that only its owner reads them; used by tablet and county."""
