"""The conventions of the REST interface, and every resource once."""
import json
import pathlib
import socket
import tempfile
import time
import unittest
import uuid

from lumad import BASE, Lumad, tone

NO_LIGHT = True


class Case(unittest.TestCase):
    """One lumad for the tests of a class; each makes its own rows."""

    @classmethod
    def setUpClass(cls):
        cls.d = Lumad()

    @classmethod
    def tearDownClass(cls):
        cls.d.stop()

    def problem(self, reply, status, code=None, *paths):
        self.assertEqual(reply.status, status, reply)
        self.assertEqual(reply.headers["Content-Type"], "application/problem+json")
        p = reply.json
        self.assertEqual(p["status"], status)
        self.assertTrue(p["title"] and p["detail"], p)
        if code:
            self.assertEqual(p["code"], code, p)
        for path in paths:
            self.assertIn(path, [e["path"] for e in p["errors"]], p)
        return p

    def venue(self, **more):
        return self.d.post("/venues", {"name": "Club", **more})

    def dimmer(self, venue, address=1, universe=1, **more):
        return self.d.post(f"/venues/{venue['id']}/fixtures", {
            "universe": universe, "address": address, "fixture_path": "builtin:generic-dimmer", "mode_name": "1 Channel", **more})


class Conventions(Case):
    def test_a_row_carries_its_version_as_etag(self):
        r = self.d.call("POST", "/venues", {"name": "A", "description": "x"})
        self.assertEqual(r.status, 201)
        row = r.json
        self.assertEqual(r.headers["ETag"], f'"{row["version"]}"')
        self.assertRegex(row["created_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        again = self.d.call("GET", f"/venues/{row['id']}")
        self.assertEqual(again.json, row)
        self.assertEqual(self.d.call("GET", f"/venues/{row['id']}", headers={"If-None-Match": r.headers["ETag"]}).status, 304)

    def test_if_match_guards_an_edit(self):
        row = self.venue()
        path = f"/venues/{row['id']}"
        stale = {"If-Match": f'"{row["version"]}"'}
        changed = self.d.call("PATCH", path, {"name": "B"}, stale)
        self.assertEqual(changed.status, 200)
        self.assertGreater(changed.json["version"], row["version"])
        p = self.problem(self.d.call("PATCH", path, {"name": "C"}, stale), 412, "stale")
        self.assertEqual(p["current"], changed.json)
        self.problem(self.d.call("DELETE", path, None, stale), 412, "stale")
        self.problem(self.d.call("PATCH", path, {"name": "C"}, {"If-Match": '"no-tag-of-ours"'}), 412)
        self.problem(self.d.call("PATCH", path, {"name": "C"}, {"If-Match": "x"}), 400)
        self.assertEqual(self.d.call("PATCH", path, {"name": "C"}, {"If-Match": "*"}).status, 200)
        self.assertEqual(self.d.call("DELETE", path).status, 204)
        self.problem(self.d.call("GET", path), 404, "not_found")

    def test_post_with_an_own_id(self):
        id = str(uuid.uuid4())
        self.assertEqual(self.d.call("POST", "/venues", {"id": id, "name": "Mine"}).status, 201)
        again = self.d.call("POST", "/venues", {"id": id, "name": "Other"})
        self.assertEqual((again.status, again.json["name"]), (200, "Mine"))
        self.d.delete(f"/venues/{id}")
        self.assertEqual(self.d.post("/venues", {"id": id, "name": "Back"})["name"], "Back")
        self.assertEqual(self.d.get(f"/venues/{id}")["name"], "Back")
        a, b, group = self.venue(), self.venue(), str(uuid.uuid4())
        self.d.post(f"/venues/{a['id']}/groups", {"id": group, "name": "front"})
        self.problem(self.d.call("POST", f"/venues/{b['id']}/groups", {"id": group, "name": "front"}), 409, "conflict")

    def test_merge_patch(self):
        row = self.venue(description="old")
        self.assertEqual(self.d.patch(f"/venues/{row['id']}", {"offset_ms": 12})["description"], "old")
        r = self.d.call("PATCH", f"/venues/{row['id']}", json.dumps({"description": "new"}).encode(), {"Content-Type": "application/merge-patch+json"})
        self.assertEqual((r.status, r.json["offset_ms"], r.json["description"]), (200, 12, "new"))

    def test_wrong_members_are_named(self):
        self.problem(self.d.call("POST", "/venues", {}), 422, "invalid", "/name")
        self.problem(self.d.call("POST", "/venues", {"name": 7}), 422, "invalid", "/name")
        self.problem(self.d.call("POST", "/venues", {"name": "x", "nam": 1}), 422, "invalid", "/nam")
        row = self.venue()
        self.assertEqual(self.d.patch(f"/venues/{row['id']}", row), row)         # a row sent back as it came changes nothing
        self.problem(self.d.call("PATCH", f"/venues/{row['id']}", {"flash_guard": "yes"}), 422, "invalid", "/flash_guard")
        self.assertEqual(self.d.get(f"/venues/{row['id']}"), row)

    def test_a_body_that_is_no_json(self):
        for body in (b"", b"{", b"[1,2", b'{"name":"a","name":"b"}', b'{"name":1e999}', b"\xff\xfe", b'{"name":"\xff"}', b"[" * 100000):
            self.problem(self.d.call("POST", "/venues", body, {"Content-Type": "application/json"}), 400)
        self.problem(self.d.call("POST", "/venues", [1]), 400)
        self.problem(self.d.call("POST", "/venues", "text"), 400)
        self.problem(self.d.call("POST", "/venues", b"name=x", {"Content-Type": "application/x-www-form-urlencoded"}), 415)

    def test_lists_are_paged(self):
        mark = uuid.uuid4().hex
        for i in range(5):
            self.venue(name=f"{mark} {i}")
        page = self.d.get(f"/venues?q={mark}&limit=2")
        names, pages = [v["name"] for v in page["items"]], 1
        while page["next"]:
            self.assertRegex(page["next"], r"^[A-Za-z0-9_.~-]+$")
            page = self.d.get(f"/venues?q={mark}&limit=2&cursor={page['next']}")
            names, pages = names + [v["name"] for v in page["items"]], pages + 1
        self.assertEqual(names, [f"{mark} {i}" for i in range(5)])
        self.assertEqual(pages, 3)
        for bad in ("limit=0", "limit=1001", "limit=x", "limit=1.5", "limit=nan", "limit=0x10", "cursor=nonsense", "q=%ff", "q=%zz", "limit="):
            self.problem(self.d.call("GET", f"/venues?{bad}"), 400)
        self.assertEqual(self.d.call("GET", "/venues?unknown=1").status, 200)

    def test_methods_and_paths(self):
        wrong = self.d.call("PUT", "/venues", {})
        self.problem(wrong, 405, "method")
        self.assertEqual(wrong.headers["Allow"], "GET, HEAD, POST")
        self.problem(self.d.call("OPTIONS", "/venues"), 405)
        head = self.d.call("HEAD", "/venues")
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertGreater(int(head.headers["Content-Length"]), 0)
        self.assertIn("/api/v1/venues", self.problem(self.d.call("GET", "/venue"), 404)["detail"])
        for path in ("/", "/venues/", "/venues/a/b/c/d", "/venues/%00", "/venues/%zz", "/venues//", "/venues/..", "/%2e%2e/etc/passwd"):
            self.problem(self.d.call("GET", path), 404)
        self.problem(self.d.call("GET", f"/venues/{uuid.uuid4()}"), 404)
        self.problem(self.d.call("GET", "/venues/nonsense"), 404)
        self.problem(self.d.call("GET", "/api", base=""), 404)
        self.problem(self.d.call("GET", "/api/v2/venues", base=""), 404)

    def test_ws_without_upgrade(self):
        r = self.d.call("GET", "/ws", base="")
        self.problem(r, 426, "upgrade")
        self.assertEqual(r.headers["Upgrade"], "websocket")

    def test_a_body_too_long_is_refused_before_it_comes(self):
        with self.d.raw() as s:
            s.sendall(f"POST {BASE}/venues HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9000000\r\n\r\n".encode())
            self.assertIn(b" 413 ", s.recv(4096).split(b"\r\n")[0])
        with self.d.raw() as s:
            s.sendall(f"POST {BASE}/tracks HTTP/1.1\r\nHost: localhost\r\nContent-Type: audio/wav\r\nContent-Length: 99999999999\r\n\r\n".encode())
            self.assertIn(b" 413 ", s.recv(4096).split(b"\r\n")[0])

    def test_a_chunked_body_works_and_has_the_same_limit(self):
        with self.d.raw() as s:
            s.sendall(f"POST {BASE}/venues HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "7\r\n{\"name\"\r\n6\r\n:\"ch\"}\r\n0\r\n\r\n".encode())
            self.assertIn(b" 201 ", s.recv(4096).split(b"\r\n")[0])
        with self.d.raw() as s:
            s.sendall(f"POST {BASE}/venues HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
            piece = b"10000\r\n" + b" " * 65536 + b"\r\n"
            try:
                for _ in range(400):        # 25 MiB
                    s.sendall(piece)
                s.sendall(b"0\r\n\r\n")
                answer = s.recv(4096)
            except (BrokenPipeError, ConnectionResetError):
                answer = b""
            self.assertTrue(not answer or b" 413 " in answer.split(b"\r\n")[0], answer[:80])
        self.assertEqual(self.d.get("/health")["status"], "ok")

    def test_openapi_names_every_route(self):
        spec = self.d.get("/openapi.json")
        self.assertEqual(spec["openapi"], "3.1.0")
        text = json.dumps(spec)
        for name in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
            self.assertIn(name, spec["components"]["schemas"])
        for path in ("/venues/{id}/fixtures", "/tracks/{id}/beats", "/show/autoplay", "/dmx/universes/{n}"):
            self.assertIn(path, spec["paths"])
        self.assertEqual(spec["components"]["schemas"]["VenueInput"]["required"], ["name"])
        ids = [o["operationId"] for p in spec["paths"].values() for o in p.values()]
        self.assertEqual(len(ids), len(set(ids)))


class Access(Case):
    def test_foreign_hosts_and_origins_are_refused(self):
        for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example"):
            self.problem(self.d.call("GET", "/venues", headers={"Host": host}), 403, "forbidden")
            self.problem(self.d.call("GET", "/", headers={"Host": host}, base=""), 403)
        for host in ("localhost", f"localhost:{self.d.port}", "[::1]", "192.168.1.5", socket.gethostname()):
            self.assertEqual(self.d.call("GET", "/venues", headers={"Host": host}).status, 200, host)
        host = f"127.0.0.1:{self.d.port}"
        for origin in ("http://evil.example", "null", f"http://localhost:{self.d.port}", "https://127.0.0.1", "http://127.0.0.1:1"):
            self.problem(self.d.call("POST", "/venues", {"name": "x"}, {"Origin": origin}), 403)
        self.assertEqual(self.d.call("POST", "/venues", {"name": "x"}, {"Origin": f"http://{host}"}).status, 201)
        with self.d.raw() as s:
            s.sendall(f"GET {BASE}/venues HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n".encode())
            self.assertIn(b" 400 ", s.recv(4096).split(b"\r\n")[0])

    def test_through_a_proxy_nobody_is_loopback(self):
        for name in ("X-Forwarded-For", "Forwarded"):
            for path in ("/venues", "/venues/nonsense", "/nowhere"):
                self.problem(self.d.call("GET", path, headers={name: "for=10.0.0.1"}), 401, "unauthorized")
            self.problem(self.d.call("POST", "/venues", b"{", {name: "x", "Content-Type": "application/json"}), 401)
            self.assertEqual(self.d.call("GET", "/health", headers={name: "x"}).status, 200)

    def test_answers_carry_their_policy(self):
        r = self.d.call("GET", "/venues")
        self.assertEqual(r.headers["X-Content-Type-Options"], "nosniff")
        self.assertIn("frame-ancestors 'none'", r.headers["Content-Security-Policy"])
        self.assertIsNone(r.headers["Access-Control-Allow-Origin"])

    def test_slow_clients_are_cut(self):
        def closed_after(first, trickle=b"", limit=12):
            start = time.monotonic()
            with self.d.raw() as s:
                s.sendall(first)
                s.settimeout(0.5)
                while time.monotonic() - start < limit:
                    try:
                        if not s.recv(4096):
                            return time.monotonic() - start
                    except TimeoutError:
                        try:
                            s.sendall(trickle)
                        except OSError:
                            return time.monotonic() - start
                    except OSError:
                        return time.monotonic() - start
            return limit

        self.assertLess(closed_after(b"GET / HTTP/1.1\r\nHost: x\r\n", b"X"), 6)
        body = f"POST {BASE}/venues HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n".encode()
        self.assertLess(closed_after(body, b"x"), 10)
        upload = f"POST {BASE}/tracks HTTP/1.1\r\nHost: localhost\r\nContent-Type: audio/wav\r\nContent-Length: 1000000\r\n\r\n".encode()
        self.assertLess(closed_after(upload, b"x"), 10)
        head = f"GET {BASE}/health HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() + f"GET {BASE}/health HTTP/1.1\r\n".encode()
        self.assertLess(closed_after(head, b"X"), 10)
        self.assertEqual(self.d.get("/health")["status"], "ok")

    def test_idle_sockets_lock_nobody_out(self):
        crowd = [self.d.raw() for _ in range(300)]
        for s in crowd[:150]:
            s.sendall(b"GET")
        start = time.monotonic()
        self.assertEqual(self.d.get("/health")["status"], "ok")
        self.assertLess(time.monotonic() - start, 2)
        for s in crowd:
            s.close()


class Page(unittest.TestCase):
    def test_without_an_interface_a_page_says_what_to_do(self):
        with tempfile.TemporaryDirectory() as empty, Lumad(config=f"[server]\nweb = {empty}/none\n") as d:
            r = d.call("GET", "/", base="")
            self.assertEqual((r.status, r.headers["Content-Type"]), (200, "text/html; charset=utf-8"))
            self.assertIn(b"make web", r.body)

    def test_files_types_and_caching(self):
        with tempfile.TemporaryDirectory() as tmp:
            dist = pathlib.Path(tmp, "dist")
            (dist / "assets").mkdir(parents=True)
            (dist / "index.html").write_text("<!doctype html>page")
            (dist / "assets/app-1234.js").write_text("let a")
            (dist / "icon.svg").write_text("<svg/>")
            pathlib.Path(tmp, "secret.txt").write_text("secret")
            (dist / ".hidden").write_text("secret")
            with Lumad(config=f"[server]\nweb = {dist}\n") as d:
                page = d.call("GET", "/", base="")
                self.assertEqual((page.body, page.headers["Cache-Control"]), (b"<!doctype html>page", "no-cache"))
                self.assertIn(f"connect-src 'self' ws://127.0.0.1:{d.port}", page.headers["Content-Security-Policy"])
                self.assertEqual(d.call("GET", "/", headers={"If-None-Match": page.headers["ETag"]}, base="").status, 304)
                js = d.call("GET", "/assets/app-1234.js", base="")
                self.assertEqual((js.body, js.headers["Content-Type"]), (b"let a", "text/javascript; charset=utf-8"))
                self.assertIn("immutable", js.headers["Cache-Control"])
                self.assertEqual(d.call("GET", "/icon.svg", base="").headers["Content-Type"], "image/svg+xml")
                self.assertEqual(d.call("GET", "/scores/1?x=2", base="").body, page.body)
                self.assertEqual(d.call("HEAD", "/", base="").status, 200)
                self.assertEqual(d.call("POST", "/", {}, base="").status, 405)
                for path in ("/missing.js", "/../secret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt", "/..%2fsecret.txt", "/.hidden", "//etc/passwd",
                             "/assets/%00", "/%5c..%5csecret.txt"):
                    r = d.call("GET", path, base="")
                    self.assertEqual(r.status, 404, path)
                    self.assertNotIn(b"secret", r.body.replace(b"secret.txt", b""))


class Resources(Case):
    def test_fixtures(self):
        v = self.venue()
        base = f"/venues/{v['id']}/fixtures"
        f = self.dimmer(v, 10, label="spot", pos_x=1.5)
        self.assertEqual((f["venue_id"], f["address"], f["label"], f["pos_x"]), (v["id"], 10, "spot", 1.5))
        self.assertTrue(f["model"])
        self.problem(self.d.call("POST", base, {"universe": 1, "address": 10, "fixture_path": "builtin:generic-dimmer", "mode_name": "1 Channel"}), 409, "conflict")
        self.problem(self.d.call("POST", base, {"universe": 1, "address": 513, "fixture_path": "builtin:generic-dimmer", "mode_name": "1 Channel"}), 422)
        past = self.d.call("POST", base, {"universe": 1, "address": 510, "fixture_path": "builtin:generic-dimmer", "mode_name": "8 Channels"})
        self.assertIn(past.status, (409, 422), past)
        self.problem(self.d.call("POST", base, {"universe": 1, "address": 1, "fixture_path": "builtin:generic-dimmer", "mode_name": "No Mode"}), 422)
        self.assertEqual([x["id"] for x in self.d.get(base)["items"]], [f["id"]])
        g = self.dimmer(v, 11)
        self.problem(self.d.call("PATCH", f"/fixtures/{g['id']}", {"address": 10}), 409, "conflict")
        self.assertEqual(self.d.get(f"/fixtures/{g['id']}")["address"], 11)
        self.assertEqual(self.d.patch(f"/fixtures/{g['id']}", {"address": 12})["address"], 12)
        heads = self.d.get(f"/venues/{v['id']}/heads")["items"]
        self.assertEqual([h["id"] for h in heads], [f"{f['id']}:0", f"{g['id']}:0"])
        patch = self.d.get(f"/venues/{v['id']}/patch")
        self.assertEqual([u["address"] for u in patch["universes"][0]["used"]], [10, 12])
        self.problem(self.d.call("POST", f"/fixtures/{f['id']}/identify", {}), 409)
        self.problem(self.d.call("POST", f"/fixtures/{uuid.uuid4()}/identify", {}), 404)
        self.d.delete(f"/fixtures/{f['id']}")
        self.problem(self.d.call("GET", f"/fixtures/{f['id']}"), 404)
        self.problem(self.d.call("POST", f"/venues/{uuid.uuid4()}/fixtures", {"universe": 1}), 404)

    def test_groups_and_selection(self):
        v = self.venue()
        a, b = self.dimmer(v, 1), self.dimmer(v, 2)
        g = self.d.post(f"/venues/{v['id']}/groups", {"name": "front", "axis_lr": 0.5, "movement": {"pan": 10}})
        self.assertEqual(g["fixture_ids"], [])
        members = self.d.put(f"/groups/{g['id']}/members", {"fixture_ids": [b["id"], a["id"]]})
        self.assertEqual(members["fixture_ids"], [b["id"], a["id"]])
        self.assertEqual(self.d.get(f"/venues/{v['id']}/groups")["items"][0]["fixture_ids"], [b["id"], a["id"]])
        self.problem(self.d.call("PUT", f"/groups/{g['id']}/members", {"fixture_ids": [a["id"], a["id"]]}), 422)
        self.problem(self.d.call("PUT", f"/groups/{g['id']}/members", {"fixture_ids": "x"}), 422)
        self.problem(self.d.call("PUT", f"/groups/{g['id']}/members", {"fixture_ids": [self.dimmer(self.venue(), 1)["id"]]}), 422)
        self.problem(self.d.call("POST", f"/venues/{v['id']}/groups", {"name": "All Lights!"}), 422, "invalid", "/name")
        select = f"/venues/{v['id']}/select"
        self.assertEqual(self.d.post(select, {"expression": "front"})["heads"], [f"{a['id']}:0", f"{b['id']}:0"])
        self.assertEqual(self.d.post(select, {"expression": "~front"})["heads"], [])
        self.assertTrue(self.d.post(select, {"expression": "fornt"})["warnings"])
        self.problem(self.d.call("POST", select, {"expression": "front ("}), 422)
        self.problem(self.d.call("POST", select, {}), 422, "invalid", "/expression")
        self.d.delete(f"/groups/{g['id']}")

    def test_library(self):
        found = self.d.get("/fixture-library?q=generic+dimmer")["items"]
        self.assertIn("builtin:generic-dimmer", [f["path"] for f in found])
        page = self.d.get("/fixture-library?limit=3")
        self.assertEqual(len(page["items"]), 3)
        self.assertNotEqual(self.d.get(f"/fixture-library?limit=3&cursor={page['next']}")["items"], page["items"])
        self.problem(self.d.call("GET", "/fixture-library?cursor=x"), 400)
        path = page["items"][0]["path"].replace(" ", "%20").replace("&", "%26")
        self.assertTrue(self.d.get(f"/fixture-library/definition?path={path}")["modes"])
        for bad in ("../../../etc/passwd", "/etc/passwd", "nothing/here.qxf", ""):
            self.assertIn(self.d.call("GET", f"/fixture-library/definition?path={bad}").status, (400, 404, 422), bad)

    def test_patterns_and_graphs(self):
        p = self.d.post("/patterns", {"name": "Pulse"})
        path = f"/patterns/{p['id']}/graph"
        g = self.d.get(path)
        self.assertEqual((g["nodes"], g["edges"], g["args"]), ([], [], []))
        graph = {"nodes": [{"id": "s", "type": "scalar", "params": {"value": 0.5}, "x": 0, "y": 0},
                           {"id": "d", "type": "apply_dimmer", "params": {}, "x": 200, "y": 0}],
                 "edges": [{"id": "e", "from_node": "s", "from_port": "out", "to_node": "d", "to_port": "signal"}], "args": []}
        r = self.d.call("PUT", path, {**graph, "errors": ["x"], "implementation_id": "y", "version": 1})
        self.assertEqual((r.status, r.json["errors"]), (200, []), r)
        self.assertEqual(r.headers["ETag"], f'"{r.json["version"]}"')
        self.problem(self.d.call("PUT", path, graph, {"If-Match": f'"{g["version"]}"'}), 412)
        broken = {**graph, "nodes": graph["nodes"] + [{"id": "x", "type": "nonsense", "params": {}, "x": 0, "y": 0}]}
        stored = self.d.call("PUT", path, broken)
        self.assertEqual(stored.status, 200)
        self.assertEqual(stored.json["errors"][0]["node"], "x")
        self.assertEqual(self.d.get(path)["errors"], stored.json["errors"])
        for bad in ([], {"nodes": 1}, {"nodes": [{"id": 1}], "edges": [], "args": []}):
            self.assertIn(self.d.call("PUT", path, bad).status, (400, 422), bad)
        self.assertEqual(self.d.get(path)["errors"], stored.json["errors"])
        self.assertEqual(self.d.post("/graph/check", {"graph": graph})["errors"], [])
        self.assertTrue(self.d.post("/graph/check", {"graph": broken})["errors"])
        self.problem(self.d.call("POST", "/graph/check", {}), 422, "invalid", "/graph")
        self.assertIn("beat_envelope", [n["id"] for n in self.d.get("/node-types")["items"]])

        v = self.venue()
        self.dimmer(v, 1)
        ran = self.d.post("/graph/run", {"graph": graph, "context": {"venue_id": v["id"], "start": 0, "end": 2}, "views": True})
        self.assertEqual(ran["errors"], [])
        self.assertIn("layer", ran)
        self.assertTrue(self.d.post("/graph/run", {"graph": broken})["errors"])
        self.problem(self.d.call("POST", "/graph/run", {"graph": graph, "context": {"start": 2, "end": 1}}), 422)
        self.problem(self.d.call("POST", "/graph/run", {"graph": graph, "context": {"track_id": str(uuid.uuid4())}}), 404)

    def test_implementations_and_overrides(self):
        p, v = self.d.post("/patterns", {"name": "Two"}), self.venue()
        first = self.d.get(f"/patterns/{p['id']}/implementations")["items"]
        self.assertEqual([i["id"] for i in first], [p["default_implementation_id"]])
        second = self.d.post(f"/patterns/{p['id']}/implementations", {"name": "B"})
        self.problem(self.d.call("DELETE", f"/implementations/{first[0]['id']}"), 409)
        chosen = self.d.put(f"/patterns/{p['id']}/default-implementation", {"implementation_id": second["id"]})
        self.assertEqual(chosen["default_implementation_id"], second["id"])
        self.assertEqual(self.d.get(f"/patterns/{p['id']}/graph")["implementation_id"], second["id"])
        other = self.d.post("/patterns", {"name": "Other"})
        choice = {"implementation_id": other["default_implementation_id"]}
        self.problem(self.d.call("PUT", f"/patterns/{p['id']}/default-implementation", choice), 422, "invalid", "/implementation_id")
        override = f"/venues/{v['id']}/overrides/{p['id']}"
        self.problem(self.d.call("GET", override), 404)
        self.problem(self.d.call("PUT", override, choice), 422)
        self.assertEqual(self.d.put(override, {"implementation_id": first[0]["id"]})["implementation_id"], first[0]["id"])
        self.assertEqual(self.d.get(override)["pattern_id"], p["id"])
        self.assertEqual(self.d.call("DELETE", override).status, 204)
        self.problem(self.d.call("GET", override), 404)
        self.problem(self.d.call("DELETE", override), 404)
        self.assertEqual(self.d.put(override, {"implementation_id": first[0]["id"]})["implementation_id"], first[0]["id"])
        patched = self.d.patch(f"/implementations/{second['id']}", {"name": "C"})
        self.assertEqual(patched["name"], "C")
        self.assertIsInstance(self.d.get("/pattern-categories")["items"], list)

    def test_outputs(self):
        v = self.venue()
        base = f"/venues/{v['id']}/outputs"
        o = self.d.post(base, {"universe": 1, "protocol": "artnet", "destination": "127.0.0.1"})
        self.assertEqual((o["protocol"], o["destination"], o["transmit"]), ("artnet", "127.0.0.1", "continuous"))
        for bad in ({"protocol": "smoke"}, {"protocol": "artnet", "destination": "not an address"}, {"protocol": "sacn", "priority": 300}, {"protocol": "enttec_pro", "destination": "COM3"},
                    {"protocol": "artnet", "universe": 0}, {"protocol": "artnet", "port_address": 40000}):
            self.problem(self.d.call("POST", base, {"universe": 1, **bad}), 422)
        self.assertEqual(len(self.d.get(base)["items"]), 1)
        self.assertEqual(self.d.patch(f"/outputs/{o['id']}", {"transmit": "on_change"})["transmit"], "on_change")
        self.problem(self.d.call("PATCH", f"/outputs/{o['id']}", {"destination": "nowhere at all"}), 422)
        self.assertEqual(self.d.get(f"/outputs/{o['id']}")["destination"], "127.0.0.1")
        self.d.delete(f"/outputs/{o['id']}")
        for n in ("0", "x", "1.5", "99999999999", "-1", "64000"):
            self.problem(self.d.call("GET", f"/dmx/universes/{n}"), 404)

    def test_show_and_masters(self):
        v = self.venue()
        self.dimmer(v, 1, universe=3)
        self.assertEqual(self.d.put("/show", {"venue_id": v["id"], "mode": "score"})["venue_id"], v["id"])
        self.assertIn(3, self.d.get("/dmx/universes")["items"])
        self.assertEqual(len(self.d.get("/dmx/universes/3")["slots"]), 512)
        self.problem(self.d.call("GET", "/dmx/universes/4"), 404)
        self.assertTrue(self.d.post("/show/blackout", {"on": True})["blackout"])
        self.assertFalse(self.d.post("/show/blackout", {"on": False})["blackout"])
        self.assertTrue(self.d.post("/show/freeze", {"on": True})["freeze"])
        self.d.post("/show/freeze", {"on": False})
        self.assertEqual(self.d.post("/show/master", {"level": 0.25})["master"], 0.25)
        for path, bad in (("blackout", {}), ("blackout", {"on": 1}), ("freeze", {"on": "yes"}), ("master", {"level": 2}), ("master", {"level": None}), ("master", {})):
            self.problem(self.d.call("POST", f"/show/{path}", bad), 422)
        self.assertIn(self.d.call("PUT", "/show", {"venue_id": str(uuid.uuid4()), "mode": "score"}).status, (404, 422))
        self.problem(self.d.call("PUT", "/show", {"mode": "disco"}), 422)
        auto = self.d.put("/show/autoplay", {"enabled": False, "venue_id": None, "score_id": None, "repeat": "loop", "resume": False})
        self.assertEqual(self.d.get("/show/autoplay"), auto)
        self.problem(self.d.call("PUT", "/show/autoplay", {"repeat": "sometimes"}), 422)
        self.d.post("/show/master", {"level": 1})

    def test_settings(self):
        before = self.d.get("/settings")
        self.assertIn("upload_max_mb", before)
        self.assertIn("upload_max_mb", [s["key"] for s in self.d.get("/settings/schema")["items"]])
        self.problem(self.d.call("PATCH", "/settings", {"upload_max_mb": "many"}), 422, "invalid", "/upload_max_mb")
        self.problem(self.d.call("PATCH", "/settings", {"nonsense": 1}), 422, "invalid", "/nonsense")
        self.assertEqual(self.d.patch("/settings", {"upload_max_mb": 1})["upload_max_mb"], 1)
        with self.d.raw() as s:
            s.sendall(f"POST {BASE}/tracks HTTP/1.1\r\nHost: localhost\r\nContent-Type: audio/wav\r\nContent-Length: 2000000\r\n\r\n".encode())
            self.assertIn(b" 413 ", s.recv(4096).split(b"\r\n")[0])
        self.assertEqual(self.d.patch("/settings", {"upload_max_mb": before["upload_max_mb"]}), before)

    def test_system(self):
        s = self.d.get("/system")
        for part in ("version", "uptime_s", "warnings", "audio", "dmx", "sync", "jobs"):
            self.assertIn(part, s)
        m = self.d.call("GET", "/metrics")
        self.assertTrue(m.headers["Content-Type"].startswith("text/plain; version=0.0.4"))
        self.assertRegex(m.body.decode(), r"(?m)^lumad_frames_total \d+$")
        b = self.d.call("POST", "/system/backup")
        self.assertEqual((b.status, b.body[:15]), (200, b"SQLite format 3"))
        self.assertIn("attachment", b.headers["Content-Disposition"])
        self.assertEqual([p.name for p in self.d.dir.glob(".backup*")], [])


class Tracks(Case):
    def test_upload_and_everything_of_a_track(self):
        data = tone(3)
        r = self.d.upload(data, "My%20tune.wav")
        self.assertEqual(r.status, 201, r)
        t = r.json
        self.assertAlmostEqual(t["duration_seconds"], 3, delta=0.01)
        self.assertIn("beats", t["analysis"])
        again = self.d.upload(data)
        self.assertEqual((again.status, again.json["id"]), (200, t["id"]))
        jobs = self.d.wait_jobs(t["id"])
        self.assertEqual({j["state"] for j in jobs}, {"done"}, jobs)
        self.audio(t, data)
        self.waveform(t)
        self.beats(t)
        self.scores(t)
        self.host_audio(t)
        self.assertEqual(self.d.patch(f"/tracks/{t['id']}", {"title": "New", "artist": "Me"})["title"], "New")
        self.problem(self.d.call("GET", f"/tracks/{t['id']}/art"), 404)
        self.assertEqual(self.d.call("POST", f"/tracks/{t['id']}/analyze", {"steps": ["beats"], "force": True}).status, 202)
        self.problem(self.d.call("POST", f"/tracks/{t['id']}/analyze", {"steps": ["magic"]}), 422)
        done = self.d.wait_jobs(t["id"])
        self.problem(self.d.call("POST", f"/jobs/{done[0]['id']}/cancel"), 409)
        self.assertEqual(self.d.call("DELETE", f"/tracks/{t['id']}").status, 204)
        self.problem(self.d.call("GET", f"/tracks/{t['id']}/audio"), 404)
        self.assertEqual(self.d.upload(data).json["id"], t["id"])

    def audio(self, t, data):
        path = f"/tracks/{t['id']}/audio"
        whole = self.d.call("GET", path)
        self.assertEqual((whole.status, whole.body, whole.headers["Content-Type"]), (200, data, "audio/wav"))
        etag = whole.headers["ETag"]
        for header, first, last in (("bytes=0-99", 0, 99), ("bytes=100-", 100, len(data) - 1), ("bytes=-10", len(data) - 10, len(data) - 1),
                                    (f"bytes=5-{len(data) * 2}", 5, len(data) - 1)):
            r = self.d.call("GET", path, headers={"Range": header})
            self.assertEqual((r.status, r.headers["Content-Range"]), (206, f"bytes {first}-{last}/{len(data)}"))
            self.assertEqual(r.body, data[first:last + 1])
        out = self.d.call("GET", path, headers={"Range": f"bytes={len(data)}-"})
        self.problem(out, 416)
        self.assertEqual(out.headers["Content-Range"], f"bytes */{len(data)}")
        for header in ("bytes=9-1", "bytes=a-b", "items=0-1", "bytes=0-1,4-5"):
            self.assertEqual(self.d.call("GET", path, headers={"Range": header}).status, 200)
        self.assertEqual(self.d.call("GET", path, headers={"Range": "bytes=0-1", "If-Range": etag}).status, 206)
        self.assertEqual(self.d.call("GET", path, headers={"Range": "bytes=0-1", "If-Range": '"old"'}).status, 200)
        self.assertEqual(self.d.call("GET", path, headers={"If-None-Match": etag}).status, 304)

    def waveform(self, t):
        for level in ("preview", "full"):
            r = self.d.call("GET", f"/tracks/{t['id']}/waveform?level={level}")
            self.assertEqual((r.status, r.body[:4]), (200, b"LMW1"))
            self.assertEqual(len(r.body), 32 + 5 * int.from_bytes(r.body[4:8], "little"))
        self.assertEqual(self.d.call("GET", f"/tracks/{t['id']}/waveform?level=full", headers={"If-None-Match": r.headers["ETag"]}).status, 304)
        self.problem(self.d.call("GET", f"/tracks/{t['id']}/waveform?level=huge"), 400)

    def beats(self, t):
        path = f"/tracks/{t['id']}/beats"
        self.assertFalse(self.d.get(path)["corrected"])
        grid = {"beats": [0.5, 1, 1.5, 2, 2.5], "downbeats": [0.5, 2.5], "bpm": 120, "beats_per_bar": 4}
        put = self.d.put(path, grid)
        self.assertTrue(put["corrected"])
        self.assertEqual((put["beats"], put["downbeats"]), (grid["beats"], grid["downbeats"]))
        self.assertEqual(self.d.put(path, put)["beats"], grid["beats"])
        for bad, where in (({"beats": [1, 1]}, "/beats/1"), ({"beats": [2, 1]}, "/beats/1"), ({"beats": ["a"]}, "/beats/0"), ({"beats": 1}, "/beats"), ({}, "/beats"),
                           ({"beats": [-1]}, "/beats/0"), ({**grid, "downbeats": [0.7]}, "/downbeats/0"), ({**grid, "bpm": 0}, "/bpm"),
                           ({**grid, "beats_per_bar": 0}, "/beats_per_bar"), ({**grid, "extra": 1}, "/extra")):
            self.problem(self.d.call("PUT", path, bad), 422, "invalid", where)
        self.problem(self.d.call("PUT", f"/tracks/{uuid.uuid4()}/beats", grid), 404)
        self.assertEqual(self.d.get(path)["beats"], grid["beats"])

    def scores(self, t):
        v, p = self.venue(), self.d.post("/patterns", {"name": "On"})
        path = f"/tracks/{t['id']}/scores?venue_id={v['id']}"
        made = self.d.get(path)["items"]
        self.assertEqual([(s["track_id"], s["venue_id"]) for s in made], [(t["id"], v["id"])])
        self.assertEqual(self.d.get(path)["items"], made)
        s = self.d.post(f"/tracks/{t['id']}/scores", {"name": "Mine", "venue_id": v["id"]})
        self.assertEqual(len(self.d.get(path)["items"]), 2)
        self.problem(self.d.call("GET", f"/tracks/{t['id']}/scores?venue_id={uuid.uuid4()}"), 404)
        notes = f"/scores/{s['id']}/annotations"
        a = self.d.post(notes, {"pattern_id": p["id"], "start_time": 0, "end_time": 1})
        self.assertEqual((a["origin_time"], a["blend_mode"], a["args"]), (0, "replace", {}))
        self.problem(self.d.call("POST", notes, {"pattern_id": p["id"], "start_time": 1, "end_time": 1}), 422, "invalid", "/end_time")
        self.problem(self.d.call("POST", notes, {"pattern_id": str(uuid.uuid4()), "start_time": 0, "end_time": 1}), 422, "invalid", "/pattern_id")
        self.problem(self.d.call("POST", notes, {"start_time": 0}), 422, "invalid", "/pattern_id", "/end_time")
        self.problem(self.d.call("PATCH", f"/annotations/{a['id']}", {"blend_mode": "sparkle"}), 422, "invalid", "/blend_mode")
        batch = self.d.post(f"/scores/{s['id']}/batch", {"create": [{"pattern_id": p["id"], "start_time": 1, "end_time": 2}],
                                                         "update": [{"id": a["id"], "z_index": 3}], "delete": []})
        self.assertEqual((len(batch["created"]), batch["updated"][0]["z_index"]), (1, 3))
        before = self.d.get(notes)["items"]
        self.problem(self.d.call("POST", f"/scores/{s['id']}/batch", {
            "create": [{"pattern_id": p["id"], "start_time": 5, "end_time": 6}, {"pattern_id": p["id"], "start_time": 1, "end_time": 0}], "delete": [a["id"]]}), 422)
        self.assertEqual(self.d.get(notes)["items"], before)
        self.d.delete(f"/annotations/{a['id']}")
        self.assertEqual(len(self.d.get(notes)["items"]), 1)
        self.d.delete(f"/scores/{s['id']}")
        self.problem(self.d.call("GET", notes), 404)

    def host_audio(self, t):
        post = self.d.post
        post("/host-audio/unload")
        self.problem(self.d.call("POST", "/host-audio/play", {}), 409, "conflict")
        s = post("/host-audio/load-track", {"track_id": t["id"]})
        self.assertEqual((s["loaded"], s["track_id"], s["current_time"], s["playing"]), (True, t["id"], 0, False))
        self.assertTrue(post("/host-audio/play")["playing"])
        time.sleep(0.3)
        self.assertGreater(self.d.get("/host-audio")["current_time"], 0.1)
        self.assertFalse(post("/host-audio/pause")["playing"])
        self.assertAlmostEqual(post("/host-audio/seek", {"seconds": 1.5})["current_time"], 1.5, delta=0.05)
        self.assertEqual(post("/host-audio/loop", {"enabled": True, "start": 1, "end": 2})["loop"], {"enabled": True, "start": 1, "end": 2})
        post("/host-audio/loop", {"enabled": False})
        for path, bad in (("seek", {"seconds": 99}), ("seek", {"seconds": -1}), ("seek", {}), ("loop", {"enabled": True, "start": 2, "end": 1}), ("volume", {"db": 3}),
                          ("load-segment", {"track_id": t["id"], "start_time": 2, "end_time": 1})):
            self.problem(self.d.call("POST", f"/host-audio/{path}", bad), 422)
        self.problem(self.d.call("POST", "/host-audio/load-track", {"track_id": str(uuid.uuid4())}), 404)
        self.assertEqual(self.d.get("/host-audio")["track_id"], t["id"])
        post("/host-audio/unload")
        self.assertFalse(self.d.get("/host-audio")["loaded"])

    def test_multipart(self):
        data = tone(1, seed=5)
        boundary = "----x7"
        body = (f'--{boundary}\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n--{boundary}\r\n'
                f'Content-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n').encode() + data + f"\r\n--{boundary}--\r\n".encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        r = self.d.call("POST", "/tracks", body, kind)
        self.assertEqual(r.status, 201, r)
        self.assertEqual(self.d.call("GET", f"/tracks/{r.json['id']}/audio").body, data)
        self.problem(self.d.call("POST", "/tracks", body[:-20], kind), 400)
        self.problem(self.d.call("POST", "/tracks", b"nothing like it", kind), 400)
        self.problem(self.d.call("POST", "/tracks", body, {"Content-Type": "multipart/form-data"}), 400)

    def test_what_is_no_audio_is_not_kept(self):
        before = len(self.d.get("/tracks")["items"])
        self.problem(self.d.upload(b"text", "a.txt", "text/plain"), 415)
        self.problem(self.d.call("POST", "/tracks", b"x", {}), 415)
        for data in (b"", b"not audio at all" * 100, b"RIFF\xff\xff\xff\x7fWAVEfmt " + b"\0" * 40, tone(1)[:60]):
            self.assertIn(self.d.upload(data).status, (400, 415, 422), data[:20])
        self.assertEqual(len(self.d.get("/tracks")["items"]), before)
        leftovers = [p for p in self.d.dir.rglob("*") if p.is_file() and (".tmp" in p.name or "upload" in p.name)]
        self.assertEqual(leftovers, [])

    def test_a_broken_off_upload_leaves_nothing(self):
        with self.d.raw() as s:
            s.sendall(f"POST {BASE}/tracks HTTP/1.1\r\nHost: localhost\r\nContent-Type: audio/wav\r\nContent-Length: 500000\r\n\r\n".encode() + tone(1)[:20000])
            time.sleep(0.3)
        deadline = time.monotonic() + 5
        while left := [p for p in self.d.dir.rglob("*upload*") if p.is_file()]:
            self.assertLess(time.monotonic(), deadline, left)
            time.sleep(0.05)


if __name__ == "__main__":
    unittest.main()
