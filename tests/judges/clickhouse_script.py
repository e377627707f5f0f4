"""The rendered clickhouse-setup and clickhouse-drop Jobs, with a client in place of clickhouse-client that keeps what it is given.

ClickHouse's own parser (chdb is ClickHouse in a library) reads every statement, and what chdb can run, it runs: the
database and the refusals. It keeps no users, so grants are parsed only.
"""

import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import chdb
from job import Cluster, Job, leaving
from judge import case, done, scratch

FAKE_CLIENT = """#!/bin/sh
printf '%s\\n' "$@" >"$FAKE_OUT/arguments"
env >"$FAKE_OUT/environment"
while [ "$1" != --queries-file ]; do shift; done
stat -c %a "$2" >"$FAKE_OUT/mode"
cp "$2" "$FAKE_OUT/statements.sql"
"""


def given(job, folder, expect=0, **changes):
    """Runs a Job and returns what its clickhouse-client got: arguments, environment, file mode, statements."""
    programs, out, temporary = folder / "bin", folder / "out", folder / "tmp"
    for path in (programs, out, temporary):
        path.mkdir(parents=True, exist_ok=True)
    for path in out.iterdir():
        path.unlink()
    (programs / "clickhouse-client").write_text(FAKE_CLIENT, encoding="utf-8")
    (programs / "clickhouse-client").chmod(0o755)
    env = {**job.env, "PATH": f"{programs}:{job.env['PATH']}", "FAKE_OUT": str(out), **changes}
    # The script's own paths are the container's.
    command = [part if not part.endswith("/clickhouse.sh") else local_script(part, temporary) for part in job.command]
    ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert ended.returncode == expect, f"exit code {ended.returncode}: {ended.stderr[-500:]}"
    if expect != 0:
        assert not list(out.iterdir()), "the client was started all the same"
        return None
    assert ended.stderr == "", ended.stderr
    return {path.name: path.read_text(encoding="utf-8") for path in out.iterdir()}


def local_script(path, temporary):
    """The script with `/tmp` where this test has its own."""
    text = Path(path).read_text(encoding="utf-8")
    assert text.count("/tmp/") == 2, "the script uses /tmp in other places"
    here = temporary / "clickhouse.sh"
    here.write_text(text.replace("/tmp/", f"{temporary}/"), encoding="utf-8")
    return str(here)


def statements(text):
    """The statements of a file; none of them holds a semicolon of its own."""
    return [statement.strip() for statement in text.split(";") if statement.strip()]


def parsed(statement):
    """A statement as ClickHouse prints it after parsing; an error when it cannot."""
    quoted = statement.replace("\\", "\\\\").replace("'", "\\'")
    return str(chdb.query(f"SELECT formatQuerySingleLine('{quoted}')", "TSVRaw")).strip()


def expected(job):
    """What the statements must be, after ClickHouse's own formatting."""
    env = job.env
    quote = lambda name: name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) else f"`{name}`"
    user, database, password = quote(env["LMS_CH_USER"]), quote(env["LMS_CH_DATABASE"]), env["LMS_CH_PASSWORD_SHA256"]
    cluster = f" ON CLUSTER {quote(env['LMS_CH_CLUSTER'])}" if env["LMS_CH_CLUSTER"] else ""
    grant = "GRANT" if env["LMS_CH_POSTGRES"] == "true" else "REVOKE"
    to = "TO" if env["LMS_CH_POSTGRES"] == "true" else "FROM"
    return {
        f"CREATE DATABASE IF NOT EXISTS {database}{cluster} COMMENT 'lmsgen: {env['LMS_INSTANCE']}'",
        f"CREATE USER IF NOT EXISTS {user}{cluster} IDENTIFIED WITH sha256_hash BY '{password}'",
        f"GRANT{cluster} {env['LMS_CH_PRIVILEGES']} ON {database}.* TO {user}",
        f"GRANT{cluster} CREATE TEMPORARY TABLE ON *.* TO {user}",
        f"{grant}{cluster} POSTGRES ON *.* {to} {user}",
        f"REVOKE{cluster} GRANT OPTION FOR POSTGRES, CREATE TEMPORARY TABLE ON *.* FROM {user}",
    }


def client(name, job, folder):
    got = None
    with case(f"{name}: no password reaches the command line or a plain variable"):
        got = given(job, folder)
        assert len(job.secret_values) == 2
        plain = [*job.rendered_command, *job.plain_env.values(), got["arguments"]]
        assert not any(secret in text for secret in job.secret_values for text in plain)
        assert got["mode"].strip() == "600", f"the statements can be read by others: {got['mode']}"
        assert f"CLICKHOUSE_PASSWORD={job.env['CLICKHOUSE_PASSWORD']}\n" in got["environment"]
    if got is None:
        return
    with case(f"{name}: ClickHouse reads the statements as they are meant"):
        forms = [parsed(statement) for statement in statements(got["statements.sql"])]
        assert len(forms) == 11, f"{len(forms)} statements"
        missing = expected(job) - set(forms)
        assert not missing, f"not among them: {missing}; got {forms}"
        (alter,) = [form for form in forms if form.startswith("ALTER USER")]
        assert f"BY '{job.env['LMS_CH_PASSWORD_SHA256']}' DEFAULT DATABASE" in alter, alter
        assert (job.env["LMS_CH_PROFILE"] == "") == ("PROFILE" not in alter), alter
    with case(f"{name}: the same again is the same, another password another file"):
        assert given(job, folder)["statements.sql"] == got["statements.sql"]
        other = given(job, folder, LMS_CH_PASSWORD_SHA256="0" * 64)["statements.sql"]
        assert other == got["statements.sql"].replace(job.env["LMS_CH_PASSWORD_SHA256"], "0" * 64)
    with case(f"{name}: a hash that is none is refused before anything is sent"):
        for bad in ("", "abc'; DROP DATABASE x; --", "F" * 64):
            given(job, folder, expect=1, LMS_CH_PASSWORD_SHA256=bad)


def dropped(job):
    """What the statements that drop must be, after ClickHouse's own formatting, in order."""
    env = job.env
    quote = lambda name: name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) else f"`{name}`"
    user, database = quote(env["LMS_CH_USER"]), quote(env["LMS_CH_DATABASE"])
    cluster = f" ON CLUSTER {quote(env['LMS_CH_CLUSTER'])}" if env["LMS_CH_CLUSTER"] else ""
    return [
        f"ALTER USER IF EXISTS {user}{cluster} HOST NONE",
        f"KILL QUERY{cluster} WHERE user = '{env['LMS_CH_USER']}' SYNC FORMAT `Null`",
        f"DROP DATABASE IF EXISTS {database}{cluster} SYNC",
        f"DROP USER IF EXISTS {user}{cluster}",
    ]


def dropping(name, setup, drop, folder):
    with case(f"{name}: ClickHouse reads the statements that drop as they are meant"):
        forms = [parsed(statement) for statement in statements(given(drop, folder)["statements.sql"])]
        assert len(forms) == 8 and all(form.startswith("SELECT throwIf(") for form in forms[:4]), forms
        assert forms[4:] == dropped(drop), f"{forms[4:]}, not {dropped(drop)}"
    server = chdb.connect(f":memory:?config-file={access(folder)}")

    def run_some(job, count, only=None, **changes):
        local = given(job, folder, LMS_CH_CLUSTER="", **changes)["statements.sql"]
        for statement in statements(local)[:count]:
            server.query(statement)
        for statement in statements(local)[count:]:
            if only and statement.startswith(only):
                server.query(statement)

    databases = lambda: set(str(server.query("SELECT name FROM system.databases", "TSV")).split())
    try:
        with case(f"{name}: ClickHouse drops the database, and again, and no other client's"):
            own, other = drop.env["LMS_CH_DATABASE"], f"{drop.env['LMS_CH_DATABASE']}_other"
            run_some(setup, 5)
            run_some(setup, 5, LMS_CH_DATABASE=other, LMS_INSTANCE=f"{name}-other")
            assert {own, other} <= databases()
            for _ in range(2):
                run_some(drop, 4, only="DROP DATABASE")
                assert other in databases() and own not in databases()
        with case(f"{name}: ClickHouse refuses to drop what was not made for the client"):
            server.query("CREATE DATABASE byhand")
            for words, changes in (
                ("the database was not made for this client", {"LMS_CH_DATABASE": other}),
                ("the database was not made for this client", {"LMS_CH_DATABASE": "byhand"}),
                ("the database belongs to the server", {"LMS_CH_DATABASE": "system"}),
                ("the user is the administrator", {"LMS_CH_USER": "default"}),
            ):
                try:
                    run_some(drop, 4, only="DROP DATABASE", **changes)
                except RuntimeError as error:
                    assert words in str(error), f"refused with other words: {error}"
                else:
                    raise AssertionError(f"{changes} went through")
            assert {other, "byhand", "system"} <= databases()
    finally:
        server.close()


def access(folder):
    """Settings of a server whose only user manages access: without it the guards cannot see who has which grants."""
    settings = folder / "server.xml"
    settings.write_text(
        "<clickhouse><profiles><default/></profiles><quotas><default/></quotas><users><default><password/>"
        "<networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>"
        "<access_management>1</access_management></default></users>"
        f"<users_config>{settings}</users_config></clickhouse>",
        encoding="utf-8",
    )
    return settings


def refusals(name, job, folder):
    """The guards and the database, run by ClickHouse itself."""
    server = chdb.connect(f":memory:?config-file={access(folder)}")

    def runs(**changes):
        local = given(job, folder, LMS_CH_CLUSTER="", **changes)["statements.sql"]
        for statement in statements(local)[:5]:
            server.query(statement)

    def refused(words, **changes):
        try:
            runs(**changes)
        except RuntimeError as error:
            assert words in str(error), f"refused with other words: {error}"
        else:
            raise AssertionError(f"{changes} went through")

    try:
        with case(f"{name}: ClickHouse makes the database, and again"):
            runs()
            runs()
            query = f"SELECT comment FROM system.databases WHERE name = '{job.env['LMS_CH_DATABASE']}'"
            assert str(server.query(query, "TSVRaw")).strip() == f"lmsgen: {job.env['LMS_INSTANCE']}"
        with case(f"{name}: ClickHouse refuses what belongs to the server or to another client"):
            refused("the database belongs to another client", LMS_INSTANCE=f"{name}-other")
            refused("the database belongs to the server", LMS_CH_DATABASE="system")
            refused("the user is the administrator", LMS_CH_USER="default")
    finally:
        server.close()


def main():
    with scratch() as folder:
        root = leaving(folder)
        for environment in ("lms-dev", "lms-prod"):
            cluster = Cluster(environment, Path(folder) / environment)
            gone = Cluster(environment, Path(folder) / environment / "gone", root)
            drops = gone.named("Job", "clickhouse-drop-")
            for owner, job in cluster.named("Job", "clickhouse-setup-").items():
                name = f"{environment}/{owner}"
                here = Path(folder) / environment / owner
                # `/tmp` stays: the script's own text says it, and `given` moves it there.
                job = Job(cluster, job, {"/tmp": "/tmp", "/etc/lms-ca": "/etc/lms-ca"})
                client(name, job, here)
                refusals(name, job, here)
                drop = Job(gone, drops[owner], {"/tmp": "/tmp", "/etc/lms-ca": "/etc/lms-ca"})
                dropping(name, job, drop, here)
            with case(f"{environment}: the client's TLS settings are XML"):
                for data in cluster.config_maps.values():
                    if "clickhouse-client.xml" in data:
                        authority = ElementTree.fromstring(data["clickhouse-client.xml"]).find(
                            "openSSL/client/caConfig"
                        )
                        assert authority.text == "/etc/lms-ca/ca.crt"
                        break
                else:
                    raise AssertionError("no ConfigMap has them")
    done(at_least=35)


main()
