"""``weibao init``: a new estate that works at once, or nothing at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest_estate import clean_env

from weibao.adapters.ansible_inventory import AnsibleInventory
from weibao.adapters.estate_files import load_estate
from weibao.adapters.keys import FileKeyRing
from weibao.adapters.package_data import estate_templates
from weibao.errors import FailedError, InputError, RefusedError
from weibao.services.check_inventory import check_inventory
from weibao.services.init_estate import init_estate


def make(folder: Path, home: Path, **options):
    options.setdefault("templates", estate_templates("zh"))
    return init_estate(folder, key_ring=FileKeyRing, config_home=home, **options)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_new_estate_loads_and_its_empty_inventory_is_sound(tmp_path, language):
    folder = tmp_path / "my estate"
    new = make(folder, tmp_path / "home", templates=estate_templates(language), language=language)
    estate = load_estate(folder)
    assert estate.settings.name == "my estate"
    assert estate.settings.language == language
    assert estate.keys == new.key.parent
    assert not new.key.is_relative_to(folder)
    assert FileKeyRing(estate.keys).password("default")
    assert {p.stat().st_mode & 0o777 for p in new.key.parent.iterdir()} == {0o600}
    assert "/var/" in (folder / ".gitignore").read_text()
    found = check_inventory(
        estate.inventory,
        AnsibleInventory(folder, estate.cache, lambda name: name, env=clean_env()),
    )
    assert (found.readable, found.problems) == (True, ())


def test_encrypting_works_without_any_further_setting(tmp_path):
    folder = tmp_path / "e"
    make(folder, tmp_path / "home")
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "vault", "encrypt_string", "--stdin-name", "x"],
        input=b"geheim",
        cwd=folder,
        env=clean_env(ANSIBLE_CONFIG=str(folder / "ansible.cfg")),
        capture_output=True,
        check=True,
    )
    assert b"!vault" in done.stdout


def test_a_folder_with_hidden_files_will_do_and_its_gitignore_stays(tmp_path):
    (tmp_path / "e" / ".git").mkdir(parents=True)
    (tmp_path / "e" / ".gitignore").write_text("mine\n")
    make(tmp_path / "e", tmp_path / "home", name="医院")
    assert load_estate(tmp_path / "e").settings.name == "医院"
    assert {"mine", "/var/"} <= set((tmp_path / "e" / ".gitignore").read_text().split())


def test_what_is_there_is_named_and_nothing_is_touched(tmp_path):
    folder = tmp_path / "e"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(RefusedError, match=r"notes\.txt"):
        make(folder, tmp_path / "home")
    assert [p.name for p in folder.iterdir()] == ["notes.txt"]
    assert not (tmp_path / "home").exists()


def test_keys_inside_of_the_estate_are_refused(tmp_path):
    with pytest.raises(RefusedError, match="inside"):
        make(tmp_path / "e", tmp_path, key_folder=tmp_path / "e" / "keys")


def test_a_name_that_no_file_can_have(tmp_path):
    with pytest.raises(InputError):
        make(tmp_path / "e", tmp_path, name="a/b")


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FailedError):
        make(tmp_path / "file" / "e", tmp_path / "home")
    assert not list((tmp_path / "home").rglob("*.key"))


class Broken(dict):
    """Templates of which the last cannot be had."""

    def items(self):
        yield from super().items()
        raise OSError(28, "No space left on device", "x")


@pytest.mark.parametrize("existing", [True, False])
def test_a_full_disk_leaves_nothing_half_done(tmp_path, existing):
    folder = tmp_path / "e"
    if existing:
        folder.mkdir()
    keys = tmp_path / "keys"
    with pytest.raises(FailedError, match="No space left"):
        make(folder, tmp_path, templates=Broken(estate_templates("en")), key_folder=keys)
    assert not keys.exists()
    assert list(tmp_path.rglob("*")) == ([folder] if existing else [])


def test_a_key_that_is_there_is_kept(tmp_path):
    FileKeyRing(tmp_path / "keys").create("default")
    before = (tmp_path / "keys" / "default.key").read_bytes()
    make(tmp_path / "e", tmp_path, key_folder=tmp_path / "keys")
    assert (tmp_path / "keys" / "default.key").read_bytes() == before
