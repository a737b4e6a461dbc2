"""The known providers: where they are, which dialect they speak, how their keys look.

The table is data. Base URLs and model names are those of recorded exchanges or of the vendors' own
pages (autumn 2026); key patterns are those of the secret scanners gitleaks, trufflehog and
betterleaks. A pattern is a hint and never a gate: vendors change their keys without notice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import Formatter
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import msgspec

from nbapimgr.errors import UnknownName
from nbapimgr.wire import HttpCall, dialect

if TYPE_CHECKING:
    from nbapimgr.models import Provider

__all__ = ["CATALOGUE", "Vendor", "guess_vendor", "key_check", "vendor"]


class Vendor(msgspec.Struct, frozen=True, kw_only=True):
    """One company or program that serves models."""

    name: str
    """What people call it here: `%llm use groq`."""
    base_url: str
    """May hold a name in braces that the user has to fill in; see `needs`."""
    dialect: str = "openai-chat"
    env: tuple[str, ...] = ()
    """Environment variables its own tools read the key from, the usual one first."""
    key_pattern: str = ""
    """A regular expression for the whole key; empty where keys have no shape of their own."""
    key_page: str = ""
    """Where a person gets a key."""
    check: tuple[str, str] | None = None
    """Method and path (or URL on the vendor's other host) that check a key and cost nothing. None
    where the dialect's list of models does."""
    public_models: bool = False
    """Its list of models is given to anybody, and it has no check: nothing free tells of a key."""
    otel: str = ""
    """OpenTelemetry's word for it where that is not `name`; see `provider_name`."""
    models: tuple[str, ...] = ()
    """Models worth trying, the everyday one first. Local servers have what their user pulled."""
    keyless: bool = False

    @property
    def provider_name(self) -> str:
        """The value of `gen_ai.provider.name`; where OpenTelemetry has none, the plain name."""
        return self.otel or self.name

    @property
    def needs(self) -> tuple[str, ...]:
        """What must be filled into the base URL before it can be used."""
        return tuple(name for _, name, _, _ in Formatter().parse(self.base_url) if name)


def vendor(name: str) -> Vendor:
    """The vendor of that name.

    Raises:
        UnknownName: There is none; the error names the nearest.
    """
    try:
        return CATALOGUE[name]
    except KeyError:
        raise UnknownName("vendor", name, CATALOGUE) from None


def guess_vendor(key: str) -> tuple[str, ...]:
    """The vendors whose keys look like this one; several where shapes are shared, or none.

    Nothing is sent: to try a key at several vendors would show it to the wrong company.
    """
    key = key.strip()
    return tuple(
        entry.name
        for entry in CATALOGUE.values()
        if entry.key_pattern and re.fullmatch(entry.key_pattern, key)
    )


def key_check(provider: Provider) -> HttpCall:
    """The call that checks a key of this account and costs nothing; without the key itself.

    A vendor's own check is used only at the vendor's own address: a key that belongs to another
    address is not shown there.
    """
    entry = CATALOGUE.get(provider.vendor)
    if entry is None or entry.check is None or provider.base_url.rstrip("/") != entry.base_url:
        return dialect(provider.dialect).models_call(provider)
    method, path = entry.check
    url = path if path.startswith("https://") else entry.base_url + path
    return HttpCall(method=method, url=url, headers=dict(provider.headers))


_SITES: Final = (
    Vendor(
        name="openai",
        base_url="https://api.openai.com/v1",
        env=("OPENAI_API_KEY",),
        key_pattern=r"sk-(?:(?:proj|svcacct|admin)-[\w-]+|[A-Za-z0-9]{20})T3BlbkFJ[\w-]{20,}",
        key_page="https://platform.openai.com/api-keys",
        models=("gpt-5.4-mini", "gpt-5.6-terra", "gpt-5.6-sol"),
    ),
    Vendor(
        name="anthropic",
        dialect="anthropic",
        base_url="https://api.anthropic.com/v1",
        env=("ANTHROPIC_API_KEY",),
        key_pattern=r"sk-ant-(?:api03|admin01)-[\w-]{93}AA",
        key_page="https://platform.claude.com/settings/keys",
        models=("claude-sonnet-5", "claude-haiku-4-5", "claude-opus-5"),
    ),
    Vendor(
        name="google",
        dialect="gemini",
        base_url="https://generativelanguage.googleapis.com/v1beta",
        env=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        key_pattern=r"AQ\.Ab8RN6[\w-]{44}|AIza[\w-]{35}",
        key_page="https://aistudio.google.com/apikey",
        otel="gcp.gemini",
        models=("gemini-3.5-flash", "gemini-3.5-flash-lite", "gemini-3.1-pro-preview"),
    ),
    Vendor(
        name="vertex",
        dialect="gemini",
        base_url="https://aiplatform.googleapis.com/v1",
        env=("VERTEX_API_KEY",),
        key_pattern=r"AQ\.Ab8RN6[\w-]{44}|AIza[\w-]{35}",
        key_page="https://console.cloud.google.com/vertex-ai/studio/settings/api-keys",
        otel="gcp.vertex_ai",
        models=("gemini-3.5-flash", "gemini-3.1-pro-preview"),
    ),
    Vendor(
        name="bedrock",
        dialect="bedrock",
        base_url="https://bedrock-runtime.us-east-1.amazonaws.com",
        env=("AWS_BEARER_TOKEN_BEDROCK",),
        key_pattern=r"ABSK[A-Za-z0-9+/]{109,269}={0,2}|bedrock-api-key-YmVkcm9jay5[\w.+/=-]+"
        r"|(?:AKIA|ASIA)[A-Z0-9]{16}:[^:]{40}(?::.+)?",
        key_page="https://console.aws.amazon.com/bedrock/home#/api-keys",
        otel="aws.bedrock",
        models=("us.anthropic.claude-sonnet-4-6", "us.amazon.nova-2-lite-v1:0"),
    ),
    Vendor(
        name="azure",
        base_url="https://{resource}.openai.azure.com/openai/v1",
        env=("AZURE_OPENAI_API_KEY",),
        key_pattern=r"[0-9a-f]{32}",
        key_page="https://ai.azure.com",
        otel="azure.ai.openai",
    ),
    Vendor(
        name="mistral",
        base_url="https://api.mistral.ai/v1",
        env=("MISTRAL_API_KEY",),
        key_pattern=r"[A-Za-z0-9]{32}",
        key_page="https://console.mistral.ai/api-keys",
        otel="mistral_ai",
        models=("mistral-small-latest", "mistral-medium-latest", "mistral-large-latest"),
    ),
    Vendor(
        name="cohere",
        dialect="cohere",
        base_url="https://api.cohere.com",
        env=("CO_API_KEY", "COHERE_API_KEY"),
        key_pattern=r"[A-Za-z0-9]{40}",
        key_page="https://dashboard.cohere.com/api-keys",
        check=("POST", "/v1/check-api-key"),
        models=("command-a-03-2025", "command-a-plus-05-2026", "command-r7b-12-2024"),
    ),
    Vendor(
        name="groq",
        base_url="https://api.groq.com/openai/v1",
        env=("GROQ_API_KEY",),
        key_pattern=r"gsk_[A-Za-z0-9]{52}",
        key_page="https://console.groq.com/keys",
        models=("openai/gpt-oss-120b", "openai/gpt-oss-20b", "qwen/qwen3.6-27b"),
    ),
    Vendor(
        name="openrouter",
        base_url="https://openrouter.ai/api/v1",
        env=("OPENROUTER_API_KEY",),
        key_pattern=r"sk-or-v1-[0-9a-f]{64}",
        key_page="https://openrouter.ai/settings/keys",
        check=("GET", "/key"),
        models=("openai/gpt-5.4-nano", "anthropic/claude-sonnet-4.6", "google/gemini-3.6-flash"),
    ),
    Vendor(
        name="deepseek",
        base_url="https://api.deepseek.com",
        env=("DEEPSEEK_API_KEY",),
        key_pattern=r"sk-[0-9a-f]{32}",
        key_page="https://platform.deepseek.com/api_keys",
        check=("GET", "/user/balance"),
        models=("deepseek-v4-flash", "deepseek-v4-pro"),
    ),
    Vendor(
        name="xai",
        base_url="https://api.x.ai/v1",
        env=("XAI_API_KEY",),
        key_pattern=r"xai-[\w-]{70,120}",
        key_page="https://console.x.ai",
        check=("GET", "/api-key"),
        otel="x_ai",
        models=("grok-4.3",),
    ),
    Vendor(
        name="together",
        base_url="https://api.together.xyz/v1",
        env=("TOGETHER_API_KEY",),
        key_pattern=r"tgp_v1_[\w-]{43}|[0-9a-f]{64}",
        key_page="https://api.together.ai/settings/api-keys",
        models=("openai/gpt-oss-120b", "openai/gpt-oss-20b"),
    ),
    Vendor(
        name="fireworks",
        base_url="https://api.fireworks.ai/inference/v1",
        env=("FIREWORKS_API_KEY",),
        key_pattern=r"fw_[A-Za-z0-9]{20,30}",
        key_page="https://app.fireworks.ai/settings/users/api-keys",
    ),
    Vendor(
        name="perplexity",
        base_url="https://api.perplexity.ai",
        env=("PERPLEXITY_API_KEY", "PPLX_API_KEY"),
        key_pattern=r"pplx-[A-Za-z0-9]{48}",
        key_page="https://www.perplexity.ai/account/api/keys",
        models=("sonar", "sonar-pro"),
    ),
    Vendor(
        name="cerebras",
        base_url="https://api.cerebras.ai/v1",
        env=("CEREBRAS_API_KEY",),
        key_pattern=r"csk-[a-z0-9]{48}",
        key_page="https://cloud.cerebras.ai",
        models=("gpt-oss-120b",),
    ),
    Vendor(
        name="huggingface",
        base_url="https://router.huggingface.co/v1",
        env=("HF_TOKEN",),
        key_pattern=r"hf_[A-Za-z]{34}|api_org_[A-Za-z]{34}",
        key_page="https://huggingface.co/settings/tokens",
        check=("GET", "https://huggingface.co/api/whoami-v2"),
        models=("openai/gpt-oss-120b", "openai/gpt-oss-20b"),
    ),
    Vendor(
        name="nvidia",
        base_url="https://integrate.api.nvidia.com/v1",
        env=("NVIDIA_API_KEY",),
        key_pattern=r"nvapi-[\w-]{60,70}",
        key_page="https://build.nvidia.com/settings/api-keys",
        public_models=True,  # its key check takes the key in the body, where keys are not put
    ),
    Vendor(
        name="moonshot",
        base_url="https://api.moonshot.ai/v1",
        env=("MOONSHOT_API_KEY",),
        key_pattern=r"sk-[A-Za-z0-9]{48}",
        key_page="https://platform.moonshot.ai/console/api-keys",
        models=("kimi-k2.5",),
    ),
    Vendor(
        name="zai",
        base_url="https://api.z.ai/api/paas/v4",
        env=("ZAI_API_KEY",),
        key_pattern=r"[0-9a-f]{32}\.[0-9A-Za-z]{16}",
        key_page="https://z.ai/manage-apikey/apikey-list",
        models=("glm-4.7-flash", "glm-5.3"),
    ),
    Vendor(
        name="minimax",
        base_url="https://api.minimax.io/v1",
        env=("MINIMAX_API_KEY",),
        key_pattern=r"sk-api-[\w-]{119}",
        key_page="https://platform.minimax.io/user-center/basic-information/interface-key",
        models=("MiniMax-M2.7",),
    ),
    Vendor(
        name="xiaomi",
        base_url="https://api.xiaomimimo.com/v1",
        env=("MIMO_API_KEY", "XIAOMI_API_KEY"),
        key_page="https://platform.xiaomimimo.com",
        models=("mimo-v2.5", "mimo-v2.5-pro"),
    ),
    Vendor(
        name="baseten",
        base_url="https://inference.baseten.co/v1",
        env=("BASETEN_API_KEY",),
        key_page="https://app.baseten.co/settings/api_keys",
        models=("openai/gpt-oss-120b", "deepseek-ai/DeepSeek-V4-Pro"),
    ),
    Vendor(
        name="dashscope",
        base_url="https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        env=("DASHSCOPE_API_KEY",),
        key_page="https://modelstudio.console.alibabacloud.com",
        models=("qwen3-vl-flash",),
    ),
    Vendor(
        name="venice",
        base_url="https://api.venice.ai/api/v1",
        env=("VENICE_API_KEY",),
        key_page="https://venice.ai/settings/api",
        models=("qwen3-5-9b",),
    ),
    Vendor(
        name="vercel",
        base_url="https://ai-gateway.vercel.sh/v1",
        env=("AI_GATEWAY_API_KEY",),
        key_page="https://vercel.com/dashboard/ai-gateway/api-keys",
        models=("openai/gpt-5", "google/gemini-2.5-flash"),
    ),
    Vendor(
        name="ollama-cloud",
        dialect="ollama",
        base_url="https://ollama.com",
        env=("OLLAMA_API_KEY",),
        key_pattern=r"[0-9a-f]{32}\.[\w-]{24}",
        public_models=True,
        key_page="https://ollama.com/settings/keys",
        models=("gpt-oss:120b",),
    ),
)
_LOCAL: Final = (
    ("ollama", "ollama", "http://127.0.0.1:11434"),
    ("lmstudio", "openai-chat", "http://127.0.0.1:1234/v1"),
    ("llamacpp", "openai-chat", "http://127.0.0.1:8080/v1"),
    ("vllm", "openai-chat", "http://127.0.0.1:8000/v1"),
)
"""Servers on one's own machine, at their usual ports; they ask for no key."""

CATALOGUE: Final[Mapping[str, Vendor]] = MappingProxyType(
    {entry.name: entry for entry in _SITES}
    | {
        name: Vendor(name=name, dialect=speaks, base_url=url, keyless=True)
        for name, speaks, url in _LOCAL
    }
)
"""Name -> vendor, in the order they are offered to people."""
