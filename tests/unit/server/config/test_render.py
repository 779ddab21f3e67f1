"""The schema as a file, as a table, as JSON Schema; and the documentation that shows it."""

import json
import re
import tomllib
from pathlib import Path

from signward_server.config import load
from signward_server.config.fields import sections
from signward_server.config.render import as_json_schema, as_lines, as_markdown, as_toml

DOCS = Path(__file__).parents[4] / "docs" / "configuration.md"


def test_the_commented_file_says_nothing_but_the_defaults(tmp_path):
    file = tmp_path / "signward.toml"
    file.write_text(as_toml({}))
    assert set(tomllib.loads(file.read_text())["listen"]) == set()
    file.write_text(re.sub(r"(?m)^# (\w+ = |  \{ |\])", r"\1", as_toml({})))
    uncommented = tomllib.loads(file.read_text())
    assert uncommented["limits"]["batch_bytes"] == "1MiB"
    empty = tmp_path / "empty.toml"
    empty.touch()
    assert load(file, environment={}) == load(empty, environment={})


def test_the_commented_file_has_every_key_and_short_lines():
    text = as_toml({})
    for section in sections():
        assert f"\n[{section.name}]\n" in text
        for name, info in section.fields:
            assert re.search(rf"(?m)^# {name} = ", text)
            assert info.description
    assert max(map(len, text.splitlines())) <= 100


def test_given_values_stand_uncommented():
    text = as_toml({"listen.unix": 'a"b', "tls.client_ca": [{"file": "x", "names": ["y"]}]})
    tables = tomllib.loads(text)
    assert tables["listen"] == {"unix": 'a"b'}
    assert tables["tls"] == {"client_ca": [{"file": "x", "names": ["y"]}]}


def test_free_keys_stand_below_what_they_hold_and_an_example():
    text = as_toml({"groups": {"admins": ["cn:admin"], "a.b": []}})
    assert tomllib.loads(text)["groups"] == {"admins": ["cn:admin"], "a.b": []}
    example = re.search(r"(?m)^# For example: (.*)$", text)
    assert example
    given = load(None, environment={}, flags=[f"groups={{{example[1]}}}"]).groups.members
    assert sorted(map(str, given["admins"])) == ["cn:admin", "spiffe://prod/ops"]


def test_the_settings_in_force_are_a_configuration(tmp_path):
    groups = """groups={admins = ["cn:admin"], "desk.a" = ["dns:a", "spiffe://x/y"], none = []}"""
    flags = ["log.level=debug", groups]
    settings = load(None, environment={"SIGNWARD_LISTEN__HTTP": ""}, flags=flags)
    file = tmp_path / "signward.toml"
    file.write_text(as_lines(settings))
    assert load(file, environment={}) == settings
    again = settings.model_validate(settings.model_dump(mode="json"), context={"base": tmp_path})
    assert again == settings


def test_the_json_schema_describes_and_closes_every_section():
    schema = json.loads(as_json_schema())
    models = [schema, *schema["$defs"].values()]
    open_to = {
        "Groups": {"type": "array", "items": {"type": "string"}},
        "Caps": {"$ref": "#/$defs/CapRule"},
    }
    assert all(
        model["additionalProperties"] == open_to.get(model["title"], False) for model in models
    )
    keys = [key for model in models for key in model["properties"].values()]
    assert all(key.get("description") or "$ref" in key for key in keys)
    assert schema["$defs"]["Limits"]["properties"]["handshake_timeout"]["default"] == "3s"
    assert schema["$defs"]["Listen"]["properties"]["tcp"]["default"] == "127.0.0.1:7443"
    assert schema["$defs"]["Listen"]["properties"]["unix"]["default"] == ""
    assert schema["$defs"]["Limits"]["properties"]["queue"]["maximum"] == 65536


def test_texts_of_several_paragraphs_are_plain_paragraphs():
    paragraph = "A bad new one keeps the old one in force."
    assert f"\n\n{paragraph}" in as_markdown()
    assert f"restart. {paragraph} SIGHUP" in as_toml({}).replace("\n# ", " ")


def test_the_documentation_shows_the_schema_as_it_is():
    assert as_markdown() in DOCS.read_text("utf-8")
