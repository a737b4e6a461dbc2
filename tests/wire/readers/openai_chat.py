"""Reads a recorded chat completions request as the `Request` it means.

What `Request` has no word for stays in `extra` (top-level fields) or in an `Opaque` part. Not
compared, since the builder decides it: `strict` of tools and schemas, `type` of a tool, the order
of an assistant's fields, the spelling of a text as one string or as a list of one part, Mistral's
mark on an answer to be continued.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from urllib.parse import parse_qs, unquote, urlsplit

from wire_corpus import Unreadable

from nbapimgr.models import (
    Image,
    Message,
    Opaque,
    Provider,
    Reasoning,
    Request,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)

MAY_ADD = frozenset({"stream_options", "max_tokens", "max_completion_tokens"})
"""Usage is asked for; the bound on the answer goes under the vendor's own name."""

_PLAIN = ("temperature", "top_p", "seed")
_EFFORTS = {"none", "minimal", "low", "medium", "high"}
_VENDORS = {
    "azure_openai": "azure",
    "alibaba-dashscope": "dashscope",
    "llama.cpp": "llamacpp",
    "xiaomi-mimo": "xiaomi",
}
_THINKING = ("thinking", {"type": "disabled"})
_OFF = {
    "api.deepseek.com": _THINKING,
    "api.xiaomimimo.com": _THINKING,
    "api.z.ai": _THINKING,
    "openrouter.ai": ("reasoning", {"enabled": False}),
    "localhost:8080": ("chat_template_kwargs", {"enable_thinking": False}),
    "dashscope-us.aliyuncs.com": ("enable_thinking", False),
    "dashscope-intl.aliyuncs.com": ("enable_thinking", False),
    "api.venice.ai": ("venice_parameters", {"disable_thinking": True}),
}
_DEPLOYMENT = re.compile(r"^(.*)/openai/deployments/([^/]+)/chat/completions$")


def provider(case):
    """The provider whose configuration leads to the recorded URL."""
    url = urlsplit(case.request["url"])
    name = case.server if case.provider == "openai_compatible" else case.provider
    options = {}
    if name == "azure_openai":
        options["api_version"] = parse_qs(url.query).get("api-version", [""])[0]
    path = _DEPLOYMENT.sub(r"\1", url.path).removesuffix("/chat/completions")
    return Provider(
        name=name,
        dialect="openai-chat",
        base_url=f"{url.scheme}://{url.netloc}{path}",
        vendor=_VENDORS.get(name, name),
        options=options,
    )


def read_request(url, body):
    rest = {name: value for name, value in body.items() if value is not None}
    stream = bool(rest.pop("stream", False))
    if rest.get("stream_options") == {"include_usage": True}:
        del rest["stream_options"]
    model = rest.pop("model", "")
    if deployed := _DEPLOYMENT.match(urlsplit(url).path):
        model = unquote(deployed[2])
    if "api.mistral.ai" in url and "call_REDACTED" in json.dumps(rest["messages"]):
        raise Unreadable("the recorder replaced ids that must have nine letters or digits")
    messages = rest.pop("messages")
    if "api.mistral.ai" not in url:  # some clients send the name everywhere
        messages = [
            {**m, "name": None} if m["role"] == "tool" and "name" in m else m for m in messages
        ]
    request = Request(
        messages=tuple(map(_message, messages)),
        **{name: rest.pop(name) for name in _PLAIN if name in rest},
        **_renamed(rest),
        **_tools(rest),
        **_schema(rest),
        **_reasoning(urlsplit(url).netloc, rest),
        extra=rest,
    )
    return request, model, stream


def _renamed(rest):
    found = {}
    if "random_seed" in rest:
        found["seed"] = rest.pop("random_seed")
    for name in ("max_tokens", "max_completion_tokens"):
        if name in rest:
            found["max_tokens"] = rest.pop(name)
    if "stop" in rest:
        stop = rest.pop("stop")
        found["stop"] = (stop,) if isinstance(stop, str) else tuple(stop)
    return found


def _tools(rest):
    tools = rest.get("tools")
    if tools is not None and all(_is_plain(tool) for tool in tools):
        del rest["tools"]
        found = {"tools": tuple(_tool(tool["function"]) for tool in tools)}
    else:
        found = {}
    choice = rest.get("tool_choice")
    if choice in ("auto", "none", "required"):
        found["tool_choice"] = rest.pop("tool_choice")
    elif isinstance(choice, dict) and choice.get("type") == "function":
        found["tool_choice"] = rest.pop("tool_choice")["function"]["name"]
    return found


def _is_plain(tool):
    function = tool.get("function")
    known = {"name", "description", "parameters", "strict"}
    return set(tool) <= {"type", "function"} and function is not None and set(function) <= known


def _tool(function):
    parameters = function.get("parameters") or {}
    if parameters == {"type": "object", "properties": {}}:
        parameters = {}
    return Tool(
        name=function["name"],
        description=function.get("description") or "",
        parameters=parameters,
    )


def _schema(rest):
    wanted = rest.get("response_format", {}).get("json_schema")
    if not wanted or "schema" not in wanted or not set(wanted) <= {"name", "schema", "strict"}:
        return {}
    del rest["response_format"]
    return {"schema": wanted["schema"], "schema_name": wanted.get("name", "answer")}


def _reasoning(host, rest):
    """The effort; "none" is said in a way of its own by many."""
    name, value = _OFF.get(host, ("", None))
    if value is not None and rest.get(name) == value:
        del rest[name]
        return {"reasoning": "none"}
    if rest.get("reasoning_effort") in _EFFORTS and name not in rest:
        return {"reasoning": rest.pop("reasoning_effort")}
    return {}


# --- messages ----------------------------------------------------------------------------------


def _message(message):
    role = message["role"]
    known = {"role", "content"}
    if role == "assistant":
        known |= {"tool_calls", "reasoning", "reasoning_content", "reasoning_details", "prefix"}
    elif role == "tool":
        known |= {"tool_call_id", "name"}
    if set(message) - known:
        raise Unreadable(f"a {role} message with {sorted(set(message) - known)}")
    if role == "tool":
        return Message(role="tool", content=(_result(message),))
    if role not in ("system", "user", "assistant"):
        raise Unreadable(f"a {role} message")
    content = _content(message.get("content"))
    if role == "assistant":
        content = (*_thoughts(message), *content, *map(_call, message.get("tool_calls") or ()))
    return Message(role=role, content=content)


def _content(content):
    if isinstance(content, str):
        return (Text(text=content),) if content else ()
    parts = [part for part in content or () if part.get("type") != "thinking"]
    return tuple(_part(part) for part in parts)


def _part(part):
    if "type" not in part:
        raise Unreadable("a content part without a type")
    if part["type"] == "text" and set(part) == {"type", "text"}:
        return Text(text=part["text"])
    image = part.get("image_url")
    if part["type"] == "image_url" and isinstance(image, dict) and set(image) == {"url"}:
        return _image(image["url"]) if set(part) == {"type", "image_url"} else _opaque(part)
    return _opaque(part)


def _opaque(part):
    return Opaque(dialect="openai-chat", raw=part)


def _image(url):
    found = re.fullmatch(r"data:([\w/+.-]+);base64,(.*)", url, re.DOTALL)
    if found:
        try:
            data = base64.b64decode(found[2], validate=True)
        except binascii.Error:  # the recorder shortened it
            return Image(url=url)
        if base64.b64encode(data).decode() == found[2]:
            return Image(data=data, media_type=found[1])
    return Image(url=url)


def _thoughts(message):
    raw = {
        name: message[name]
        for name in ("reasoning", "reasoning_content", "reasoning_details")
        if message.get(name)
    }
    blocks = message.get("content") if isinstance(message.get("content"), list) else []
    for block in blocks:
        if block.get("type") == "thinking":
            raw["thinking"] = block["thinking"]
    return (Reasoning(raw=raw),) if raw else ()


def _call(call):
    function = call["function"]
    raw = function["arguments"] or "{}"
    try:
        arguments = json.loads(raw)
    except ValueError:
        arguments = None
    return ToolCall(
        id=call["id"],
        name=function["name"],
        arguments=arguments if isinstance(arguments, dict) else None,
        raw_arguments=raw,
    )


def _result(message):
    content = message["content"]
    if isinstance(content, list):
        if any(set(part) != {"type", "text"} for part in content):
            raise Unreadable("a tool result that is more than text")
        content = "".join(part["text"] for part in content)
    name = message.get("name") or ""
    return ToolResult(id=message.get("tool_call_id", ""), content=content, name=name)
