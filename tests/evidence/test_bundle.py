"""Bundles: whole, growing, torn by a killed writer, or damaged."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from weibao.adapters.bundle import BundleReader, BundleWriter
from weibao.adapters.sealing import seal
from weibao.boundary.evidence import Bundle
from weibao.domain.collection import (
    BundleHeader,
    CollectedItem,
    CollectionStatus,
    DeviceCollection,
    ItemKind,
)
from weibao.domain.reasons import Reason
from weibao.errors import IntegrityError, RefusedError

AT = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)
HEADER = BundleHeader(
    run_id="r1", job="backup-configs", actor="王工@主机", program="weibao", created_at=AT, devices=3
)


def entry(device: str) -> DeviceCollection:
    return DeviceCollection(
        device=device,
        contract="default",
        platform="huawei_vrp",
        address="10.0.0.1",
        status=CollectionStatus.failed,
        reason=Reason.of("dropped", text="“连接”\x00\u2028\n断开"),
        items=(
            CollectedItem(
                kind=ItemKind.partial, command="disp cur", sha256="a" * 64, size=1, collected_at=AT
            ),
        ),
        attempts=3,
        started_at=AT,
        finished_at=AT,
    )


def written(folder: Path, *devices: str) -> BundleReader:
    with BundleWriter(folder, HEADER) as writer:
        for device in devices:
            writer.add(entry(device))
    return BundleReader(folder)


def test_a_bundle_is_read_back(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "bundle"
    name, sealed = seal(b"key", b"text")
    with BundleWriter(folder, HEADER) as writer:
        writer.add_blob(sealed, name)
        writer.add_blob(sealed, name)
        writer.add(entry("sw1"))
        assert not BundleReader(folder).complete
        writer.add(entry("核心 2"))
    bundle: Bundle = BundleReader(folder)
    assert bundle.complete
    assert bundle.header() == HEADER
    assert list(bundle.entries()) == [entry("sw1"), entry("核心 2")]
    assert bundle.sealed(name) == sealed
    assert (folder / "blobs" / name[:2] / name).is_file()
    for wrong in ("0" * 64, "../../etc/passwd"):
        with pytest.raises(IntegrityError):
            bundle.sealed(wrong)


def test_a_bundle_is_not_overwritten(tmp_path: Path) -> None:
    written(tmp_path, "sw1")
    with pytest.raises(RefusedError):
        BundleWriter(tmp_path, HEADER)


def test_a_writer_that_fails_leaves_an_incomplete_bundle(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), BundleWriter(tmp_path, HEADER) as writer:
        writer.add(entry("sw1"))
        raise ZeroDivisionError
    assert not BundleReader(tmp_path).complete
    assert list(BundleReader(tmp_path).entries()) == [entry("sw1")]


def test_every_place_at_which_a_writer_can_be_killed(tmp_path: Path) -> None:
    written(tmp_path, "sw1", "sw2")
    manifest = tmp_path / "manifest.jsonl"
    whole = manifest.read_bytes()
    ends = [n for n, byte in enumerate(whole, 1) if byte == ord("\n")]
    reader = BundleReader(tmp_path)
    for length in range(len(whole)):
        manifest.write_bytes(whole[:length])
        assert not reader.complete
        if length < ends[0]:
            with pytest.raises(IntegrityError, match="line 1"):
                reader.header()
            continue
        devices = [e.device for e in reader.entries()]
        assert devices == ["sw1", "sw2"][: sum(end <= length for end in ends[1:3])]


def test_damage_in_the_middle_names_its_line(tmp_path: Path) -> None:
    reader = written(tmp_path, "sw1", "sw2", "sw3")
    manifest = tmp_path / "manifest.jsonl"
    lines = manifest.read_bytes().splitlines(keepends=True)
    manifest.write_bytes(
        b"".join([*lines[:2], b'{"device": "sw2"' + b"\0" * 9 + b"\n", *lines[3:]])
    )
    entries = reader.entries()
    assert next(entries).device == "sw1"
    with pytest.raises(IntegrityError, match="line 3"):
        next(entries)
    manifest.write_bytes(b"".join([*lines[:3], *lines[4:]]))  # a line taken out
    with pytest.raises(IntegrityError, match="end line"):
        list(reader.entries())
    manifest.write_bytes(b"".join([*lines, lines[1]]))  # a line after the end
    with pytest.raises(IntegrityError, match="line 6"):
        list(reader.entries())


def test_a_device_twice_is_named_and_not_chosen_from(tmp_path: Path) -> None:
    with BundleWriter(tmp_path / "a", HEADER) as writer:
        writer.add(entry("sw1"))
        with pytest.raises(IntegrityError, match="sw1"):
            writer.add(entry("sw1"))
    reader = written(tmp_path / "b", "sw1", "sw2")
    manifest = tmp_path / "b" / "manifest.jsonl"
    lines = manifest.read_bytes().splitlines(keepends=True)
    manifest.write_bytes(b"".join([*lines[:3], lines[1]]))
    with pytest.raises(IntegrityError, match=r"sw1 stands twice.*lines 2 and 4"):
        list(reader.entries())


def test_no_manifest(tmp_path: Path) -> None:
    reader = BundleReader(tmp_path / "none")
    assert not reader.complete
    with pytest.raises(IntegrityError):
        reader.header()
    assert list(reader.follow(lambda: True)) == []


def test_following_sees_entries_as_they_come(tmp_path: Path) -> None:
    seen: list[str] = []
    changed = threading.Condition()

    def watch(entries: Iterator[DeviceCollection]) -> None:
        for found in entries:
            with changed:
                seen.append(found.device)
                changed.notify_all()

    follower = threading.Thread(target=watch, args=(BundleReader(tmp_path).follow(lambda: False),))
    follower.start()
    with BundleWriter(tmp_path, HEADER) as writer:
        for number in range(3):
            writer.add(entry(f"sw{number}"))
            with changed:
                assert changed.wait_for(lambda n=number: len(seen) > n, timeout=20)
    follower.join(timeout=20)
    assert not follower.is_alive()
    assert seen == ["sw0", "sw1", "sw2"]


def test_following_a_dead_writer_ends_with_what_it_wrote(tmp_path: Path) -> None:
    writer = BundleWriter(tmp_path, HEADER)
    writer.add(entry("sw1"))
    writer.abandon()
    with (tmp_path / "manifest.jsonl").open("ab") as stream:
        stream.write(b'{"device": "sw2", ')
    assert [e.device for e in BundleReader(tmp_path).follow(lambda: True)] == ["sw1"]
