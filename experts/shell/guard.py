"""Reads a command before it is run, and refuses what reaches beyond its folder or is never asked for here."""

from __future__ import annotations

import os.path
import re
from pathlib import PurePath

_TOP = "bin|boot|dev|etc|home|lib|lib32|lib64|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp|usr|var"
_TOKEN = re.compile(r"""(?:[^\s'"\\();<>|&]|\\.|'[^']*'|"(?:\\.|[^"\\])*")+|[();<>|&]+|['"\\]""", re.S)
_HARMLESS = r"/dev/(?:null|stdin|stdout|stderr)\b"
# Wherever it stands, in quotes and in substitutions too.
_ABSOLUTE = re.compile(rf"""(?:^|[\s"'`=(<>|;&:,{{])/(?:{_TOP})(?![\w-])""")
_PROGRAMS = frozenset(
    {
        "sudo", "su", "doas", "pkexec", "runuser", "setpriv", "unshare", "nsenter", "chroot", "mount", "umount", "mkfs",
        "fdisk", "parted", "mkswap", "swapoff", "losetup", "dd", "kill", "killall", "pkill", "skill", "shutdown",
        "reboot", "halt", "poweroff", "init", "telinit", "systemctl", "service", "crontab", "at", "batch", "insmod",
        "rmmod", "modprobe", "sysctl", "chown", "chgrp", "useradd", "userdel", "usermod", "passwd", "iptables", "ip",
        "ifconfig", "nc", "ncat", "netcat", "telnet", "ssh", "scp", "sftp", "ftp", "rsync", "curl", "wget", "pip",
        "pip3", "apt", "apt-get", "aptitude", "dpkg", "yum", "dnf", "snap", "brew", "npm", "npx", "gem", "cargo",
        "docker", "podman", "git", "eval", "exec", "source", ".", "trap", "nohup", "setsid", "disown", "fallocate",
        "shred", "mknod", "mkfifo",
    }
)  # fmt: skip
_TEXT = frozenset(
    {
        "grep", "egrep", "fgrep", "zgrep", "sed", "awk", "gawk", "mawk", "tr", "cut", "paste", "sort", "join", "column",
        "perl", "printf", "echo",
    }
)  # fmt: skip
_AGAIN = frozenset(
    {
        "xargs", "-exec", "-execdir", "-ok", "-okdir", "time", "env", "command", "builtin", "nice", "timeout", "then",
        "do", "else", "!", "{", "(",
    }
)  # fmt: skip
_IN_PROGRAM = re.compile(r"\bsystem\s*\(|\|\s*getline|\bpopen\b|`|print\s*>+\s*\"/|\bqx\b|\bunlink\b")


def refused(command: str) -> str:
    """Why it must not run; empty where nothing speaks against it."""
    command = re.sub(r"\\\n", " ", command)
    if not command.strip() or "\0" in command:
        return "no command"
    if _ABSOLUTE.search(re.sub(_HARMLESS, "null", command)):
        return "a path outside of the folder"
    try:
        tokens = _tokens(command)
    except ValueError as error:
        return f"no command: {error}"
    return _inside(command) or _words(tokens)


def _tokens(command: str) -> list[str]:
    """Words with their quotes on, and operators. Raises `ValueError` where a quote does not close."""
    tokens = [match.group() for match in _TOKEN.finditer(command.replace("\n", " ; "))]
    if any(token in ("'", '"', "\\") for token in tokens):
        raise ValueError("a quote that does not close")
    return tokens


def _inside(command: str) -> str:
    """Of what stands in `$(...)` and backticks, whatever quotes are around them."""
    for inner in (*re.findall(r"\$\((?!\()(.*)\)", command, re.S), *re.findall(r"`([^`]+)`", command)):
        # Without its quotes where they do not close: what is cut out of a longer text may be half of one.
        why = (
            refused(inner)
            if inner.count("'") % 2 == inner.count('"') % 2 == 0
            else _words(re.split(r"[\s;|&()'\"]+", inner))
        )
        if why:
            return why
    return ""


def _words(tokens: list[str]) -> str:
    program, starts, script, folders = "", True, False, 0
    for token in tokens:
        word = token.strip("'\"")
        if re.fullmatch(r"[();<>|&]+", token):
            starts = starts or not re.fullmatch(r"[<>]+&?|&>+|>\|", token)
            continue
        if script and (why := refused(word)):
            return f"in {token}: {why}"
        script = token == "-c" and PurePath(program).name in ("sh", "bash", "dash", "zsh", "xargs")
        if starts and not re.match(r"\w+=|-", token) and token not in _AGAIN:
            program, starts = word, False
            if why := _program(word):
                return why
        elif token in _AGAIN:
            program, starts = token, True
        elif program in ("cd", "pushd"):
            folders += len([part for part in word.split("/") if part not in ("", ".", "..")])
        if why := _path(token, word, program, folders):
            return why
    return ""


def _program(word: str) -> str:
    name = PurePath(word).name
    return f"{name} is not run here" if name in _PROGRAMS or name.startswith("mkfs") else ""


def _path(token: str, word: str, program: str, folders: int) -> str:
    quoted, text = token[0] in "'\"", program in _TEXT
    if text and quoted and program not in ("printf", "echo") and _IN_PROGRAM.search(word):
        return "a program that runs programs"
    if token.startswith("~") or (not quoted and re.search(r"[^=]=~", token)):
        return "a path outside of the folder"
    pattern = text and (quoted or re.match(r"/.*/", word) or word == "/")
    harmless = (
        pattern or re.fullmatch(_HARMLESS, word) or (program == "find" and re.fullmatch(r"/[0-7]+|/[ugoa]\S+", word))
    )
    if word.startswith("/") and not harmless:
        return "a path outside of the folder"
    up = os.path.normpath(word).split("/").count("..")
    if up > folders and not (text and quoted):
        return "a path above the folder"
    return ""
