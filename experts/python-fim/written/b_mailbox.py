"""E-mail: reading, sorting and answering messages."""

from __future__ import annotations

import email
import imaplib
import mailbox
import re
from collections import Counter
from email.header import decode_header
from email.message import EmailMessage
from email.policy import default
from email.utils import getaddresses, make_msgid, parseaddr, parsedate_to_datetime
from pathlib import Path

RULES = {"invoice": "Finance", "newsletter": "News", "meeting": "Calendar"}


def load_message(path: Path) -> EmailMessage:
    """Read a message from an .eml file."""
    with path.open("rb") as file:
        return email.message_from_binary_file(file, policy=default)


def plain_text(message: EmailMessage) -> str:
    """Return the text of a message, or an empty string if it has only HTML."""
    body = message.get_body(preferencelist=("plain",))
    return body.get_content().strip() if body else ""


def decoded_subject(raw: str) -> str:
    """Return a subject with its encoded words decoded."""
    parts = []
    for content, charset in decode_header(raw):
        if isinstance(content, bytes):
            content = content.decode(charset or "ascii", errors="replace")
        parts.append(content)
    return "".join(parts)


def sender_domain(message: EmailMessage) -> str:
    """Return the domain that a message came from, in lower case."""
    _, address = parseaddr(message["From"] or "")
    return address.rpartition("@")[2].lower()


def recipients(message: EmailMessage) -> list[str]:
    """Return all addresses that a message went to, each once."""
    fields = message.get_all("To", []) + message.get_all("Cc", [])
    addresses = [address.lower() for _, address in getaddresses(fields) if address]
    return sorted(set(addresses))


def save_attachments(message: EmailMessage, folder: Path) -> list[Path]:
    """Save the attachments of a message and return where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    saved = []
    for part in message.iter_attachments():
        name = Path(part.get_filename() or "attachment.bin").name
        target = folder / name
        target.write_bytes(part.get_payload(decode=True))
        saved.append(target)
    return saved


def folder_for(subject: str, rules: dict[str, str] = RULES) -> str:
    """Return the folder that a subject belongs in.

    >>> folder_for("Your invoice for May")
    'Finance'
    """
    subject = subject.lower()
    for word, folder in rules.items():
        if word in subject:
            return folder
    return "Inbox"


def reply_to(message: EmailMessage, text: str, me: str) -> EmailMessage:
    """Return an answer that quotes a message."""
    answer = EmailMessage()
    subject = message["Subject"] or ""
    answer["Subject"] = subject if subject.lower().startswith("re:") else f"Re: {subject}"
    answer["From"] = me
    answer["To"] = message["Reply-To"] or message["From"]
    answer["In-Reply-To"] = message["Message-ID"]
    answer["Message-ID"] = make_msgid()
    answer.set_content(f"{text}\n\n{quote(plain_text(message))}")
    return answer


def quote(text: str) -> str:
    """Return a text with a mark before each line.

    >>> quote("Hi")
    '> Hi'
    """
    return "\n".join(f"> {line}" for line in text.splitlines())


def strip_quotes(text: str) -> str:
    """Return a text without the lines it quotes and without its signature."""
    lines = []
    for line in text.splitlines():
        if line == "-- ":
            break
        if not line.startswith(">"):
            lines.append(line)
    return "\n".join(lines).strip()


def normalized_subject(subject: str) -> str:
    """Return a subject without the marks of replies and forwards.

    >>> normalized_subject("Re: AW: Fwd: Lunch")
    'Lunch'
    """
    while True:
        shorter = re.sub(r"^(re|aw|fwd?|wg):\s*", "", subject, flags=re.IGNORECASE)
        if shorter == subject:
            return subject
        subject = shorter


def threads(messages: list[EmailMessage]) -> dict[str, list[EmailMessage]]:
    """Return the messages by subject, each thread from old to new."""
    groups: dict[str, list[EmailMessage]] = {}
    for message in messages:
        subject = normalized_subject(message["Subject"] or "")
        groups.setdefault(subject, []).append(message)
    for group in groups.values():
        group.sort(key=lambda message: parsedate_to_datetime(message["Date"]))
    return groups


def looks_like_spam(message: EmailMessage, words: set[str], limit: int = 3) -> bool:
    """Whether a message shouts, or uses too many suspicious words."""
    subject = message["Subject"] or ""
    if len(subject) > 10 and subject.isupper():
        return True
    text = plain_text(message).lower()
    hits = sum(word in text for word in words)
    return hits >= limit


def top_senders(path: str, count: int = 5) -> list[tuple[str, int]]:
    """Return who sent most messages in an mbox file."""
    senders = Counter()
    for message in mailbox.mbox(path):
        _, address = parseaddr(message["From"] or "")
        if address:
            senders[address.lower()] += 1
    return senders.most_common(count)


def unread_subjects(host: str, user: str, password: str) -> list[str]:
    """Return the subjects of the unread messages in an inbox."""
    subjects = []
    with imaplib.IMAP4_SSL(host) as server:
        server.login(user, password)
        server.select("INBOX", readonly=True)
        _, data = server.search(None, "UNSEEN")
        for number in data[0].split():
            _, parts = server.fetch(number, "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
            header = email.message_from_bytes(parts[0][1])
            subjects.append(decoded_subject(header["Subject"] or ""))
    return subjects


def fill_template(template: str, person: dict[str, str]) -> str:
    """Fill the names in double braces of a letter.

    >>> fill_template("Dear {{name}},", {"name": "Ines"})
    'Dear Ines,'
    """
    return re.sub(r"\{\{(\w+)\}\}", lambda match: person.get(match[1], match[0]), template)


def valid_address(address: str) -> bool:
    """Whether a text has the form of an e-mail address.

    >>> valid_address("kim@example.org"), valid_address("kim@org")
    (True, False)
    """
    return re.fullmatch(r"[\w.+-]+@[\w-]+(\.[\w-]+)+", address) is not None


def hide_address(address: str) -> str:
    """Return an address with most of its first part hidden.

    >>> hide_address("marion@example.org")
    'm*****@example.org'
    """
    user, _, domain = address.partition("@")
    return user[0] + "*" * (len(user) - 1) + "@" + domain
