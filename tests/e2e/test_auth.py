"""Signing in: the first password, sessions, tokens, users, what is limited, what ends at once, what is written down, what is nowhere to be found."""
import concurrent.futures
import ctypes
import http.client
import json
import os
import pathlib
import re
import sqlite3
import stat
import subprocess
import tempfile
import threading
import time
import unittest

import netrig
from lumad import BASE, ROOT, Lumad, Reply
from test_full_disk import CLONE_NEWNS, LIBC
from test_full_disk import why_not as why_no_mounts

NO_LIGHT = True

LUMAD = os.environ.get("LUMAD", str(ROOT / "build/release/lumad"))
PASSWORD = "correct horse battery"


def cookie(secret):
    return {"Cookie": f"lumad_session={secret}"}


def bearer(secret):
    return {"Authorization": f"Bearer {secret}"}


def tearDownModule():
    if Case.shared:
        Case.shared.stop()


class Case(unittest.TestCase):
    shared = None

    def start(self, *args, setup=True, **kw):
        d = Lumad(*args, **kw)
        self.addCleanup(d.stop)
        if setup:
            r = d.call("POST", "/auth/setup", {"password": PASSWORD})
            self.assertEqual(r.status, 201, r)
            d.admin = r.json["token"]
        return d

    def common(self):
        """One lumad for those that neither count failures nor stop it: starting costs half a second."""
        if not Case.shared:
            Case.shared = Lumad()
            Case.shared.admin = Case.shared.post("/auth/setup", {"password": PASSWORD})["token"]
        return Case.shared

    def enter(self, d, name="admin", password=PASSWORD, **headers):
        r = d.call("POST", "/auth/login", {"name": name, "password": password}, headers)
        self.assertEqual(r.status, 201, r)
        return r.json["token"]

    def as_(self, d, secret, method, path, body=None, want=None):
        r = d.call(method, path, body, cookie(secret))
        if want:
            self.assertEqual(r.status, want, r)
        return r

    def me(self, d, headers):
        return d.call("GET", "/auth/me", headers=headers).json

    def user(self, d, name, role):
        self.as_(d, d.admin, "POST", "/auth/users", {"name": name, "role": role, "password": PASSWORD}, 201)
        return self.enter(d, name)

    def ended(self, ws):
        self.assertEqual(ws.closed(5).code, 4401)
        ws.close()


class First(Case):
    def test_this_machine_sets_the_first_password_and_is_exempt_no_more(self):
        d = self.start(setup=False)
        self.assertEqual(self.me(d, {}), {"needs_setup": True, "role": "admin", "via": "loopback", "user": None, "expires_at": None})
        self.assertEqual(d.call("POST", "/auth/login", {"password": PASSWORD}).status, 409)
        for path, body in (("/auth/users", {"name": "x", "role": "admin", "password": PASSWORD}), ("/auth/tokens", {"name": "x", "role": "viewer"})):
            self.assertEqual(d.call("POST", path, body).status, 409, path)
        for body, path in (({}, "/password"), ({"password": "1234567"}, "/password"), ({"password": "x" * 1025}, "/password"), ({"password": PASSWORD, "name": ""}, "/name"),
                           ({"password": PASSWORD, "name": "a\nb"}, "/name"), ({"password": PASSWORD, "name": "Lumad"}, "/name"), ({"password": PASSWORD, "more": 1}, "/more"), ({"password": 12345678}, "/password")):
            r = d.call("POST", "/auth/setup", body)
            self.assertEqual((r.status, r.json["errors"][0]["path"]), (422, path), body)
        self.assertEqual(d.call("POST", "/auth/setup", {"password": PASSWORD, "code": "0000-0000"}).status, 401)    # whoever shows one shows the right one
        ws = d.socket()
        r = d.call("POST", "/auth/setup", {"password": PASSWORD, "name": "ann"})
        self.assertEqual((r.status, r.json["role"], r.json["name"], r.json["is_stored"]), (201, "admin", "ann", True))
        self.ended(ws)
        self.assertEqual(d.call("GET", "/venues").status, 401)
        self.assertEqual(d.call("POST", "/auth/setup", {"password": PASSWORD}).status, 409)
        me = self.me(d, cookie(r.json["token"]))
        self.assertEqual((me["needs_setup"], me["role"], me["via"], me["user"]["name"]), (False, "admin", "session", "ann"))
        self.assertEqual(me["expires_at"], r.json["expires_at"])

    def test_the_cookie_and_the_page(self):
        d = self.common()
        r = d.call("POST", "/auth/login", {"password": PASSWORD})
        self.assertEqual(r.headers["Set-Cookie"], f"lumad_session_{d.port}={r.json['token']}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict")
        self.assertEqual(r.headers["Cache-Control"], "no-store")
        host = f"127.0.0.1:{d.port}"
        r = d.call("POST", "/auth/login", {"password": PASSWORD}, {"Host": "127.0.0.1", "Origin": "https://127.0.0.1"})     # a proxy in front that speaks TLS
        self.assertRegex(r.headers["Set-Cookie"], r"^lumad_session=.*; Secure$")
        r = self.as_(d, self.enter(d, **{"X-Forwarded-Proto": "https"}), "POST", "/auth/logout", None, 204)
        self.assertIn(f"lumad_session_{d.port}=; Path=/; Max-Age=0", r.headers["Set-Cookie"])
        policy = d.call("GET", "/", base="").headers["Content-Security-Policy"]
        rules = dict(p.split(" ", 1) for p in policy.split("; "))
        self.assertEqual((rules["default-src"], rules["script-src"], rules["style-src"], rules["frame-ancestors"], rules["object-src"], rules["base-uri"]),
                         ("'self'", "'self'", "'self'", "'none'", "'none'", "'none'"))
        self.assertEqual(rules["connect-src"], f"'self' ws://{host} wss://{host}")
        for name, value in (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer")):
            self.assertEqual(d.call("GET", "/", base="").headers[name], value)


class Sessions(Case):
    def test_two_on_one_machine_do_not_sign_each_other_out(self):
        jar = {}                                                                            # as a browser keeps them: by name, whatever the port

        def call(d, method, path, body=None):
            r = d.call(method, path, body, {"Cookie": "; ".join(f"{k}={v}" for k, v in jar.items())})
            if "Set-Cookie" in r.headers:
                name, rest = r.headers["Set-Cookie"].split("=", 1)
                jar.pop(name, None)
                if "Max-Age=0" not in rest:
                    jar[name] = rest.split(";")[0]
            return r

        one, other = self.common(), self.start()
        for d in (one, other):
            self.assertEqual(call(d, "POST", "/auth/login", {"password": PASSWORD}).status, 201)
        self.assertEqual(len(jar), 2)
        for d in (one, other):
            self.assertEqual(call(d, "GET", "/auth/me").json["via"], "session")
            ws = d.socket(headers={"Cookie": "; ".join(f"{k}={v}" for k, v in jar.items())})
            ws.close()
        self.assertEqual(call(other, "POST", "/auth/logout").status, 204)
        self.assertEqual((call(one, "GET", "/auth/me").json["via"], call(other, "GET", "/auth/me").json["role"]), ("session", "none"))

    def test_what_proves_who_one_is(self):
        d = self.common()
        secret, wrong = d.admin, "x" * 43
        for headers, role in ((cookie(secret), "admin"), (bearer(secret), "admin"), ({**cookie(wrong), **bearer(secret)}, "admin"),
                              ({**cookie(secret), **bearer(wrong)}, "none"), ({**cookie(secret), "Authorization": "Bearer"}, "none"),
                              ({**cookie(secret), "Authorization": "Basic eDp5"}, "admin"),          # meant for a proxy in front
                              ({"Cookie": f"a=b; lumad_session={secret}; c=d"}, "admin"),
                              ({"Cookie": f"lumad_session={secret}; lumad_session={wrong}"}, "none"), ({"Cookie": f"lumad_session={wrong}; lumad_session={secret}"}, "none"),
                              ({"Cookie": f"lumad_session={secret.lower()}"}, "none"), ({"Cookie": f"LUMAD_SESSION={secret}"}, "none"), ({}, "none"),
                              (cookie(secret) | {"X-Forwarded-For": "10.0.0.1"}, "admin")):
            self.assertEqual(self.me(d, headers)["role"], role, headers)
        for name in ("Cookie", "Authorization"):
            with d.raw() as s:
                value = f"lumad_session={secret}" if name == "Cookie" else f"Bearer {secret}"
                s.sendall(f"GET {BASE}/auth/me HTTP/1.1\r\nHost: localhost\r\n{name}: {value}\r\n{name}: {value}\r\n\r\n".encode())
                self.assertIn(b" 400 ", s.recv(4096).split(b"\r\n")[0])
        self.assertEqual(d.call("GET", f"/auth/me?token={secret}").json["role"], "none")               # never in an address
        self.assertEqual(d.call("GET", "/venues").headers["WWW-Authenticate"], 'Bearer realm="lumad"')

    def test_another_secret_each_time_and_never_the_one_that_was_brought(self):
        d = self.common()
        planted = "A" * 43
        r = d.call("POST", "/auth/login", {"password": PASSWORD}, cookie(planted))
        self.assertNotEqual(r.json["token"], planted)
        self.assertEqual(self.me(d, cookie(planted))["role"], "none")
        again = d.call("POST", "/auth/login", {"password": PASSWORD}, cookie(r.json["token"]))
        self.assertEqual(self.me(d, cookie(r.json["token"]))["role"], "none")                          # its cookie was overwritten: it ended
        self.assertEqual(self.me(d, cookie(again.json["token"]))["role"], "admin")

    def test_signing_out_closes_its_sockets_and_no_others(self):
        d = self.common()
        one, two = self.enter(d), self.enter(d)
        gone, stays = d.socket(headers=cookie(one)), d.socket(headers=bearer(two))
        self.as_(d, one, "POST", "/auth/logout", None, 204)
        self.ended(gone)
        self.assertEqual(self.me(d, cookie(one))["role"], "none")
        self.assertEqual(self.as_(d, one, "GET", "/venues").status, 401)
        stays.send({"type": "ping"})
        stays.expect("pong")
        listed = self.as_(d, two, "GET", "/auth/sessions", None, 200).json["items"]
        other, = [s for s in listed if s["is_this"]]
        self.assertEqual((other["user_name"], other["address"]), ("admin", "127.0.0.1"))
        self.as_(d, d.admin, "DELETE", f"/auth/sessions/{other['id']}", None, 204)
        self.ended(stays)
        self.assertEqual(self.as_(d, d.admin, "DELETE", f"/auth/sessions/{other['id']}").status, 404)
        self.assertEqual(d.call("POST", "/auth/logout").status, 204)                                   # nobody may go too

    def test_a_request_that_began_before_its_session_ended_does_nothing(self):
        d = self.common()
        body = json.dumps({"name": "kept", "role": "admin"}).encode()
        for has_ended in (False, True):
            secret = self.enter(d)
            with d.raw() as s:
                s.sendall(f"POST {BASE}/auth/tokens HTTP/1.1\r\nHost: localhost\r\nCookie: lumad_session={secret}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body[:5])
                time.sleep(0.3)         # its head is read
                if has_ended:
                    self.as_(d, secret, "POST", "/auth/logout", None, 204)
                s.sendall(body[5:])
                self.assertIn(b" 401 " if has_ended else b" 201 ", s.recv(4096).split(b"\r\n")[0])
        self.assertEqual(len([t for t in self.as_(d, d.admin, "GET", "/auth/tokens", None, 200).json["items"] if t["name"] == "kept"]), 1)

    def test_ones_own_password(self):
        d = self.common()
        eve = self.user(d, "Una", "viewer")
        tablet, ws_here = self.enter(d, "una"), d.socket(headers=cookie(eve))
        ws_there = d.socket(headers=cookie(tablet))
        for body, path in (({"old": "wrong wrong", "new": "another one"}, "/old"), ({"old": PASSWORD, "new": "short"}, "/new"), ({"new": "another one"}, "/old")):
            r = self.as_(d, eve, "POST", "/auth/password", body, 422)
            self.assertEqual(r.json["errors"][0]["path"], path)
        self.as_(d, eve, "POST", "/auth/password", {"old": PASSWORD, "new": "another one"}, 204)
        self.ended(ws_there)
        ws_here.send({"type": "ping"})
        ws_here.expect("pong")
        ws_here.close()
        self.assertEqual((self.me(d, cookie(eve))["role"], self.me(d, cookie(tablet))["role"]), ("viewer", "none"))
        self.assertEqual(d.call("POST", "/auth/login", {"name": "una", "password": PASSWORD}).status, 401)
        self.enter(d, "UNA", "another one")

    def test_a_restart_keeps_who_is_in_and_out(self):
        with tempfile.TemporaryDirectory() as data:
            d = self.start(data=data)
            out = self.enter(d)
            self.as_(d, out, "POST", "/auth/logout", None, 204)
            token = self.as_(d, d.admin, "POST", "/auth/tokens", {"name": "bridge", "role": "viewer"}, 201).json["token"]
            log = d.log.read_text()
            d.kill()                    # what was answered is on the disk
            again = self.start(data=data, setup=False)
            self.assertEqual((self.me(again, cookie(d.admin))["role"], self.me(again, cookie(out))["role"], self.me(again, bearer(token))["role"]),
                             ("admin", "none", "viewer"))
            self.assertNotIn("setup code", again.log.read_text())
            for f in pathlib.Path(data).glob("state.db*"):
                self.assertEqual(stat.S_IMODE(f.stat().st_mode), 0o600, f)
            for secret in (d.admin, out, token, PASSWORD):
                for f in pathlib.Path(data).glob("*.db*"):
                    self.assertNotIn(secret.encode(), f.read_bytes(), f)
                self.assertNotIn(secret, log + again.log.read_text())


class Users(Case):
    def test_the_last_admin_stays(self):
        d = self.start()
        me = self.me(d, cookie(d.admin))["user"]["id"]
        for method, body in (("DELETE", None), ("PATCH", {"role": "viewer"})):
            self.assertEqual(self.as_(d, d.admin, method, f"/auth/users/{me}", body).status, 409)
        second = self.as_(d, d.admin, "POST", "/auth/users", {"name": "Bo", "role": "admin", "password": PASSWORD}, 201).json
        self.assertEqual(set(second), {"id", "name", "role", "created_at", "updated_at"})
        self.assertEqual(self.as_(d, d.admin, "POST", "/auth/users", {"name": "bo", "role": "viewer", "password": PASSWORD}).status, 409)
        self.assertEqual(self.as_(d, d.admin, "PATCH", f"/auth/users/{me}", {"name": "BO"}).status, 409)
        for body in ({"name": "x", "role": "none", "password": PASSWORD}, {"name": "x", "role": "viewer"}, {"name": "x", "role": "viewer", "password": "short"},
                     {"name": " x", "role": "viewer", "password": PASSWORD}, {"name": "x" * 61, "role": "viewer", "password": PASSWORD}):
            self.assertEqual(self.as_(d, d.admin, "POST", "/auth/users", body).status, 422, body)
        self.as_(d, d.admin, "PATCH", f"/auth/users/{me}", {"role": "operator"}, 200)
        self.assertEqual(self.me(d, cookie(d.admin))["role"], "operator")                              # one's own session goes on, as what one is now
        self.assertEqual(self.as_(d, d.admin, "GET", "/auth/users").status, 403)
        bo = self.enter(d, "bo")
        self.assertEqual(self.as_(d, bo, "DELETE", f"/auth/users/{second['id']}").status, 409)
        self.as_(d, bo, "DELETE", f"/auth/users/{me}", None, 204)
        self.assertEqual(self.me(d, cookie(d.admin))["role"], "none")
        self.assertEqual([u["name"] for u in self.as_(d, bo, "GET", "/auth/users").json["items"]], ["Bo"])

    def test_who_is_demoted_or_removed_is_so_everywhere_at_once(self):
        d = self.common()
        eve = self.user(d, "dora", "operator")
        eve_id = self.me(d, cookie(eve))["user"]["id"]
        token = self.as_(d, eve, "POST", "/auth/tokens", {"name": "t", "role": "operator"}, 201).json["token"]
        by_session, by_token = d.socket(headers=cookie(eve)), d.socket(headers=bearer(token))
        self.as_(d, d.admin, "PATCH", f"/auth/users/{eve_id}", {"role": "viewer"}, 200)
        self.ended(by_session)
        self.ended(by_token)
        self.assertEqual((self.me(d, cookie(eve))["role"], self.me(d, bearer(token))["role"]), ("none", "viewer"))
        self.assertEqual(d.call("POST", "/venues", {"name": "x"}, bearer(token)).status, 403)
        eve, by_token = self.enter(d, "dora"), d.socket(headers=bearer(token))
        self.assertEqual(self.as_(d, eve, "GET", "/auth/tokens", None, 200).json["items"][0]["name"], "t")
        self.as_(d, d.admin, "PATCH", f"/auth/users/{eve_id}", {"password": "a new password"}, 200)
        self.assertEqual(self.me(d, cookie(eve))["role"], "none")
        eve = self.enter(d, "dora", "a new password")
        self.as_(d, d.admin, "DELETE", f"/auth/users/{eve_id}", None, 204)
        self.ended(by_token)
        self.assertEqual((self.me(d, cookie(eve))["role"], self.me(d, bearer(token))["role"]), ("none", "none"))
        self.assertEqual(d.call("POST", "/auth/login", {"name": "dora", "password": "a new password"}).status, 401)


class Tokens(Case):
    def test_tokens(self):
        d = self.common()
        eve = self.user(d, "eve", "operator")
        self.assertEqual(self.as_(d, eve, "POST", "/auth/tokens", {"name": "t", "role": "admin"}).status, 403)
        for body in ({"name": "", "role": "viewer"}, {"name": "t", "role": "root"}, {"name": "t", "role": "viewer", "expires_in_days": 0},
                     {"name": "t", "role": "viewer", "expires_in_days": 1.5}, {"role": "viewer"}):
            self.assertEqual(self.as_(d, eve, "POST", "/auth/tokens", body).status, 422, body)
        made = self.as_(d, eve, "POST", "/auth/tokens", {"name": "t", "role": "viewer", "expires_in_days": 30}, 201).json
        mine = self.as_(d, d.admin, "POST", "/auth/tokens", {"name": "mine", "role": "admin", "expires_in_days": None}, 201).json
        self.assertNotIn("token", json.dumps(self.as_(d, eve, "GET", "/auth/tokens").json))
        self.assertEqual([t["id"] for t in self.as_(d, eve, "GET", "/auth/tokens").json["items"]], [made["id"]])
        self.assertLessEqual({"eve", "admin"}, {t["user_name"] for t in self.as_(d, d.admin, "GET", "/auth/tokens").json["items"]})
        self.assertEqual(self.as_(d, eve, "DELETE", f"/auth/tokens/{mine['id']}").status, 404)         # another's: as if it were not there
        self.assertEqual(self.me(d, bearer(made["token"]))["via"], "token")
        self.assertEqual(self.me(d, cookie(made["token"]))["role"], "none")
        ws = d.socket(headers=bearer(made["token"]))
        self.assertEqual(ws.hello["role"], "viewer")
        self.assertIsNotNone(self.as_(d, eve, "GET", "/auth/tokens").json["items"][0]["last_used_at"])
        # A token makes nobody and nothing that outlives it.
        me = self.me(d, cookie(d.admin))["user"]["id"]
        for method, path, body in (("POST", "/auth/tokens", {"name": "t", "role": "viewer"}), ("POST", "/auth/users", {"name": "x", "role": "admin", "password": PASSWORD}),
                                   ("PATCH", f"/auth/users/{me}", {"password": "12345678"}), ("DELETE", f"/auth/users/{me}", None),
                                   ("POST", "/auth/password", {"old": PASSWORD, "new": "12345678"})):
            self.assertEqual(d.call(method, path, body, bearer(mine["token"])).status, 403, path)
        self.as_(d, eve, "DELETE", f"/auth/tokens/{made['id']}", None, 204)
        self.ended(ws)
        self.assertEqual(d.call("GET", "/venues", headers=bearer(made["token"])).status, 401)


class Limits(Case):
    def wrong(self, d, name="admin"):
        return d.call("POST", "/auth/login", {"name": name, "password": "wrong wrong"})

    def test_a_hundred_at_once_are_not_all_the_first_and_the_show_does_not_wait(self):
        d = self.start()
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            tries = [pool.submit(self.wrong, d) for _ in range(100)]
            slowest = 0
            while not all(t.done() for t in tries):
                start = time.monotonic()
                self.as_(d, d.admin, "POST", "/show/blackout", {"on": False}, 200)
                slowest = max(slowest, time.monotonic() - start)
                time.sleep(0.01)
            got = [t.result() for t in tries]
        statuses = [r.status for r in got]
        self.assertEqual(set(statuses), {401, 429})
        self.assertGreaterEqual(statuses.count(401), 5)
        self.assertLessEqual(statuses.count(401), 8)                       # more than five only where all took longer than a second
        self.assertTrue(all(1 <= int(r.headers["Retry-After"]) <= 60 for r in got if r.status == 429))
        self.assertLess(slowest, 2)
        waits = self.wrong(d), self.wrong(d)
        self.assertEqual(waits[1].status, 429)
        self.assertEqual(d.call("POST", "/auth/login", {"password": PASSWORD}).status, 429)            # also who is right
        time.sleep(int(waits[1].headers["Retry-After"]))
        self.enter(d)
        self.assertEqual([self.wrong(d).status for _ in range(4)], [401] * 4)                          # forgiven: from the beginning

    def from_(self, d, client, password="wrong wrong", **headers):
        return d.call("POST", "/auth/login", {"name": "admin", "password": password}, {"X-Forwarded-For": client, **headers})

    def test_behind_a_proxy_that_is_trusted_each_is_an_address(self):
        d = self.start(config="[server]\ntrusted_proxies = 127.0.0.0/8\n", setup=False)
        self.assertEqual(d.call("GET", "/auth/me", headers={"X-Forwarded-For": "127.0.0.1"}).json["role"], "none")      # no way to be this machine
        d.admin = d.post("/auth/setup", {"password": PASSWORD})["token"]
        for i in range(4):
            self.assertEqual(d.call("POST", "/auth/login", {"name": f"nobody{i}", "password": "wrong wrong"}, {"X-Forwarded-For": "6.6.6.6, 203.0.113.9"}).status, 401)
        got = [d.call("POST", "/auth/login", {"name": f"other{i}", "password": "wrong wrong"}, {"X-Forwarded-For": f"7.7.7.{i}, 203.0.113.9"}).status for i in range(2)]
        self.assertEqual(got[-1], 429)                                                  # whatever stands left of the last one
        self.assertEqual(d.call("POST", "/auth/login", {"name": "nobody8", "password": "wrong wrong"}, {"X-Forwarded-For": "203.0.113.10"}).status, 401)
        r = self.from_(d, "203.0.113.11", PASSWORD)
        self.assertEqual(r.status, 201, r)
        mine = [s for s in self.as_(d, r.json["token"], "GET", "/auth/sessions").json["items"] if s["is_this"]]
        self.assertEqual(mine[0]["address"], "203.0.113.11")
        deadline = time.monotonic() + 10
        while not (seen := {a["address"] for a in self.as_(d, d.admin, "GET", "/audit?q=sign-in%20failed").json["items"]}) >= {"203.0.113.9", "203.0.113.10"}:
            self.assertLess(time.monotonic(), deadline, seen)
        self.assertFalse(seen & {"6.6.6.6", "7.7.7.0", "7.7.7.1", "127.0.0.1"})

    def test_a_proxy_that_is_not_trusted_is_not_believed(self):
        d = self.start()
        r = self.from_(d, "203.0.113.11", PASSWORD)
        mine = [s for s in self.as_(d, r.json["token"], "GET", "/auth/sessions").json["items"] if s["is_this"]]
        self.assertEqual(mine[0]["address"], "127.0.0.1")

    def test_one_network_does_not_fill_the_queue_for_the_others(self):
        d = self.start(config="[server]\ntrusted_proxies = 127.0.0.1\n")

        got, is_over = set(), threading.Event()

        def flood(i):
            while not is_over.is_set():
                got.add(d.call("POST", "/auth/login", {"name": f"nobody{i}", "password": "wrong wrong"}, {"X-Forwarded-For": f"203.0.113.{i}"}).status)
                time.sleep(0.02)

        with concurrent.futures.ThreadPoolExecutor(16) as pool:                         # four more than one network has places
            tries = [pool.submit(flood, i) for i in range(16)]
            try:
                deadline = time.monotonic() + d.timeout
                while 503 not in got:
                    self.assertLess(time.monotonic(), deadline, got)
                    time.sleep(0.01)
                inside = self.as_(d, d.admin, "POST", "/auth/users", {"name": "eve", "role": "viewer", "password": PASSWORD}).status
                other = self.from_(d, "198.51.100.7", PASSWORD).status
            finally:
                is_over.set()
            for t in tries:
                t.result()
        self.assertEqual((inside, other), (201, 201))

    def test_nobody_learns_who_is_there(self):
        d = self.start()

        def ask(name):
            start = time.process_time(), time.monotonic()
            r = self.wrong(d, name)
            return (r.status, r.body), time.monotonic() - start[1]

        known, took_known = zip(ask("admin"), ask("admin"))
        unknown, took_unknown = zip(ask("nobody"), ask("nobody2"))
        self.assertEqual(set(known + unknown), {known[0]})
        self.assertEqual(known[0][0], 401)
        self.assertGreater(min(took_unknown), min(took_known) / 4)         # without its 64 MiB it would be a fiftieth


class Written(Case):
    def lines(self, d, query=""):
        return self.as_(d, d.admin, "GET", f"/audit{query}", None, 200).json

    def test_a_line_for_each_change_and_no_secret(self):
        d = self.start()
        eve = self.user(d, "eve", "operator")
        venue = self.as_(d, eve, "POST", "/venues", {"name": "Club", "description": "x" * 500}, 201).json["id"]
        self.as_(d, eve, "PATCH", f"/venues/{venue}", {"name": "Club 2"}, 200)
        self.assertEqual(self.as_(d, eve, "PATCH", f"/venues/{venue}", {"name": ""}).status, 422)       # failed: no line
        self.as_(d, eve, "GET", "/venues", None, 200)
        self.as_(d, eve, "POST", f"/venues/{venue}/select", {"expression": "all"}, 200)
        for i in range(30):
            self.as_(d, eve, "POST", "/show/master", {"level": i / 30}, 200)
        self.as_(d, eve, "DELETE", f"/venues/{venue}", None, 204)
        token = self.as_(d, eve, "POST", "/auth/tokens", {"name": "bridge", "role": "viewer"}, 201).json["token"]
        d.call("POST", "/auth/login", {"name": "eve", "password": "wrong wrong"})
        d.call("POST", "/auth/login", {"name": "MyPassword1", "password": "in the wrong field"})
        items = self.lines(d)["items"]
        said = [(i["user_name"], i["action"], i["table"], i["row_id"]) for i in items]
        self.assertEqual([a for _, a, _, _ in said], [
            "sign-in failed", "sign-in failed", "POST /auth/tokens", "DELETE /venues/{id}", "POST /show/master", "PATCH /venues/{id}", "POST /venues", "POST /auth/login",
            "POST /auth/users", "POST /auth/setup"])
        self.assertEqual(said[0][0], "")                                                                # nobody's name is not kept
        self.assertEqual(said[1][0], "eve")
        self.assertEqual(said[5], ("eve", "PATCH /venues/{id}", "venues", venue))
        self.assertEqual((items[5]["role"], items[5]["address"], items[5]["detail"]), ("operator", "127.0.0.1", {"name": "Club 2"}))
        self.assertEqual(items[4]["detail"], {"level": 29 / 30, "times": 30})
        self.assertLess(len(json.dumps(items[6]["detail"])), 200)
        text = json.dumps(items)
        for secret in (PASSWORD, token, eve, d.admin, "wrong wrong", "MyPassword1", "in the wrong field"):
            self.assertNotIn(secret, text)
        self.assertEqual(self.as_(d, eve, "GET", "/audit").status, 403)
        # Pages, newest first, and searching.
        page = self.lines(d, "?limit=4")
        rest = self.lines(d, f"?limit=100&cursor={page['next']}")
        self.assertEqual(page["items"] + rest["items"], items)
        self.assertIsNone(rest["next"])
        self.assertEqual(len(self.lines(d, "?q=eve%20patch")["items"]), 1)
        self.assertEqual(self.as_(d, d.admin, "GET", "/audit?cursor=x").status, 400)
        # What plays a part in a history is by whoever it was.
        pattern = self.as_(d, eve, "POST", "/patterns", {"name": "P"}, 201).json["id"]
        self.as_(d, eve, "PUT", f"/patterns/{pattern}/graph", {"nodes": [], "edges": [], "args": []}, 200)

    def test_a_line_survives_a_kill(self):
        with tempfile.TemporaryDirectory() as data:
            d = self.start(data=data)
            self.as_(d, d.admin, "POST", "/venues", {"name": "Club"}, 201)
            time.sleep(0.5)
            d.kill()
            with sqlite3.connect(f"{data}/lumad.db") as db:
                self.assertEqual([a for a, in db.execute("SELECT action FROM audit_log ORDER BY id")], ["POST /auth/setup", "POST /venues"])


class CommandLine(Case):
    def reset(self, data, text, *args):
        with tempfile.NamedTemporaryFile() as conf:
            return subprocess.run([LUMAD, "--config", conf.name, "--data", data, "--reset-password", *args], input=text, capture_output=True, text=True, timeout=30,
                                  env={"LUMAD_SHARE": str(ROOT), **os.environ})

    def test_a_forgotten_password(self):
        with tempfile.TemporaryDirectory() as data:
            d = self.start(data=data)
            eve = self.user(d, "eve", "viewer")
            ws, other = d.socket(headers=cookie(d.admin)), d.socket(headers=cookie(eve))
            for text in ("short\n", "", "x" * 2000):
                r = self.reset(data, text)
                self.assertEqual((r.returncode, r.stdout), (1, ""), text)
            self.assertEqual(self.reset(data, "a new password\n", "--user", "nobody").returncode, 1)
            self.assertEqual(self.me(d, cookie(d.admin))["role"], "admin")
            r = self.reset(data, "a new password\n")
            self.assertEqual(r.returncode, 0, r.stderr)
            self.assertIn("admin has a new password", r.stdout)
            self.ended(ws)              # within seconds, and nothing else stops
            self.assertEqual(self.me(d, cookie(d.admin))["role"], "none")
            self.assertEqual(self.me(d, cookie(eve))["role"], "viewer")
            other.send({"type": "ping"})
            other.expect("pong")
            other.close()
            self.assertEqual(d.call("POST", "/auth/login", {"password": PASSWORD}).status, 401)
            d.admin = self.enter(d, "admin", "a new password")
            line = self.as_(d, d.admin, "GET", "/audit?q=reset-password").json["items"]
            self.assertEqual([(i["address"], i["detail"]) for i in line], [("command line", {"name": "admin"})])
            d.stop()
            self.assertEqual(self.reset(data, "the third one\n", "--user", "EVE").returncode, 0)
            d = self.start(data=data, setup=False)
            self.enter(d, "eve", "the third one")
            self.assertEqual(self.me(d, cookie(eve))["role"], "none")
        with tempfile.TemporaryDirectory() as empty:
            r = self.reset(empty, "a new password\n")
            self.assertEqual(r.returncode, 1)
            self.assertIn("has never run", r.stderr)
            self.assertEqual(os.listdir(empty), [])


@unittest.skipIf(netrig.why_not(), "no network namespaces here")
class Network(Case):
    """lumad listens to the network: 10.77.0.1 is the booth itself by its address there, 10.77.0.2 a machine beside it."""

    def call(self, d, method, path, body=None, headers=None, address="10.77.0.1"):
        c = http.client.HTTPConnection(address, d.port, timeout=30)
        try:
            c.request(method, BASE + path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json", **(headers or {})})
            r = c.getresponse()
            return Reply(r.status, r.headers, r.read())
        finally:
            c.close()

    def test_the_network_sets_the_first_password_with_the_code_and_guesses_nothing(self):
        with netrig.Net() as net, Lumad("--http", "0.0.0.0:0") as d:
            code = re.search(r"setup code: ([A-Z0-9]{4}-[A-Z0-9]{4})", d.log.read_text())[1]
            self.assertIn("auth.no_password", [w["id"] for w in d.get("/system")["warnings"]])
            self.assertEqual(self.call(d, "GET", "/auth/me").json, {"needs_setup": True, "role": "none", "via": None, "user": None, "expires_at": None})
            r = self.call(d, "GET", "/venues")
            self.assertEqual(r.status, 401)
            self.assertIn("setup code", r.json["detail"])
            self.assertEqual(self.call(d, "GET", "/health").status, 200)
            self.assertEqual(self.call(d, "POST", "/auth/setup", {"password": PASSWORD}).status, 401)
            got = [self.call(d, "POST", "/auth/setup", {"password": PASSWORD, "code": f"AAAA-000{i}"}) for i in range(6)]
            self.assertEqual([r.status for r in got], [401] * 4 + [429] * 2)
            self.assertEqual(got[-1].headers["Retry-After"], "1")
            with net.inside_node():     # from elsewhere no more often: it is one code
                self.assertEqual(self.call(d, "POST", "/auth/setup", {"password": PASSWORD, "code": code}).status, 429)
            time.sleep(1.1)
            with net.inside_node():
                r = self.call(d, "POST", "/auth/setup", {"password": PASSWORD, "code": code.replace("-", "").lower()})
            self.assertEqual(r.status, 201, r)
            self.assertNotIn("auth.no_password", [w["id"] for w in self.call(d, "GET", "/system", headers=cookie(r.json["token"])).json["warnings"]])
            self.assertEqual(d.call("GET", "/venues").status, 401)

            # Somebody tries that name from over there, without end. Who is signed in here comes in all the same; over there nobody does.
            home = self.call(d, "POST", "/auth/login", {"password": PASSWORD}).json["token"]
            with net.inside_node():
                got = []
                while 429 not in got:   # at the fifth, or later on a machine that takes more than a second for each
                    got.append(self.call(d, "POST", "/auth/login", {"password": f"wrong wrong {len(got)}"}).status)
                    self.assertLess(len(got), 12, got)
                self.assertGreaterEqual(len(got), 6)
                self.assertEqual(self.call(d, "POST", "/auth/login", {"password": PASSWORD}).status, 429)
            self.assertEqual(self.call(d, "POST", "/auth/login", {"password": PASSWORD}).status, 201)
            self.assertEqual(self.call(d, "POST", "/auth/login", {"password": PASSWORD}, address="127.0.0.1").status, 429)         # by name: nobody is signed in from there
            failed = self.call(d, "GET", "/audit?q=sign-in%20failed%2010.77.0.2", headers=cookie(home)).json["items"]
            self.assertEqual([f["address"] for f in failed], ["10.77.0.2"])


@unittest.skipIf(why_no_mounts(), "nothing can be mounted here")
class FullDisk(Case):
    """In a mount namespace of its own."""

    def test_who_signs_in_on_a_full_disk_is_in_and_is_told(self):
        assert not LIBC.unshare(CLONE_NEWNS), os.strerror(ctypes.get_errno())
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        with tempfile.TemporaryDirectory(prefix="lumad-full-") as disk:
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", disk], check=True)
            try:
                self.on(pathlib.Path(disk))
            finally:
                subprocess.run(["umount", "-l", disk], check=True)

    def warns(self, d, secret, yes):
        end = time.monotonic() + 15
        while ("auth.unsaved" in [w["id"] for w in self.as_(d, secret, "GET", "/system").json["warnings"]]) != yes:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)

    def on(self, disk):
        d = self.start(data=disk / "data")
        before = self.enter(d)
        for size in (1 << 16, 1):
            with open(disk / f"fill{size}", "wb", buffering=0) as f:
                try:
                    while f.write(bytes(size)):
                        pass
                except OSError:
                    pass
        for _ in range(40):             # what is left of the log's own room
            r = d.call("POST", "/auth/login", {"password": PASSWORD})
            self.assertEqual(r.status, 201)
            if not r.json["is_stored"]:
                break
        self.assertFalse(r.json["is_stored"])
        self.assertIn("disk is full", r.json["note"])
        secret = r.json["token"]
        self.assertEqual(self.me(d, cookie(secret))["role"], "admin")
        self.as_(d, before, "POST", "/auth/logout", None, 204)             # and who goes is gone
        self.assertEqual(self.me(d, cookie(before))["role"], "none")
        self.warns(d, secret, True)
        for f in disk.glob("fill*"):
            f.unlink()
        self.warns(d, secret, False)
        d.kill()
        again = self.start(data=disk / "data", setup=False)
        self.assertEqual((self.me(again, cookie(secret))["role"], self.me(again, cookie(before))["role"]), ("admin", "none"))
        again.stop()


if __name__ == "__main__":
    unittest.main()
