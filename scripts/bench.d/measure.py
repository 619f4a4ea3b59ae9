#!/usr/bin/python3
"""Measures one part of scripts/bench, prints its figures and adds them to a file.

The works are the files in work/.  What is compared runs in turns, each for the
same time, and the median of the rounds counts: so that what else the machine
does falls on all of them.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

import cryptography.fernet
import psycopg

WORK = pathlib.Path(__file__).resolve().parent / "work"

# The first of each group is what the others are compared with.
GROUPS = {
    "reveal": ["plain_reveal", "reveal", "reveal_one", "pgcrypto_fast_reveal", "pgcrypto_reveal"],
    "create": ["plain_create", "create", "pgcrypto_fast_create", "pgcrypto_create"],
    "set": ["plain_set", "set"],
    "find": ["plain_find", "find"],
    "list of 50": ["plain_list_50", "list_50"],
}


class Bench:
    def __init__(self, options):
        self.options = options
        self.results = {}
        if os.path.exists(options.results):
            self.results = json.loads(pathlib.Path(options.results).read_text())

    def save(self, part, rows):
        self.results[part] = rows
        pathlib.Path(self.options.results).write_text(json.dumps(self.results))
        print(part)
        for row in rows:
            print("   ", "  ".join(f"{name} {value}" for name, value in row.items()), flush=True)

    def connect(self, user="postgres", **settings):
        return psycopg.connect(host=self.options.socket, port=self.options.port, user=user,
                               dbname="postgres", autocommit=True, **settings)

    def sql(self, *statements):
        with self.connect() as connection:
            for statement in statements:
                rows = connection.execute(statement)
        return rows.fetchall() if rows.description else None

    def pgbench(self, work, clients=1, host=None, define=(), seconds=None):
        """Transactions per second of a work."""
        command = ["pgbench", "--no-vacuum", "--protocol=prepared", "--username=app",
                   f"--host={host or self.options.socket}", f"--port={self.options.port}",
                   f"--client={clients}", f"--jobs={min(clients, 2)}",
                   f"--time={seconds or self.options.seconds}", f"--file={WORK / work}.sql"]
        command += [f"--define={value}" for value in (*self.options.define, *define)]
        run = subprocess.run(command + ["postgres"], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        found = re.search(r"^tps = ([0-9.]+)", run.stdout, re.M)
        if run.returncode != 0 or found is None:
            sys.exit(f"{work}: {run.stdout}")
        return float(found.group(1))

    def rounds(self, runs):
        """The median of each run, a function that returns a figure."""
        figures = [[run() for run in runs] for _ in range(self.options.rounds)]
        return [statistics.median(column) for column in zip(*figures)]


def ratio(figure, reference):
    return round(figure / reference, 2)


def compare(bench, works, **how):
    medians = bench.rounds([lambda work=work: bench.pgbench(work, **how) for work in works])
    return [{"work": work, "tps": round(tps), "ratio": ratio(tps, medians[0])}
            for work, tps in zip(works, medians)]


def clients_in_python(bench):
    """An application that reads a token and decrypts it, and one that has it revealed."""
    fernet = cryptography.fernet.Fernet(cryptography.fernet.Fernet.generate_key())
    token = fernet.encrypt(b"value-123456789-0123456789abcdefghijkl").decode()
    bench.sql("CREATE TABLE IF NOT EXISTS tokens (user_id text, name text, value text, PRIMARY KEY (user_id, name))",
              "GRANT SELECT ON tokens TO app", "TRUNCATE tokens")
    with bench.connect() as connection:
        connection.execute("INSERT INTO tokens VALUES ('7', 'key3', %s)", (token,))
    connection = bench.connect("app", prepare_threshold=1)

    def per_second(call):
        end = time.monotonic() + bench.options.seconds
        count = 0
        while time.monotonic() < end:
            call()
            count += 1
        return count / bench.options.seconds

    def read(statement, parameters):
        return connection.execute(statement, parameters).fetchone()[0]

    plain = ("SELECT value FROM tokens WHERE user_id = %s AND name = %s", ("7", "key3"))
    reveal = ("SELECT apikey.reveal_key(%s) FROM apikey.set_user_id(%s::text)", ("key3", "7"))
    medians = bench.rounds([lambda: per_second(lambda: fernet.decrypt(read(*plain))),
                            lambda: per_second(lambda: read(*reveal)),
                            lambda: per_second(lambda: read(*plain))])
    names = ["psycopg and Fernet", "psycopg and reveal_key", "psycopg and plain text"]
    return [{"group": "client", "clients": 1, "over": "socket", "work": name, "tps": round(tps),
             "ratio": ratio(tps, medians[0])} for name, tps in zip(names, medians)]


def measure_rounds(bench):
    rows = []
    for group, works in GROUPS.items():
        for clients in (1, 4):
            for over in ("socket", "tcp"):
                host = "127.0.0.1" if over == "tcp" else None
                rows += [{"group": group, "clients": clients, "over": over, **row}
                         for row in compare(bench, works, clients=clients, host=host)]
    bench.save("rounds", rows + clients_in_python(bench))


def measure_reencryption(bench):
    """Rows per second of a rotation, and of an UPDATE of the same column in the same batches."""
    count = bench.sql("SELECT count(*) FROM apikey.api_keys")[0][0]
    bench.sql("SELECT apikey.rotate_data_key()")
    began = time.monotonic()
    bench.sql("CALL apikey.reencrypt_keys()")
    ours = count / (time.monotonic() - began)
    bench.sql("CREATE TABLE copied AS SELECT * FROM apikey.api_keys")
    bench.sql("ALTER TABLE copied ADD PRIMARY KEY (user_id, id)", "CREATE INDEX ON copied (fingerprint)")
    began = time.monotonic()
    with bench.connect() as connection:
        last = ("", "00000000-0000-0000-0000-000000000000")
        while last:
            last = connection.execute(
                "WITH batch AS (SELECT user_id, id FROM copied WHERE (user_id, id) > (%s, %s)"
                " ORDER BY user_id, id LIMIT 1000 FOR UPDATE),"
                " changed AS (UPDATE copied c SET encrypted_value = c.encrypted_value,"
                " fingerprint = set_byte(c.fingerprint, 0, 255 - get_byte(c.fingerprint, 0))"
                " FROM batch b WHERE c.user_id = b.user_id AND c.id = b.id)"
                " SELECT user_id, id FROM batch ORDER BY user_id DESC, id DESC LIMIT 1", last).fetchone()
    plain = count / (time.monotonic() - began)
    bench.sql("DROP TABLE copied")
    bench.save("reencryption", [{"rows": count, "update": round(plain), "reencrypt_keys": round(ours),
                                 "ratio": ratio(ours, plain)}])


def fill(bench, count):
    """Add rows until there are that many keys: copies of one, which only look like keys."""
    have = bench.sql("SELECT count(*) FROM apikey.api_keys")[0][0]
    bench.sql("INSERT INTO apikey.api_keys (user_id, id, name, key_type, encrypted_value, hint, fingerprint)"
              " SELECT 'many' || i / 10, gen_random_uuid(), 'key' || i % 10, k.key_type, k.encrypted_value,"
              " k.hint, decode(md5(i::text), 'hex')"
              " FROM generate_series({}, {}) i, (SELECT * FROM apikey.api_keys LIMIT 1) k".format(have + 1, count),
              "VACUUM ANALYZE apikey.api_keys")


def first_call(bench, statement, user="app"):
    """Milliseconds of the first statement of a new connection."""
    with bench.connect(user) as connection:
        began = time.monotonic()
        connection.execute(statement)
        return (time.monotonic() - began) * 1000


REVEAL = "SELECT apikey.reveal_key('key3') FROM apikey.set_user_id('7'::text)"
STATUS = "SELECT * FROM apikey.status()"
KEY_STATUS = "SELECT * FROM apikey.key_status"
FIND = "SELECT * FROM apikey.find_keys(md5('7-3'))"
PLAIN = "SELECT value FROM plain WHERE user_id = '7' AND name = 'key3'"


def measure_growth(bench):
    rows = []
    for count in (10_000, 100_000, 1_000_000, 10_000_000):
        if count <= bench.options.keys:
            fill(bench, count)
            reveal, find, status, key_status = bench.rounds(
                [lambda: bench.pgbench("reveal"), lambda: bench.pgbench("find"),
                 lambda: first_call(bench, STATUS, "postgres"), lambda: first_call(bench, KEY_STATUS, "postgres")])
            rows.append({"keys": count, "reveal": round(reveal), "find": round(find),
                         "status() (ms)": round(status), "key_status (ms)": round(key_status)})
    bench.save("growth", rows)


def measure_data_keys(bench):
    rows = []
    # The last takes as long to make as everything else to measure.
    for count in (1, 10, 100, 1000, 10000) if bench.options.keys >= 10_000_000 else (1, 10, 100, 1000):
        have = bench.sql("SELECT count(*) FROM apikey.data_keys WHERE purpose = 'value'")[0][0]
        with bench.connect() as connection:
            for _ in range(count - have):
                connection.execute("SELECT apikey.rotate_data_key()")
        first, find = bench.rounds([lambda: first_call(bench, REVEAL), lambda: first_call(bench, FIND)])
        rows.append({"data keys": count, "first reveal (ms)": round(first, 2), "first find (ms)": round(find, 2),
                     "reveal": round(bench.pgbench("reveal"))})
    bench.save("data-keys", rows)


def measure_user_keys(bench):
    bench.sql("ALTER SYSTEM SET apikey.max_keys_per_user = 0", "SELECT pg_reload_conf()")
    rows = []
    for count in (1, 100, 1000, 10000):
        user = f"with{count}"
        bench.sql("SELECT apikey.create_key_for('{}', 'key' || i, 'custom', md5('{}' || i))"
                  " FROM generate_series(1, {}) i".format(user, user, count))
        define = [f"other={user}", f"lister={user}", f"user={user}", "name=key1"]
        rows.append({"keys of the user": count, "reveal": round(bench.pgbench("reveal", define=define)),
                     "list": round(bench.pgbench("list_50", define=define))})
    bench.save("user-keys", rows)


def measure_connections(bench):
    rows = []
    for clients in (1, 10, 50, 200):
        # To open the connections takes a part of the time.
        how = {"clients": clients, "seconds": max(bench.options.seconds, clients // 20)}
        plain, reveal = bench.rounds([lambda: bench.pgbench("plain_reveal", **how),
                                      lambda: bench.pgbench("reveal", **how)])
        rows.append({"connections": clients, "plain": round(plain), "reveal": round(reveal),
                     "ratio": ratio(reveal, plain)})
    bench.save("connections", rows)


def measure_first_use(bench, part="first-use"):
    plain, reveal = [statistics.median(first_call(bench, statement) for _ in range(50))
                     for statement in (PLAIN, REVEAL)]
    bench.save(part, [{"plain (ms)": round(plain, 2), "reveal (ms)": round(reveal, 2)}])


def private_memory(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(kb) for kb in re.findall(r"^Private_\w+: +(\d+) kB", text, re.M))


def measure_memory(bench):
    rows = []
    for name, statement in (("plain", "PERFORM value FROM plain WHERE user_id = '7' AND name = 'key3'"),
                            ("reveal", "PERFORM apikey.reveal_key('key3') FROM apikey.set_user_id('7'::text)")):
        with bench.connect("app") as connection:
            pid = connection.execute("SELECT pg_backend_pid()").fetchone()[0]
            row = {"work": name}
            for count in (1000, 999_000):
                connection.execute(f"DO $$ BEGIN FOR i IN 1 .. {count} LOOP {statement}; END LOOP; END $$")
                row[f"kB after {1000 if count == 1000 else 1_000_000}"] = private_memory(pid)
        rows.append(row)
    bench.save("memory", rows)


PARTS = {
    "rounds": measure_rounds,
    "reencryption": measure_reencryption,
    "growth": measure_growth,
    "data-keys": measure_data_keys,
    "user-keys": measure_user_keys,
    "connections": measure_connections,
    "first-use": measure_first_use,
    "first-use-without-preload": lambda bench: measure_first_use(bench, "first-use-without-preload"),
    "memory": measure_memory,
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--socket", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--results", required=True)
    parser.add_argument("--seconds", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--keys", type=int, required=True)
    parser.add_argument("--define", action="append", default=[])
    parser.add_argument("part", choices=PARTS)
    options = parser.parse_args()
    PARTS[options.part](Bench(options))


main()
