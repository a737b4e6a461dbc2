"""Where a key comes from, and where it is kept."""

from nbapimgr.vault._credentials import Credentials, credentials_of
from nbapimgr.vault._entry import origin_of, read_key
from nbapimgr.vault._folders import Folders
from nbapimgr.vault._info import CredentialInfo, KeyUse
from nbapimgr.vault._keeper import Keeper
from nbapimgr.vault._keychain import Keychain
from nbapimgr.vault._records import Key
from nbapimgr.vault._sealed import SealedEntries, SealedEntry
from nbapimgr.vault._slots import Made, Maker
from nbapimgr.vault._transfer import export_keys, import_keys
from nbapimgr.vault._vault import Vault

__all__ = [
    "CredentialInfo",
    "Credentials",
    "Folders",
    "Keeper",
    "Key",
    "KeyUse",
    "Keychain",
    "Made",
    "Maker",
    "SealedEntries",
    "SealedEntry",
    "Vault",
    "credentials_of",
    "export_keys",
    "import_keys",
    "origin_of",
    "read_key",
]
