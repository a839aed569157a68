"""Signatures by the real ssh-keygen: what was not signed so, by this person, does not hold."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from change.gatehouse import make_key, public
from weibao.adapters.ssh_signatures import SshSignatures
from weibao.boundary.changes import Signatures, Signer
from weibao.domain.approval_statement import NAMESPACE, statement
from weibao.domain.change import Approval, ApprovalChannel, Change, ChangeKind, Window
from weibao.errors import FailedError, InputError, UncheckedError

pytestmark = pytest.mark.usefixtures("ssh_keygen")

NOW = datetime(2026, 5, 6, 12, 0, tzinfo=UTC)
SUN = Signer("sun", NAMESPACE)
TEXT = '{"weibao":"approval/1"}\n'


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("keys")
    return {name: make_key(folder, name) for name in ("sun", "qian")}


@pytest.fixture
def signatures(tmp_path: Path, keys: dict[str, Path]) -> SshSignatures:
    found = SshSignatures(tmp_path)
    write(found, f"sun {public(keys['sun'])}\nqian {public(keys['qian'])}\n")
    protocol: Signatures = found
    assert protocol is found
    return found


def write(signatures: SshSignatures, text: str) -> None:
    signatures.signers_file("acme").write_text(text)
    signatures.signers_file("acme").chmod(0o644)


def test_what_was_signed_holds(signatures: SshSignatures, keys: dict[str, Path]) -> None:
    signature = signatures.sign(keys["sun"], NAMESPACE, TEXT)
    assert signatures.verify("acme", SUN, TEXT, signature, NOW) == ""


def test_what_does_not_hold(signatures: SshSignatures, keys: dict[str, Path]) -> None:
    signature = signatures.sign(keys["sun"], NAMESPACE, TEXT)
    verify = signatures.verify
    assert verify("acme", SUN, TEXT + " ", signature, NOW) == "other_text"
    assert verify("acme", Signer("qian", NAMESPACE), TEXT, signature, NOW) == "unknown_key"
    assert verify("acme", Signer("mallory", NAMESPACE), TEXT, signature, NOW) == "unknown_key"
    for wrong in ("", "hello", signature[:90], "-----BEGIN SSH SIGNATURE-----\n\0", "x" * 99999):
        assert verify("acme", SUN, TEXT, wrong, NOW) == "malformed"


def test_a_signature_for_another_purpose(signatures: SshSignatures, keys: dict[str, Path]) -> None:
    for namespace in ("file", "git", "approval@weibao.example"):
        other = signatures.sign(keys["sun"], namespace, TEXT)
        assert signatures.verify("acme", SUN, TEXT, other, NOW) == "namespace"
    write(signatures, f'sun namespaces="git" {public(keys["sun"])}\n')
    good = signatures.sign(keys["sun"], NAMESPACE, TEXT)
    assert signatures.verify("acme", SUN, TEXT, good, NOW) == "namespace"


def test_keys_hold_in_their_time(signatures: SshSignatures, keys: dict[str, Path]) -> None:
    key = public(keys["sun"])
    write(signatures, f'sun valid-after="20260101",valid-before="20260506120001Z" {key}\n')
    signature = signatures.sign(keys["sun"], NAMESPACE, TEXT)
    second = timedelta(seconds=1)
    assert signatures.verify("acme", SUN, TEXT, signature, NOW) == ""
    assert signatures.verify("acme", SUN, TEXT, signature, NOW + 2 * second) == "expired"
    early = datetime(2025, 12, 31, tzinfo=UTC)
    assert signatures.verify("acme", SUN, TEXT, signature, early) == "not_yet_valid"


def test_a_revoked_key_signs_nothing_any_more(
    signatures: SshSignatures, keys: dict[str, Path], tmp_path: Path
) -> None:
    signature = signatures.sign(keys["sun"], NAMESPACE, TEXT)
    revoked = tmp_path / "acme.revoked_keys"
    revoked.write_text(public(keys["qian"]) + "\n")
    assert signatures.verify("acme", SUN, TEXT, signature, NOW) == ""
    revoked.write_text(public(keys["sun"]) + "\n")
    assert signatures.verify("acme", SUN, TEXT, signature, NOW) == "revoked"
    assert signatures.verify("acme", SUN, "other\n", signature, NOW) != ""


@pytest.mark.parametrize("text", ["* {sun}\n", "s?n {sun}\n", "sun,qian {sun}\n"])
def test_a_key_that_could_be_anybodys_is_not_believed(
    signatures: SshSignatures, keys: dict[str, Path], text: str
) -> None:
    signature = signatures.sign(keys["sun"], NAMESPACE, TEXT)
    write(signatures, text.format(sun=public(keys["sun"])))
    with pytest.raises(UncheckedError):
        signatures.verify("acme", SUN, TEXT, signature, NOW)


def test_one_key_is_never_two_persons(signatures: SshSignatures, keys: dict[str, Path]) -> None:
    key = public(keys["sun"])
    signature = signatures.sign(keys["sun"], NAMESPACE, TEXT)
    write(signatures, f'# people\nqian valid-after="20200101" {key}\n\nsun {key}\n')
    with pytest.raises(UncheckedError, match="line 4"):
        signatures.verify("acme", SUN, TEXT, signature, NOW)


def hardware_key(kind: str) -> str:
    """A public key of a security token, its type said as ``kind`` inside and outside."""
    parts = (kind.encode(), b"nistp256", b"\x04" + bytes(range(64)), b"ssh:")
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return f"{kind} {base64.b64encode(blob).decode()}"


@pytest.mark.parametrize("way", ["short", "spaces", "option", "token", "webauthn"])
def test_one_key_by_other_names_is_one(
    signatures: SshSignatures, keys: dict[str, Path], way: str
) -> None:
    """A key's type has several words; it is the key that counts."""
    kind, blob = public(keys["sun"]).split()[:2]
    token = hardware_key("sk-ecdsa-sha2-nistp256@openssh.com")
    same, other = {
        "short": (f"{kind} {blob}", f"ED25519 {blob}"),
        "spaces": (f"{kind} {blob}", f"  {kind}\t{blob}  comment"),
        "option": (f"{kind} {blob}", f'valid-before="20990101" ED25519 {blob}'),
        "token": (token, token),
        "webauthn": (token, hardware_key("webauthn-sk-ecdsa-sha2-nistp256@openssh.com")),
    }[way]
    signature = signatures.sign(keys["sun"], NAMESPACE, TEXT)
    write(signatures, f"sun {same}\nqian {other}\n")
    with pytest.raises(UncheckedError, match="line 2"):
        signatures.verify("acme", SUN, TEXT, signature, NOW)


def test_what_cannot_be_checked_is_not_good(
    signatures: SshSignatures, keys: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    signature = signatures.sign(keys["sun"], NAMESPACE, TEXT)
    with pytest.raises(UncheckedError, match="missing"):
        signatures.verify("other", SUN, TEXT, signature, NOW)
    signatures.signers_file("acme").chmod(0o666)
    with pytest.raises(UncheckedError, match="0666"):
        signatures.verify("acme", SUN, TEXT, signature, NOW)
    signatures.signers_file("acme").chmod(0o644)
    with pytest.raises(InputError):
        signatures.sign(keys["sun"].with_name("none"), NAMESPACE, TEXT)
    with pytest.raises(FailedError):
        signatures.sign(signatures.signers_file("acme"), NAMESPACE, TEXT)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UncheckedError):
        signatures.verify("acme", SUN, TEXT, signature, NOW)
    with pytest.raises(FailedError):
        signatures.sign(keys["sun"], NAMESPACE, TEXT)


def test_the_statement_says_all_that_it_holds_for() -> None:
    change = Change(
        id="CHG-20260506-001",
        contract="acme",
        kind=ChangeKind.normal,
        round=2,
        runbook="r",
        runbook_version="1",
        title="t",
        limit="all",
        window=Window(start=NOW, end=NOW + timedelta(hours=8)),
        requester="wang",
        digest="d" * 64,
        created_at=NOW,
        updated_at=NOW,
    )
    approval = Approval(
        change=change.id,
        round=2,
        stage="customer",
        person="sun",
        digest="d" * 64,
        window_end=change.window.end,
        at=NOW,
    )
    text = statement("east", change, approval)
    assert text == (
        '{"at":"2026-05-06T12:00:00+00:00","change":"CHG-20260506-001","contract":"acme",'
        f'"decision":"approve","digest":"{"d" * 64}","estate":"east","person":"sun","round":2,'
        '"stage":"customer","weibao":"approval/1","window_end":"2026-05-06T20:00:00+00:00",'
        '"window_start":"2026-05-06T12:00:00+00:00"}\n'
    )
    paper = approval.model_copy(update={"channel": ApprovalChannel.paper, "recorded_by": "wang"})
    assert '"recorded_by":"wang"' in statement("east", change, paper)
    others = [
        statement("west", change, approval),
        *(
            statement("east", change.model_copy(update=update), approval)
            for update in (
                {"id": "CHG-20260506-002"},
                {"round": 3},
                {"digest": "e" * 64},
                {"contract": "other"},
                {"window": Window(start=NOW - timedelta(minutes=1), end=change.window.end)},
            )
        ),
    ]
    assert len({text, *others}) == 7
