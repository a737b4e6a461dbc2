"""The composition root: one manager a kernel."""

from nbapimgr.manager._answers import Mode, Source, mode_named
from nbapimgr.manager._connect import connect, disconnect
from nbapimgr.manager._errors_recovery import Recovery, recoveries
from nbapimgr.manager._estimates import input_tokens, price
from nbapimgr.manager._health_rows import health_rows
from nbapimgr.manager._imported import Import
from nbapimgr.manager._key_rows import credential_rows
from nbapimgr.manager._leaks import leak_rows
from nbapimgr.manager._listings import (
    attempt_rows,
    doctor_rows,
    found_in_environment,
    key_rows,
    model_rows,
    plan_rows,
    provider_rows,
    version_rows,
)
from nbapimgr.manager._manager import Manager
from nbapimgr.manager._receipt import Receipt

__all__ = [
    "Import",
    "Manager",
    "Mode",
    "Receipt",
    "Recovery",
    "Source",
    "attempt_rows",
    "connect",
    "credential_rows",
    "disconnect",
    "doctor_rows",
    "found_in_environment",
    "health_rows",
    "input_tokens",
    "key_rows",
    "leak_rows",
    "mode_named",
    "model_rows",
    "plan_rows",
    "price",
    "provider_rows",
    "recoveries",
    "version_rows",
]
