"""Where a key comes from."""

from nbapimgr.vault._credentials import CredentialInfo, Credentials
from nbapimgr.vault._sealed import SealedEntries, SealedEntry

__all__ = ["CredentialInfo", "Credentials", "SealedEntries", "SealedEntry"]
