"""Chat completions to build, for tests."""

from __future__ import annotations

import json

from nbapimgr.models import Provider, Request, user
from nbapimgr.wire import openai_chat

HI = (user("Hi"),)


def provider(vendor="", base_url="https://api.example/v1", **fields):
    return Provider(name="p", dialect="openai-chat", base_url=base_url, vendor=vendor, **fields)


def call(request=None, vendor="", *, stream=False, model="m", **fields):
    request = request or Request(messages=HI)
    return openai_chat.build(request, provider(vendor, **fields), model, stream=stream)


def body(request=None, vendor="", **fields):
    return json.loads(call(request, vendor, **fields).body)


def asked(vendor="", **fields):
    """What a request with these fields sends beside the model and the messages."""
    sent = body(Request(messages=HI, **fields), vendor)
    return {name: value for name, value in sent.items() if name not in {"model", "messages"}}


def turns(*messages, vendor="", **fields):
    return body(Request(messages=messages, **fields), vendor)["messages"]
