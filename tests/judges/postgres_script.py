"""The rendered postgres-setup and postgres-drop Jobs against a real PostgreSQL server, one per environment, started here on loopback.

Must leave no server behind, and must run what is rendered: only host, port and the authority's file are put in.
"""

import concurrent.futures
import glob
import os
import pwd
import re
import shutil
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from job import Cluster, Job, leaving
from judge import case, done, run, scratch
from ports import free_ports


def program(name):
    """A PostgreSQL program, of the newest version that Debian has installed."""
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), key=lambda path: int(path.split("/")[4]))
    return found[-1] if found else shutil.which(name)


class Server:
    """A server with TLS, a superuser and an administrator without superuser rights, both with the fleet's password."""

    def __init__(self, folder, password):
        self.folder, self.password = Path(folder), password
        (self.port,) = free_ports(1)
        self.account = {}
        if os.geteuid() == 0:
            names = {entry.pw_name for entry in pwd.getpwall()}
            user = "postgres" if "postgres" in names else "nobody"
            self.account = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
            os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
        (self.folder / "pw").write_text(password, encoding="utf-8")
        os.chmod(self.folder / "pw", 0o644)
        self.do(
            program("initdb"), "-D", "data", "-U", "postgres", "--pwfile=pw", "-A", "scram-sha-256", "-N", "-E", "UTF8"
        )
        self.do(
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-keyout",
            "data/server.key",
            "-out",
            "data/server.crt",
        )
        (self.folder / "ca").mkdir()
        shutil.copy(self.folder / "data" / "server.crt", self.folder / "ca" / "ca.crt")
        self.log = self.folder / "log"
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self.folder,
            "ssl": "on",
            "fsync": "off",
            "log_statement": "ddl",
            "log_min_duration_statement": 0,
            "max_connections": 60,
        }
        options = [f"-c{name}={value}" for name, value in settings.items()]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [program("postgres"), "-D", "data", *options], cwd=folder, stdout=log, stderr=log, **self.account
            )
        self.wait()
        # The one an administrator gets who is not given the superuser.
        self.sql("CREATE ROLE provisioner LOGIN CREATEDB CREATEROLE PASSWORD '%s'" % password)
        self.sql("CREATE DATABASE maintenance OWNER provisioner")

    def do(self, *command):
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True, timeout=120, **self.account)

    def wait(self):
        for _ in range(200):
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended: {self.log.read_text()[-1000:]}")
            try:
                return self.sql("SELECT 1")
            except RuntimeError:
                time.sleep(0.1)
        raise RuntimeError(f"the server does not answer: {self.log.read_text()[-1000:]}")

    def psql(self, sql, user, password, database, expect=0):
        env = {"PATH": os.environ["PATH"], "PGPASSWORD": password, "PGSSLMODE": "require", "HOME": str(self.folder)}
        command = ["psql", "-XAtqw", "-h", "localhost", "-p", self.port, "-U", user, "-d", database, "-c", sql]
        return run(*command, env=env, expect=expect).strip()

    def sql(self, sql, database="postgres"):
        return self.psql(sql, "postgres", self.password, database)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def fails(server, words, **login):
    """A connection that the server must refuse with these words."""
    try:
        server.psql("SELECT 1", **login)
    except RuntimeError as error:
        assert words in str(error), f"refused with other words: {error}"
    else:
        raise AssertionError(f"{login['user']} got into {login['database']}")


def start(job, **changes):
    """Runs a Job and returns its exit code and words."""
    env = {**job.env, **changes}
    ended = subprocess.run(job.command, env=env, capture_output=True, text=True, timeout=120)
    return ended.returncode, ended.stdout + ended.stderr


def succeeds(job, **changes):
    code, words = start(job, **changes)
    assert code == 0 and words == "", f"exit code {code}: {words[-500:]}"


def refused(job, words, **changes):
    code, said = start(job, **changes)
    assert code != 0, "it went through"
    assert words in said, f"refused with other words: {said[-500:]}"


def provisioning(name, server, cluster, jobs):
    for client, job in jobs.items():
        with case(f"{name}/{client}: no password in the command or in plain variables"):
            secrets = job.secret_values
            assert len(secrets) == 2 and all(len(value) >= 12 for value in secrets)
            plain = [*job.rendered_command, *job.plain_env.values()]
            assert not any(secret in text for secret in secrets for text in plain)
        with case(f"{name}/{client}: the Job runs"):
            succeeds(job)
        with case(f"{name}/{client}: the Job runs again"):
            succeeds(job)
    with case(f"{name}: all Jobs at once, four of each"):
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            for future in [pool.submit(succeeds, job) for job in jobs.values() for _ in range(4)]:
                future.result()
    for client, deployment in cluster.named("Deployment").items():
        with case(f"{name}/{client}: the Deployment's DSN opens the database, which is the client's own"):
            (container,) = deployment["spec"]["template"]["spec"]["containers"]
            dsn = urlsplit(cluster.environment(container)["LMS_STORAGE_POSTGRES_DSN"])
            dsn = dsn._replace(netloc=f"{dsn.username}:{dsn.password}@localhost:{server.port}")
            dsn = urlunsplit(dsn).replace("/etc/lms-ca/ca.crt", str(server.folder / "ca" / "ca.crt"))
            uses = "SELECT crypt('a', gen_salt('bf')) <> '', pg_typeof(uuid_generate_v4()), user, current_database()"
            job = jobs[client]
            shown = run("psql", "-XAtqw", dsn, "-c", uses).strip()
            assert shown == f"t|uuid|{job.env['LMS_DB_ROLE']}|{job.env['LMS_DB_NAME']}", shown
            run("psql", "-XAtqw", dsn, "-c", "CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)")
            succeeds(job)
            assert run("psql", "-XAtqw", dsn, "-c", "SELECT n FROM kept").strip() == "1", "a run takes data away"


def owns_the_server(job):
    """Whether the Job's administrator is the superuser, who may do what others must do by hand."""
    return job.env["PGUSER"] == "postgres" and job.env["LMS_LOCK_SERVER"] == "true"


def isolation(name, server, jobs):
    for client, job in jobs.items():
        login = {"user": job.env["LMS_DB_ROLE"], "password": job.env["LMS_DB_PASSWORD"]}
        with case(f"{name}/{client}: connects to no other client's database, nor to what its owner locks"):
            others = [other.env["LMS_DB_NAME"] for other in jobs.values() if other is not job]
            assert others
            for database in others + (["postgres", "template1"] if owns_the_server(job) else []):
                fails(server, "permission denied for database", database=database, **login)
        with case(f"{name}/{client}: the role has no rights over the server"):
            role = job.env["LMS_DB_ROLE"]
            attributes = "rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls"
            assert server.sql(f"SELECT {attributes} FROM pg_roles WHERE rolname = '{role}'") == "f|f|f|f|f"
            memberships = (
                f"SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE r.rolname = '{role}'"
            )
            assert server.sql(memberships) == "0"


def passwords(name, server, jobs):
    for client, job in jobs.items():
        with case(f"{name}/{client}: a changed password takes the place of the old one"):
            login = {"user": job.env["LMS_DB_ROLE"], "database": job.env["LMS_DB_NAME"]}
            hard = "a'b\"c\\d$e`f:g %s"
            succeeds(job, LMS_DB_PASSWORD=hard)
            fails(server, "password authentication failed", password=job.env["LMS_DB_PASSWORD"], **login)
            assert server.psql("SELECT 1", password=hard, **login) == "1"
            succeeds(job)
            assert server.psql("SELECT 1", password=job.env["LMS_DB_PASSWORD"], **login) == "1"
    superusers = [job.env["LMS_DB_PASSWORD"] for job in jobs.values() if owns_the_server(job)]
    if superusers:
        with case(f"{name}: a superuser's runs leave no password in the server's log"):
            log = server.log.read_text(encoding="utf-8")
            assert "CREATE EXTENSION" in log, "the log shows nothing"
            assert not any(password in log for password in superusers)


def refusals(name, server, jobs):
    (one, other) = list(jobs.values())[:2]
    foreign = other.env["LMS_DB_NAME"]
    with case(f"{name}: a client cannot take another client's database"):
        words = f'database "{foreign}" belongs to role "{other.env["LMS_DB_ROLE"]}"'
        refused(one, words, LMS_DB_NAME=foreign, LMS_DB_ROLE="newcomer", LMS_INSTANCE=f"{name}/newcomer")
        refused(one, "owns database", LMS_DB_NAME=foreign)
    with case(f"{name}: a client cannot take another client's role"):
        refused(one, "belongs to lmsgen: ", LMS_DB_ROLE=other.env["LMS_DB_ROLE"])
    with case(f"{name}: a client cannot take another client's role and database"):
        taken = {"LMS_DB_ROLE": other.env["LMS_DB_ROLE"], "LMS_DB_NAME": foreign}
        refused(one, "belongs to lmsgen: ", **taken)
    with case(f"{name}: nor the administrator's role, nor one of the server's"):
        refused(one, "is the administrator", LMS_DB_ROLE=one.env["PGUSER"])
        if not owns_the_server(one):
            refused(one, 'role "postgres" belongs to the server', LMS_DB_ROLE="postgres")
        refused(one, "belongs to the server", LMS_DB_ROLE="pg_read_all_data")
        refused(one, 'belongs to role "postgres"', LMS_DB_NAME="template1", LMS_DB_ROLE="newcomer")
        assert server.sql("SELECT count(*) FROM pg_roles WHERE rolname = 'newcomer'") == "0"
    with case(f"{name}: refusals changed nothing"):
        for job in (one, other):
            login = {"user": job.env["LMS_DB_ROLE"], "database": job.env["LMS_DB_NAME"]}
            assert server.psql("SELECT 1", password=job.env["LMS_DB_PASSWORD"], **login) == "1"
        assert server.sql("SELECT rolsuper FROM pg_roles WHERE rolname = 'postgres'") == "t"
    with case(f"{name}: a failure is a failure"):
        refused(one, "password authentication failed", PGPASSWORD="wrong")
        refused(one, "", LMS_DB_ROLE="")
    if owns_the_server(one):
        with case(f"{name}: a role an earlier set-up left as superuser is one no more"):
            server.sql(f'ALTER ROLE "{one.env["LMS_DB_ROLE"]}" SUPERUSER CREATEDB CREATEROLE')
            succeeds(one)
            query = (
                f"SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = '{one.env['LMS_DB_ROLE']}'"
            )
            assert server.sql(query) == "f|f|f"
    with case(f"{name}: an administrator without superuser rights does, locking the server or not"):
        for lock in ("true", "false"):
            names = {"LMS_DB_ROLE": f"Quoted-{lock}", "LMS_DB_NAME": f"db {lock}", "LMS_INSTANCE": f"x/{lock}"}
            for _ in range(2):
                succeeds(one, PGUSER="provisioner", PGDATABASE="maintenance", LMS_LOCK_SERVER=lock, **names)
            login = {"user": names["LMS_DB_ROLE"], "database": names["LMS_DB_NAME"]}
            assert (
                server.psql(
                    "SELECT uuid_generate_v4() <> gen_random_uuid()", password=one.env["LMS_DB_PASSWORD"], **login
                )
                == "t"
            )


def exists(server, job):
    """Whether the client has a role, and a database."""
    role, database = job.env["LMS_DB_ROLE"], job.env["LMS_DB_NAME"]
    return server.sql(
        f"SELECT (SELECT count(*) FROM pg_roles WHERE rolname = '{role}'),"
        f" (SELECT count(*) FROM pg_database WHERE datname = '{database}')"
    )


def keeps(server, job):
    """The client's own table, read with its own password."""
    login = {"user": job.env["LMS_DB_ROLE"], "password": job.env["LMS_DB_PASSWORD"]}
    return server.psql("SELECT n FROM kept", database=job.env["LMS_DB_NAME"], **login)


def drop_refusals(name, server, jobs, drops):
    (one, other) = list(drops.values())[:2]
    foreign = {"LMS_DB_ROLE": other.env["LMS_DB_ROLE"], "LMS_DB_NAME": other.env["LMS_DB_NAME"]}
    with case(f"{name}: what was not made for a client is not dropped for it"):
        refused(one, f'role "{foreign["LMS_DB_ROLE"]}" was not made for {one.env["LMS_INSTANCE"]}', **foreign)
        refused(one, "owns database", LMS_DB_NAME=foreign["LMS_DB_NAME"])
        refused(one, "belongs to role", LMS_DB_ROLE="nobody-here", LMS_DB_NAME=foreign["LMS_DB_NAME"])
        refused(one, "is the administrator", LMS_DB_ROLE=one.env["PGUSER"])
        refused(one, "belongs to the server", LMS_DB_ROLE="pg_read_all_data")
        for database in ("postgres", "template1", one.env["PGDATABASE"]):
            refused(one, "belongs to the server", LMS_DB_NAME=database)
        server.sql("CREATE ROLE byhand LOGIN")
        server.sql("CREATE DATABASE byhand OWNER byhand")
        refused(one, 'role "byhand" was not made for', LMS_DB_ROLE="byhand", LMS_DB_NAME="byhand")
    with case(f"{name}: refusals dropped nothing"):
        for client in (one, other):
            assert exists(server, client) == "1|1"
        for job in jobs.values():
            assert keeps(server, job) == "1"


def dropping(name, server, jobs, drops):
    left = dict(jobs)
    for client, drop in drops.items():
        job = left.pop(client)
        with case(f"{name}/{client}: the database and the role go, with somebody connected, and nothing else does"):
            dsn = {"PGPASSWORD": job.env["LMS_DB_PASSWORD"], "PGSSLMODE": "require", "PATH": os.environ["PATH"]}
            command = ["psql", "-Xqw", "-h", "localhost", "-p", str(server.port), "-U", job.env["LMS_DB_ROLE"]]
            command += ["-d", job.env["LMS_DB_NAME"], "-c", "SELECT pg_sleep(60)"]
            connected = subprocess.Popen(command, env=dsn, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            query = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{job.env['LMS_DB_NAME']}'"
            for _ in range(100):
                if server.sql(query) != "0":
                    break
                time.sleep(0.1)
            assert server.sql(query) == "1", "nobody is connected"
            succeeds(drop)
            assert connected.wait(10) != 0, "the connection went on"
            assert exists(server, drop) == "0|0"
            for other in left.values():
                assert keeps(server, other) == "1"
        with case(f"{name}/{client}: dropped again, there is nothing to do"):
            succeeds(drop)
            assert exists(server, drop) == "0|0"
    client, drop = next(iter(drops.items()))
    with case(f"{name}/{client}: a client that comes back starts anew"):
        succeeds(jobs[client])
        login = {"user": drop.env["LMS_DB_ROLE"], "password": jobs[client].env["LMS_DB_PASSWORD"]}
        query = "SELECT count(*) FROM pg_tables WHERE tablename = 'kept'"
        assert server.psql(query, database=drop.env["LMS_DB_NAME"], **login) == "0"
    with case(f"{name}/{client}: a run that ended half way is finished by the next"):
        server.sql(f'DROP DATABASE "{drop.env["LMS_DB_NAME"]}"')
        succeeds(drop)
        assert exists(server, drop) == "0|0"
    if owns_the_server(jobs[client]):
        with case(f"{name}: an administrator without superuser rights drops what it made, and no more"):
            names = {"LMS_DB_ROLE": "Quoted-true", "LMS_DB_NAME": "db true", "LMS_INSTANCE": "x/true"}
            login = {"PGUSER": "provisioner", "PGDATABASE": "maintenance"}
            for _ in range(2):
                succeeds(drop, **login, **names)
            roles = "SELECT string_agg(rolname, ',') FROM pg_roles WHERE rolname LIKE 'Quoted-%'"
            assert server.sql(roles) == "Quoted-false"


def environment(name, folder, leaving_root):
    cluster = Cluster(name, folder)
    rendered = cluster.named("Job", "postgres-setup-")
    with case(f"{name}: the script never makes anybody a superuser"):
        (script,) = {data["postgres.sql"] for data in cluster.config_maps.values() if "postgres.sql" in data}
        assert "NOSUPERUSER" in script and not re.search(r"(?<!NO)SUPERUSER", script)
        assert "${" not in script
    server_folder = folder / "server"
    server_folder.mkdir()
    server = Server(server_folder, cluster.secrets["pg-admin"]["password"])
    try:
        jobs = {}
        for client, job in rendered.items():
            job = Job(cluster, job, {"/etc/lms-ca": str(server.folder / "ca")})
            job.env |= {"PGHOST": "localhost", "PGPORT": str(server.port)}
            jobs[client] = job
        assert jobs, "no Jobs"
        provisioning(name, server, cluster, jobs)
        isolation(name, server, jobs)
        passwords(name, server, jobs)
        refusals(name, server, jobs)
        gone = folder / "gone"
        gone.mkdir()
        cluster = Cluster(name, gone, leaving_root)
        drops = {}
        for client, job in cluster.named("Job", "postgres-drop-").items():
            job = Job(cluster, job, {"/etc/lms-ca": str(server.folder / "ca")})
            job.env |= {"PGHOST": "localhost", "PGPORT": str(server.port)}
            drops[client] = job
        assert drops.keys() == jobs.keys(), "not everybody's data is dropped"
        drop_refusals(name, server, jobs, drops)
        dropping(name, server, jobs, drops)
    finally:
        server.stop()


def main():
    with scratch() as folder:
        os.chmod(folder, 0o755)
        root = leaving(folder)
        for name in ("lms-dev", "lms-prod"):
            (Path(folder) / name).mkdir()
            environment(name, Path(folder) / name, root)
    done(at_least=80)


main()
