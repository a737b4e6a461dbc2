"""What the user chose: providers, routes, budgets. TOML files laid over each other."""

from nbapimgr.settings._declared import (
    fields_of,
    naming_fault,
    provider_fields,
    provider_from,
)
from nbapimgr.settings._file import amend, load, read, save, understood, update
from nbapimgr.settings._layers import Layer, Origin, Stack, locked
from nbapimgr.settings._places import Places, managed_files, places
from nbapimgr.settings._project import Project, project_file, read_project, restricted
from nbapimgr.settings._records import Budget, Settings
from nbapimgr.settings._table import table_of

__all__ = [
    "Budget",
    "Layer",
    "Origin",
    "Places",
    "Project",
    "Settings",
    "Stack",
    "amend",
    "fields_of",
    "load",
    "locked",
    "managed_files",
    "naming_fault",
    "places",
    "project_file",
    "provider_fields",
    "provider_from",
    "read",
    "read_project",
    "restricted",
    "save",
    "table_of",
    "understood",
    "update",
]
