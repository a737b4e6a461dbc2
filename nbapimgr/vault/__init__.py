"""Where a key comes from."""

from nbapimgr.vault._credentials import CredentialInfo, Credentials

__all__ = ["CredentialInfo", "Credentials"]
