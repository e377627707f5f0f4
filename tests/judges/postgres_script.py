"""The rendered postgres-setup Jobs against a real PostgreSQL server, one per environment, started here on loopback.

Must leave no server behind, and must run what is rendered: only host, port and the authority's file are put in.
"""

import concurrent.futures
import glob
import os
import pwd
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from job import Cluster, Job
from judge import case, done, run, scratch


def program(name):
    """A PostgreSQL program, of the newest version that Debian has installed."""
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), key=lambda path: int(path.split("/")[4]))
    return found[-1] if found else shutil.which(name)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server with TLS, a superuser and an administrator without superuser rights, both with the fleet's password."""

    def __init__(self, folder, password):
        self.folder, self.password, self.port = Path(folder), password, free_port()
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


def environment(name, folder):
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
    finally:
        server.stop()


def main():
    with scratch() as folder:
        os.chmod(folder, 0o755)
        for name in ("lms-dev", "lms-prod"):
            (Path(folder) / name).mkdir()
            environment(name, Path(folder) / name)
    done(at_least=60)


main()
