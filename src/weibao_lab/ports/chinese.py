"""The answer about ports as a device set to Chinese prints it."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["in_chinese"]

_WORDS: Final = {
    "administratively down": "管理性关闭",
    "admin down": "管理性关闭",
    "line protocol": "链路协议",
    "current state": "当前状态",
    "err-disabled": "错误关闭",
    "errdisabled": "错误关闭",
    "error down": "错误关闭",
    "notconnect": "未连接",
    "notconnec": "未连接",
    "connected": "已连接",
    "disabled": "已禁用",
    "enabled": "已启用",
    "adm": "管理性关闭",
    "up": "开启",
    "down": "关闭",
    "interface": "接口",
    "port": "端口",
    "status": "状态",
    "protocol": "协议",
    "link": "链路",
    "speed": "速率",
    "duplex": "双工",
    "description": "描述",
    "is": "为",
}
_WORD: Final = re.compile(
    r"(?<![\w-])(?:" + "|".join(re.escape(word) for word in _WORDS) + r")(?![\w-])", re.IGNORECASE
)


def in_chinese(text: str) -> str:
    """The words of states and headings in Chinese; names, numbers and places stay."""
    return _WORD.sub(lambda found: _WORDS[found.group().lower()], text)
