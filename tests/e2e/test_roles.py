"""Who may do what: every route of openapi.json and every topic of the socket, tried as nobody, as viewer, operator and admin, by a foreign page and under a forged name.

What is tried comes from the tables: a new row is tried the moment it is there. Only what its row allows may answer, and who is refused is refused before the body
and the ids are looked at.
"""
import http.client
import json
import re
import sqlite3
import unittest
import uuid

from lumad import BASE, Lumad, Refused

NO_LIGHT = True

RANK = {"none": 0, "viewer": 1, "operator": 2, "admin": 3}
PASSWORD = "a long password"
# What asks for no role, and what a viewer may send that is no GET: whoever adds to these thinks about it twice.
OPEN = {("get", "/health"), ("get", "/auth/me"), ("post", "/auth/setup"), ("post", "/auth/login"), ("post", "/auth/logout")}
VIEWER_SENDS = {("post", "/graph/check"), ("post", "/venues/{id}/select"), ("post", "/auth/password"), ("post", "/auth/tokens"), ("delete", "/auth/tokens/{id}"),
                ("delete", "/auth/sessions/{id}")}
# What takes long and needs no body: tried by who may not; that it answers who may is its own tests' business.
HEAVY = {"/show/demo", "/fixture-library/reload", "/patterns/shipped"}


class Client:
    """One who asks over and over, on one connection."""

    def __init__(self, d, role, cookie=None):
        self.d, self.role = d, role
        self.headers = {"Cookie": f"lumad_session={cookie}"} if cookie else {}
        self.http = http.client.HTTPConnection("127.0.0.1", d.port, timeout=30)

    def ask(self, method, path, body=None, base=BASE, **headers):
        headers = {**self.headers, **headers}
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        for again in (True, False):
            try:
                self.http.request(method.upper(), base + path, body, headers)
                r = self.http.getresponse()
                return r.status, r.read()
            except (http.client.RemoteDisconnected, ConnectionError):       # it was closed after the answer before
                self.http.close()
                if not again:
                    raise


class Roles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = d = Lumad()
        cls.addClassCleanup(d.stop)
        cls.venue = d.post("/venues", {"name": "Club"})["id"]
        fixture = d.post(f"/venues/{cls.venue}/fixtures", {"universe": 1, "address": 1, "fixture_path": "builtin:generic-dimmer", "mode_name": "1 Channel"})["id"]
        group = d.post(f"/venues/{cls.venue}/groups", {"name": "front"})["id"]
        output = d.post(f"/venues/{cls.venue}/outputs", {"universe": 1, "protocol": "artnet", "destination": "127.0.0.1"})["id"]
        pattern = d.post("/patterns", {"name": "P"})
        cls.ids = {"venues": cls.venue, "fixtures": fixture, "groups": group, "outputs": output, "patterns": pattern["id"],
                   "implementations": d.get(f"/patterns/{pattern['id']}/implementations")["items"][0]["id"]}
        spec = d.get("/openapi.json")
        cls.routes = [(m, path, op) for path, ops in spec["paths"].items() for m, op in ops.items()]
        admin = d.post("/auth/setup", {"password": PASSWORD})["token"]
        cls.who = {"none": Client(d, "none"), "admin": Client(d, "admin", admin)}
        for role in ("viewer", "operator"):
            status, _ = cls.who["admin"].ask("POST", "/auth/users", json.dumps({"name": role, "role": role, "password": PASSWORD}))
            assert status == 201
            cls.who[role] = Client(d, role, cls.enter(role))

    @classmethod
    def tearDownClass(cls):
        for client in cls.who.values():
            client.http.close()

    @classmethod
    def enter(cls, name):
        r = cls.d.call("POST", "/auth/login", {"name": name, "password": PASSWORD})
        assert r.status == 201, r
        return r.json["token"]

    def path(self, path, real=False):
        """With ids that are none, or with those of rows that are there."""
        first = path.split("/")[1]
        return re.sub(r"\{[^}]*\}", lambda m: self.ids.get(first, str(uuid.UUID(int=1))) if real else "nonsense", path)

    def test_the_rows_that_are_open_are_these(self):
        rows = {(m, path): op["x-least-role"] for m, path, op in self.routes}
        self.assertGreater(len(rows), 150)
        self.assertLessEqual(set(rows.values()), set(RANK))
        self.assertEqual({r for r, role in rows.items() if role == "none"}, OPEN)
        self.assertEqual({r for r, role in rows.items() if role == "viewer" and r[0] != "get"}, VIEWER_SENDS)

    def test_each_route_answers_whom_its_row_allows_and_nobody_else(self):
        for m, path, op in self.routes:
            least = op["x-least-role"]
            for role, client in self.who.items():
                if path == "/auth/logout" and role != "none":
                    client = Client(self.d, role, self.enter(role))         # not the one that is still needed
                    self.addCleanup(client.http.close)
                if path in HEAVY and role != "none" and RANK[role] >= RANK[least]:
                    continue
                # Nothing of it can be read: whoever is refused is refused before that is seen.
                status, text = client.ask(m, self.path(path), None if m == "get" else b"{")
                with self.subTest(route=f"{m} {path}", role=role, least=least, got=text[:200]):
                    if RANK[role] < RANK[least]:
                        self.assertEqual(status, 401 if role == "none" else 403)
                        self.assertEqual(json.loads(text)["code"], "unauthorized" if role == "none" else "forbidden")
                    else:
                        self.assertNotIn(status, (401, 403))
                        self.assertLess(status, 500)

    def test_what_has_no_row_is_nobodys(self):
        none, viewer = self.who["none"], self.who["viewer"]
        for path in sorted({p for _, p, _ in self.routes}):
            have = {m for m, p, _ in self.routes if p == path}
            for m in {"get", "put", "post", "patch", "delete"} - have:
                self.assertEqual(none.ask(m, self.path(path))[0], 401, (m, path))
                self.assertIn(viewer.ask(m, self.path(path))[0], (403, 404, 405), (m, path))        # 404: "/patterns/shipped" is a "/patterns/{id}" too
            if "get" in have and ("get", path) not in OPEN:
                none.http.request("HEAD", BASE + self.path(path))
                r = none.http.getresponse()
                r.read()
                self.assertEqual(r.status, 401, path)
        for path in ("/nothing", "/venues/", "//venues", "/venues/../health", "/Venues", "/auth", "/auth/me/"):
            self.assertEqual(none.ask("GET", path)[0], 401, path)
        for m in ("OPTIONS", "TRACE", "PROPFIND"):
            self.assertEqual(none.ask(m, "/venues")[0], 401)

    def test_a_foreign_page_and_a_forged_name_get_nothing(self):
        admin, none = self.who["admin"], self.who["none"]
        for m, path, op in self.routes:
            body = None if m == "get" else b"{}"
            for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
                for client in (admin, none):
                    status, text = client.ask(m, self.path(path, real=True), body, **headers)
                    self.assertEqual((status, json.loads(text)["code"]), (403, "forbidden"), (m, path, headers))
        for path in ("/", "/index.html", "/ws", "/assets/x.js"):
            for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}, {"Origin": "null"}):
                self.assertEqual(none.ask("GET", path, base="", **headers)[0], 403, (path, headers))
        self.assertEqual(admin.ask("GET", f"/venues/{self.venue}")[0], 200)     # it is still there

    def state(self):
        """All that is stored, and what is on."""
        with sqlite3.connect(f"file:{self.d.dir}/lumad.db?mode=ro", uri=True) as db:
            tables = [n for n, in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'audit_log'")]
            stored = {t: sorted(map(repr, db.execute(f"SELECT * FROM {t}"))) for t in tables}
        with sqlite3.connect(f"file:{self.d.dir}/state.db?mode=ro", uri=True) as db:
            stored.update({t: sorted(map(repr, db.execute(q))) for t, q in (("users", "SELECT * FROM users"), ("tokens", "SELECT id, role FROM tokens"))})
        on = {p: json.loads(self.who["admin"].ask("GET", p)[1]) for p in ("/show", "/host-audio", "/settings", "/show/autoplay", "/host-audio/device", "/graph/preview")}
        for volatile in ("server_time", "current_time", "seq"):
            on["/host-audio"].pop(volatile, None)
        return stored, on

    def test_a_viewer_changes_nothing(self):
        viewer = self.who["viewer"]
        before = self.state()
        for m, path, op in self.routes:
            if path == "/auth/logout":
                continue
            for body in (None,) if m == "get" else (b"{}", b'{"name":"x","on":true,"level":0.5}'):
                viewer.ask(m, self.path(path, real=True), body)
        after = self.state()
        for kind in (0, 1):
            for key in before[kind]:
                self.assertEqual(before[kind][key], after[kind][key], key)

    def test_sockets(self):
        with self.assertRaises(Refused) as r:
            self.d.socket()
        self.assertEqual(r.exception.status, 401)
        for headers in ({"Cookie": "lumad_session=" + "x" * 43}, {"Authorization": "Bearer " + "x" * 43}, {"Authorization": "Bearer", **self.who["admin"].headers},
                        {"Cookie": "lumad_session=" + "x" * 43 + "; " + self.who["admin"].headers["Cookie"]}):
            with self.assertRaises(Refused) as r:
                self.d.socket(headers=headers)
            self.assertEqual(r.exception.status, 401, headers)
        for kw in ({"host": "evil.example"}, {"origin": "http://evil.example"}, {"origin": "null"}):
            with self.assertRaises(Refused) as r:
                self.d.socket(headers=self.who["admin"].headers, **kw)
            self.assertEqual(r.exception.status, 403, kw)

    def test_topics(self):
        for role in ("viewer", "operator", "admin"):
            with self.d.socket(headers=self.who[role].headers) as ws:
                self.assertEqual(ws.hello["role"], role)
                self.assertGreaterEqual(len(ws.hello["topics"]), 8)
                for topic, least in ws.hello["topics"].items():
                    ws.heard.clear()
                    ws.subscribe(topic + "1" if topic.endswith("/") else topic)
                    ws.send({"type": "ping"})
                    ws.expect("pong")
                    errors = [m["code"] for m in ws.heard if isinstance(m, dict) and m["type"] == "error"]
                    self.assertEqual(errors, [] if RANK[role] >= RANK[least] else ["forbidden"], (role, topic))


if __name__ == "__main__":
    unittest.main()
