"""Three sources in rising order, all problems at once."""

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
import signward
from hypothesis import given
from hypothesis import strategies as st
from signward_server.config import ConfigurationError, Settings, load
from signward_server.config.fields import children_of, sections
from signward_server.config.load import validated
from signward_server.config.sources import Sources
from signward_server.core.startup import ExitCode


def write(folder: Path, text: str) -> Path:
    file = folder / "signward.toml"
    file.write_text(text, "utf-8")
    return file


def problems(file: Path | None, *, environment=None, flags=()) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(file, environment=environment or {}, flags=flags)
    assert caught.value.exit_code is ExitCode.USAGE
    assert str(caught.value).splitlines() == [str(problem) for problem in caught.value.problems]
    where = "" if file is None else str(file)
    return [str(problem).replace(where, "FILE") if where else str(problem)
            for problem in caught.value.problems]  # fmt: skip


def test_nothing_configured_is_the_defaults():
    settings = load(None, environment={})
    assert str(settings.listen.tcp) == "127.0.0.1:7443"
    assert settings.listen.unix is None
    assert settings.custody.envelope.default_unlock_ttl == timedelta(minutes=15)
    assert settings.limits.batch_bytes == 2**20
    assert settings.tls.client_ca[0].file == Path.cwd() / "tls/client-ca.crt"


def test_the_environment_wins_over_the_file_and_flags_over_both(tmp_path):
    file = write(tmp_path, "[limits]\nqueue = 1\nstreams = 17\nunary_threads = 1\n")
    environment = {"SIGNWARD_LIMITS__QUEUE": "2", "SIGNWARD_LIMITS__UNARY_THREADS": "2"}
    limits = load(file, environment=environment, flags=["limits.queue=3"]).limits
    assert (limits.queue, limits.unary_threads, limits.streams) == (3, 2, 17)


def test_variables_hold_text_or_toml():
    environment = {
        "SIGNWARD_LOG__LEVEL": "debug",
        "SIGNWARD_LISTEN__TCP": "",
        "SIGNWARD_LISTEN__UNIX": '"/run/s"',
        "SIGNWARD_TLS__CLIENT_CA": '[{file = "/a", names = ["x"]}, {file = "/b", names = ["y"]}]',
        "SIGNWARD_LIMITS": "{queue = 9}",
        "SIGNWARD_SHUTDOWN__GRACE": "250ms",
        "PATH": "/bin",
    }
    settings = load(None, environment=environment)
    assert settings.log.level == "debug"
    assert settings.listen.tcp is None
    assert settings.listen.unix == Path("/run/s")
    assert [ca.names for ca in settings.tls.client_ca] == [("x",), ("y",)]
    assert settings.limits.queue == 9
    assert settings.shutdown.grace == timedelta(milliseconds=250)


def test_the_clients_variables_are_none_of_ours():
    folder = Path(signward.__file__).parent
    sources = [path.read_text("utf-8") for path in folder.rglob("*.py")]
    names = {name for text in sources for name in re.findall(r"\bSIGNWARD_[A-Z_]*[A-Z]", text)}
    assert "SIGNWARD_TARGET" in names
    environment = dict.fromkeys(names | {"SIGNWARD_HOME", "SIGNWARD_CONFIG"}, "x")
    assert load(None, environment=environment) == load(None, environment={})


def test_paths_start_at_the_files_folder_wherever_they_stand(tmp_path):
    file = write(tmp_path, '[store]\npath = "s.db"\n[custody.envelope]\nkek = "/etc/kek"\n')
    settings = load(file, environment={"SIGNWARD_TLS__CERTIFICATE": "c.pem"})
    assert settings.store.path == tmp_path / "s.db"
    assert settings.custody.envelope.kek == Path("/etc/kek")
    assert settings.tls.certificate == tmp_path / "c.pem"
    assert settings.tls.private_key == tmp_path / "tls/server.key"


def test_all_problems_are_reported_at_once(tmp_path):
    file = write(
        tmp_path,
        """
        zebra = 1
        log = 3
        [listen]
        tcp = "0.0.0.0"
        unx = "/run/s"
        [tls]
        client_ca = [{fil = "x"}, {file = "y", names = ["a b"]}]
        identity = "uri"
        [custody.envelope]
        kek = 3
        default_unlock_ttl = "soon"
        allow_unlisted_libraries = "yes"
        [limits]
        unary_threads = 0
        connection_age = "2h"
        message_bytes = "1KB"
        queue = true
        [shutdown]
        grace = -1
        """,
    )
    environment = {"SIGNWARD_LIMITS__STREAMS": "lots", "SIGNWARD_NONSENSE": "1", "SIGNWARD_a": "1"}
    flags = ["log.level=info", "order.timestamp_window=0", "nonsense"]
    known = f"known here: {', '.join(Settings.model_fields)}"
    duration = 'write it like "250ms", "30s", "15m" or "24h"'
    assert problems(file, environment=environment, flags=flags) == [
        ("environment variable SIGNWARD_a names no setting; "
        "write it like SIGNWARD_LISTEN__TCP, or unset it"),
        "flag --set is not KEY=VALUE; write it like --set listen.tcp=127.0.0.1:7443",
        'FILE: listen.tcp is not HOST:PORT; write it like "127.0.0.1:7443" or "[::1]:7443"',
        "FILE: listen.unx is not a known key; did you mean listen.unix?",
        "FILE: tls.client_ca[0].file is missing; add it",
        "FILE: tls.client_ca[0].fil is not a known key; did you mean tls.client_ca[0].file?",
        "FILE: tls.client_ca[1].names[0] has the wrong form; see `signward config schema`",
        'FILE: tls.identity is not one of the choices; use one of "spiffe", "dns", "cn"',
        "FILE: custody.envelope.kek is not a path; write it as text, in quotes",
        f"FILE: custody.envelope.default_unlock_ttl is not a duration; {duration}",
        (
            "FILE: custody.envelope.allow_unlisted_libraries is neither true nor false; "
            "write true or false, without quotes"
        ),
        "FILE: limits.unary_threads is out of range; use 1 to 256",
        "FILE: limits.queue is not a whole number; write it without quotes, like 16",
        ("environment variable SIGNWARD_LIMITS__STREAMS: limits.streams is not a whole number; "
        "write it without quotes, like 16"),
        'FILE: limits.message_bytes is not a size; write it like 4096, "64KiB" or "1MiB"',
        'FILE: limits.connection_age is out of range; use "1s" to "1h"',
        ('flag --set order.timestamp_window: order.timestamp_window is out of range; '
        'use "1s" to "1h"'),
        "FILE: log is not a table; give it keys of its own",
        f"FILE: shutdown.grace is not a duration; {duration}",
        f"FILE: zebra is not a known key; {known}",
        f"environment variable SIGNWARD_NONSENSE: nonsense is not a known key; {known}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (["limits.streams=2"], ("limits.streams_per_identity is above limits.streams; "
         "lower it to at most limits.streams, or raise that")),
        (["limits.message_bytes=64KiB", "limits.batch_bytes=32KiB"],
         ("limits.message_bytes is above limits.batch_bytes; "
         "lower it to at most limits.batch_bytes, or raise that")),
        (["custody.envelope.max_unlock_ttl=1s"],
         ("custody.envelope.default_unlock_ttl is above custody.envelope.max_unlock_ttl; "
         "lower it, or raise that")),
        (['tls.client_ca=[{file="a"},{file="b",names=["x"]}]'],
         ("tls.client_ca has several CAs, and not each says which names it may assert; "
         "give each one its names")),
        (["tls.client_ca=[]"], "tls.client_ca is empty; give at least one"),
        (["tls.client_ca=3"], "tls.client_ca is not a list; write it in square brackets"),
        (["tls.client_ca=[3]"], "tls.client_ca[0] is not a table; give it keys of its own"),
        (['tls.client_ca=[{file="a",names=[3]}]'],
         "tls.client_ca[0].names[0] is not text; write it in quotes"),
        (["log.level=4"], ('log.level is not one of the choices; use one of "debug", "info", '
         '"warning", "error"')),
        (["limits.queue=1.5"],
         "limits.queue is not a whole number; write it without quotes, like 16"),
    ],
)  # fmt: skip
def test_contradictions_and_wrong_types_name_key_and_fix(flags, line):
    (found,) = problems(None, flags=flags)
    assert found.split(": ", 1)[-1] == line


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"a = ", "FILE is not TOML (Invalid value (at end of document)); correct this place"),
        (b"\xff\xfe", "FILE is not UTF-8 text; save it as UTF-8"),
        (b"a = " + b"[" * 5000, "FILE is not TOML that anyone wrote; start from a new one"),
        (b"a = " + b"9" * 5000, "FILE is not TOML that anyone wrote; start from a new one"),
        (b"#" * (2**20 + 1), "FILE is larger than 1 MiB; this is no configuration"),
    ],
)
def test_a_file_that_is_no_configuration_is_one_problem(tmp_path, content, line):
    file = tmp_path / "signward.toml"
    file.write_bytes(content)
    assert problems(file) == [line]


def test_a_missing_file_does_not_hide_other_problems(tmp_path):
    fix = "run `signward init DIR`, or name the file with --config"
    assert problems(tmp_path / "no.toml", environment={"SIGNWARD_LOG__LEVEL": "loud"}) == [
        f"FILE cannot be read (No such file or directory); {fix}",
        (
            "environment variable SIGNWARD_LOG__LEVEL: log.level is not one of the choices; "
            'use one of "debug", "info", "warning", "error"'
        ),
    ]


def test_a_value_where_a_table_belongs_is_not_papered_over(tmp_path):
    file = write(tmp_path, "log = 3\n")
    assert problems(file, environment={"SIGNWARD_LOG__LEVEL": "info"}) == [
        "FILE: log is not a table; give it keys of its own"
    ]


def test_a_name_from_the_file_moves_no_cursor(tmp_path):
    file = write(tmp_path, '"\\u001b[2Jx\\n" = 1\n')
    (line,) = problems(file)
    assert line.isprintable()


@pytest.mark.parametrize("name", ["SIGNWARD_", "SIGNWARD___", "SIGNWARD_LOG__", "SIGNWARD_log"])
def test_a_variable_with_our_prefix_names_a_setting(name):
    (line,) = problems(None, environment={name: "x"})
    assert line.startswith(f"environment variable {name} names no setting")


@pytest.mark.parametrize("text", ["a\nlog.level = 1", "3\n4", "1 # x", "[" * 5000])
def test_the_text_of_a_variable_sets_one_key_only(text):
    found = problems(None, environment={"SIGNWARD_LOG__LEVEL": text})
    assert [line.split(" is ")[0] for line in found] == [
        "environment variable SIGNWARD_LOG__LEVEL: log.level"
    ]


def test_settings_never_change():
    settings = load(None, environment={})
    with pytest.raises(ValueError, match="frozen"):
        settings.log.level = "debug"


_LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
    | st.datetimes() | st.sampled_from(["15m", "64KiB", "127.0.0.1:1", "localhost:1", "/x", "cn"])
)  # fmt: skip
_KNOWN = sorted({name for section in sections() for name, _ in section.fields}
                | {part for section in sections() for part in section.name.split(".")})  # fmt: skip
_TABLES = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(_KNOWN) | st.text(max_size=8), inner, max_size=5)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(_KNOWN) | st.text(max_size=8), _TABLES, max_size=5))
def test_arbitrary_tables_are_settings_or_problems_never_a_crash(tables):
    sources = Sources()
    sources.add_tables(tables, "somewhere")
    outcome = _outcome(lambda: validated(sources, Path("/home"), lambda _: ["127.0.0.1"]))
    if isinstance(outcome, Settings):
        assert _unknown(tables, ()) == []
    else:
        assert all(problem.text and problem.fix for problem in outcome)
        assert all(str(problem).isprintable() for problem in outcome)


def _outcome(loading):
    """Return the settings or the problems; anything else that is raised is a bug."""
    try:
        return loading()
    except ConfigurationError as error:
        return error.problems


def _unknown(table, above):
    if above == ("groups",):
        return []  # these keys are free
    known = children_of(above)
    found = [name for name in table if name not in known]
    for name, value in table.items():
        if name in known and isinstance(value, dict):
            found += _unknown(value, (*above, name))
    return found


@given(st.text(max_size=40), st.text(max_size=40))
def test_arbitrary_variables_and_flags_never_crash(name, text):
    outcome = _outcome(
        lambda: load(
            None,
            environment={f"SIGNWARD_{name}": text},
            flags=[f"{name}={text}", text],
            resolve=lambda _: [],
        )
    )
    assert isinstance(outcome, Settings) or all(str(p).isprintable() for p in outcome)


def test_a_file_that_others_can_change_is_refused_where_it_counts(tmp_path):
    file = tmp_path / "signward.toml"
    file.write_text('[groups]\nadmins = ["cn:a"]\n')
    file.chmod(0o666)
    assert load(file, environment={}).groups.members
    with pytest.raises(ConfigurationError, match=r"mode 0666, so that others can change it; run"):
        load(file, environment={}, guarded=True)
    file.chmod(0o644)
    assert load(file, environment={}, guarded=True).groups.members


def test_a_pipe_is_no_configuration_and_blocks_nothing(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigurationError, match="is not a regular file"):
        load(tmp_path / "pipe", environment={})
