"""Every source that is known, and where its files are."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from nbapimgr.imports import (
    _aider,
    _environment,
    _jupyter_ai,
    _litellm,
    _llm,
    _provider_config,
    _tools,
)
from nbapimgr.imports._found import Found, Malformed
from nbapimgr.imports._parse import json_of, table

__all__ = ["FILES", "File", "Where", "reader_of"]

Reader = Callable[[bytes], Found]


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """The folders in which other tools keep things."""

    home: Path
    work: Path
    environ: Mapping[str, str]
    platform: str = sys.platform

    @classmethod
    def here(cls) -> Where:
        """Those of this user and this process."""
        return cls(home=Path.home(), work=Path.cwd(), environ=os.environ)

    def named(self, variable: str, default: Path) -> Path:
        """The folder that a variable names, else the usual one."""
        said = self.environ.get(variable)
        return Path(said).expanduser() if said else default

    @property
    def config(self) -> Path:
        """`~/.config`, where tools of a terminal keep things on every platform."""
        return self.named("XDG_CONFIG_HOME", self.home / ".config")

    def app(self, name: str) -> Path:
        """The platform's own folder for an application (as click's `get_app_dir` has it)."""
        if self.platform == "win32":
            return self.named("APPDATA", self.home / "AppData" / "Roaming") / name
        if self.platform == "darwin":
            return self.home / "Library" / "Application Support" / name
        return self.config / name

    def jupyter(self) -> Path:
        """Jupyter's data folder (`jupyter --data-dir`)."""
        if self.platform == "win32":
            default = self.app("jupyter")
        elif self.platform == "darwin":
            default = self.home / "Library" / "Jupyter"
        else:
            default = self.named("XDG_DATA_HOME", self.home / ".local" / "share") / "jupyter"
        return self.named("JUPYTER_DATA_DIR", default)

    def upwards(self) -> Iterator[Path]:
        """The working folder and those above it, up to the repository's, the home or the root."""
        for folder in (self.work, *self.work.parents):
            yield folder
            if (folder / ".git").exists() or folder == self.home:
                return


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of file that is looked for."""

    source: str
    """The tool whose it is."""
    read: Reader
    paths: Callable[[Where], list[Path]]
    near: bool = False
    """It may be of the working folder, and so be written by somebody else."""


def _llm_file(name: str) -> Callable[[Where], list[Path]]:
    return lambda w: [w.named("LLM_USER_PATH", w.app("io.datasette.llm")) / name]


def _home(*names: str) -> Callable[[Where], list[Path]]:
    return lambda w: [w.home / name for name in names]


def _codex(name: str) -> Callable[[Where], list[Path]]:
    return lambda w: [w.named("CODEX_HOME", w.home / ".codex") / name]


def _near(*names: str) -> Callable[[Where], list[Path]]:
    return lambda w: [folder / name for folder in w.upwards() for name in names]


def _claude(name: str) -> Callable[[Where], list[Path]]:
    return lambda w: [w.named("CLAUDE_CONFIG_DIR", w.home / ".claude") / name]


def _anthropic(where: Where) -> list[Path]:
    folder = where.named("ANTHROPIC_CONFIG_DIR", where.config / "anthropic")
    try:
        return sorted((folder / "credentials").glob("*.json"))[:20]
    except OSError:
        return []


FILES: Final = (
    File(source=".env", read=_environment.read_dotenv, paths=_near(".env"), near=True),
    File(
        source="jupyter-ai",
        read=_jupyter_ai.read,
        paths=lambda w: [w.jupyter() / "jupyter_ai" / "config.json"],
    ),
    File(source="llm", read=_llm.read_keys, paths=_llm_file("keys.json")),
    File(source="llm", read=_llm.read_models, paths=_llm_file("extra-openai-models.yaml")),
    File(source="llm", read=_llm.read_aliases, paths=_llm_file("aliases.json")),
    File(source="llm", read=_llm.read_default, paths=_llm_file("default_model.txt")),
    File(
        source="litellm",
        read=_litellm.read,
        paths=_near("litellm_config.yaml", "litellm.config.yaml", "proxy_config.yaml"),
        near=True,
    ),
    File(
        source="aider",
        read=_aider.read,
        paths=lambda w: [*_near(".aider.conf.yml")(w), w.home / ".aider.conf.yml"],
        near=True,
    ),
    File(source="aider", read=_environment.read_dotenv, paths=_home(".aider/oauth-keys.env")),
    File(source="codex", read=_tools.read_codex_auth, paths=_codex("auth.json")),
    File(source="codex", read=_tools.read_codex, paths=_codex("config.toml")),
    File(source="claude", read=_tools.read_claude_settings, paths=_claude("settings.json")),
    File(source="claude", read=_tools.read_claude, paths=_claude("config.json")),
    File(source="claude", read=_tools.read_claude, paths=_home(".claude.json")),
    File(source="anthropic", read=_tools.read_sign_in, paths=_anthropic),
    File(
        source="shell_gpt", read=_tools.read_sgpt, paths=lambda w: [w.config / "shell_gpt/.sgptrc"]
    ),
    File(
        source="ProviderConfig",
        read=_provider_config.read,
        paths=_near("provider-config.json", "providers.json"),
        near=True,
    ),
)
"""In the order in which they are looked for: of two that say the same, the first says it."""


def reader_of(path: Path, data: bytes) -> tuple[str, Reader]:
    """The tool and the reader of a file that a person names.

    Raises:
        Malformed: It is none of those that are known.
    """
    for file in FILES:
        if path.name in {one.name for one in file.paths(_ANYWHERE)}:
            return file.source, file.read
    if path.suffix in {".yaml", ".yml"}:
        return "litellm", _litellm.read
    if path.suffix == ".env":
        return ".env", _environment.read_dotenv
    if path.suffix != ".json":
        raise Malformed("not a file of a tool that is known")
    said = json_of(data)
    if "model_provider_id" in table(said) or "api_keys" in table(said):
        return "jupyter-ai", _jupyter_ai.read
    return "ProviderConfig", _provider_config.read


_ANYWHERE: Final = Where(home=Path("/"), work=Path("/"), environ={}, platform="linux")
