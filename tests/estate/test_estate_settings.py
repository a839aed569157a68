"""Settings, contracts and runbooks: loaded, or said what is wrong by file and line."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

from weibao.adapters.estate_files import load_estate, schemas
from weibao.adapters.package_data import estate_templates
from weibao.adapters.yaml_lines import parse_yaml, validate
from weibao.domain.contract import Contract
from weibao.domain.settings import MailSettings, Settings, WebhookSettings
from weibao.errors import InputError

GOOD = "name: 医院\nkeys: /keys\n"


def test_an_estate_without_settings_says_how_to_make_one(tmp_path):
    with pytest.raises(InputError, match="weibao init"):
        load_estate(tmp_path)


def test_the_smallest_estate(write):
    folder = write({"weibao.yml": GOOD})
    estate = load_estate(folder)
    assert estate.settings.name == "医院"
    assert estate.state == folder / "var"
    assert estate.journal_url == f"sqlite:///{folder}/var/journal.db"
    assert list(estate.contracts) == ["default"]
    assert estate.runbook("backup-configs").steps[0].run == "weibao.core.backup_configs"
    assert not estate.runbook("backup-configs").mutating


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("langage: en\n", "weibao.yml:3: there is no field langage; did you mean language?"),
        (
            "backup:\n  concurency: 5\n",
            "weibao.yml:4: there is no field backup.concurency; did you mean concurrency?",
        ),
        ("backup:\n  retries: many\n", "weibao.yml:4: backup.retries should be a number"),
        ("language: fr\n", 'weibao.yml:3: language cannot be "fr"; choose one of: zh, en'),
        ("site: 12\n", "weibao.yml:3: site should be text"),
        ("name: again\n", 'weibao.yml:3: "name" is here twice (first in line 1)'),
        ("a: [\n", "weibao.yml:4: YAML syntax error"),
        ("notify:\n  mail:\n    - host: a\n", "weibao.yml:5: notify.mail.0.sender is missing"),
        ("time_zone: Asia/Shangai\n", 'unknown time zone "Asia/Shangai"; such as Asia/Shanghai'),
        ("schedule:\n  backup_at: 25:00\n", "weibao.yml:4: schedule.backup_at is wrong"),
    ],
)
def test_a_mistake_is_named_by_line(write, text, said):
    with pytest.raises(InputError) as error:
        load_estate(write({"weibao.yml": GOOD + text}))
    assert said in str(error.value)
    assert error.value.say("zh") != str(error.value)


def test_all_mistakes_of_a_file_come_at_once(write):
    folder = write({"weibao.yml": GOOD + "langage: en\nbackup:\n  retries: -1\n"})
    with pytest.raises(InputError) as error:
        load_estate(folder)
    assert len(str(error.value).splitlines()) == 2


def test_a_time_without_quotes_is_a_time(write):
    folder = write({"weibao.yml": GOOD + "schedule:\n  backup_at: 12:30\n"})
    assert load_estate(folder).settings.schedule.backup_at == "12:30"


def test_the_estate_overrides_packaged_data_by_name(write):
    contract = "id: hospital\nbackup:\n  max_age_hours: 50\n"
    runbook = (
        "id: backup-configs\nversion: '2'\ntitle: {zh: 甲, en: A}\npurpose: {zh: 乙, en: B}\n"
        "mutating: false\nsteps: [{name: one, title: {zh: 丙, en: C}, phase: backup, kind: wait, "
        "seconds: 1}]\n"
    )
    folder = write(
        {
            "weibao.yml": GOOD,
            "contracts/hospital.yml": contract,
            "contracts/default.yml": "id: default\ncustomer: 某院\n",
            "runbooks/backup-configs.yml": runbook,
        }
    )
    estate = load_estate(folder)
    assert estate.contract("hospital").backup.max_age_hours == 50
    assert estate.contract("default").customer == "某院"
    assert estate.runbook("backup-configs").version == "2"
    with pytest.raises(InputError, match="default, hospital"):
        estate.contract("nobody")
    with pytest.raises(InputError, match="backup-configs"):
        estate.runbook("nothing")


def test_a_contract_under_another_name_is_refused(write):
    with pytest.raises(InputError, match=r"contracts/a\.yml"):
        load_estate(write({"weibao.yml": GOOD, "contracts/a.yml": "id: b\n"}))


def test_a_database_url_with_a_password_comes_from_its_file(write):
    folder = write(
        {"weibao.yml": GOOD + "database_file: db.url\n", "db.url": "postgresql://u:p@h/d\n"}
    )
    with pytest.raises(InputError, match="chmod 600"):
        _ = load_estate(folder).journal_url
    (folder / "db.url").chmod(0o600)
    assert load_estate(folder).journal_url == "postgresql://u:p@h/d"


def test_every_model_has_a_schema():
    found = schemas()
    assert set(found) == {
        "settings",
        "contract",
        "runbook",
        "platform",
        "platform-session",
        "port-baseline",
        "port-readings",
        "vendor-notice",
    }
    assert found["settings"]["additionalProperties"] is False


def _names(model: type[BaseModel]) -> set[str]:
    names = set()
    for name, info in model.model_fields.items():
        names.add(name)
        for part in [info.annotation, *getattr(info.annotation, "__args__", ())]:
            if isinstance(part, type) and issubclass(part, BaseModel):
                names |= _names(part)
    return names


def _switched_on(text: str, model: type[BaseModel]) -> str:
    """The template with every commented setting switched on; prose stays a comment."""
    names = "|".join(model.model_fields)
    return re.sub(rf"^# (?=(?:{names}):| +)", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_template_shows_every_setting_and_is_right_when_switched_on(language):
    text = estate_templates(language)["weibao.yml"]
    for name in _names(Settings) | _names(MailSettings) | _names(WebhookSettings):
        assert re.search(rf"\b{name}:", text), name
    places = {"@NAME@": "x", "@KEYS@": "/k", "@LANGUAGE@": language}
    for place, value in places.items():
        text = text.replace(place, value)
    plain = validate(Settings, parse_yaml(text))[0]
    full, problems = validate(Settings, parse_yaml(_switched_on(text, Settings)))
    assert not problems
    assert plain == Settings(name="x", keys="/k", language=language)
    assert full.model_dump(exclude={"notify"}) == plain.model_dump(exclude={"notify"})
    assert full.notify.when == plain.notify.when
    assert full.notify.timeout == plain.notify.timeout


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_contract_template_shows_every_term(language):
    text = estate_templates(language)["contracts/default.yml"]
    for name in Contract.model_fields:
        assert f"{name}:" in text, name
    assert not validate(Contract, parse_yaml(text))[1]
    full, problems = validate(Contract, parse_yaml(_switched_on(text, Contract)))
    assert not problems
    assert full.standing_authorisation.reference


def test_an_installed_package_finds_its_data_without_a_clone(tmp_path):
    """The layout of the wheel: everything in ``weibao/data``."""
    root = Path(__file__).parents[2]
    package = tmp_path / "site" / "weibao"
    shutil.copytree(root / "src" / "weibao", package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("contracts", "runbooks"):
        shutil.copytree(root / name, package / "data" / name)
    (tmp_path / "weibao.yml").write_text(GOOD)
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]);"
        "from weibao.adapters.estate_files import load_estate; import weibao;"
        "assert weibao.__file__.startswith(sys.argv[1]);"
        "print(load_estate(Path.cwd()).runbook('backup-configs').id)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "site")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "backup-configs\n", done.stderr
