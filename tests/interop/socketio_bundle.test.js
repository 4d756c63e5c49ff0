/* The client's files below /socket.io/, as npm has them: tags, 304, compression, and what is none of them. */

"use strict";

const { Raw, assert, run, takeResponse, test } = require("./support.js");
const { ask, expectError, ours, request } = require("./engineio.js");
const fs = require("fs");
const path = require("path");
const zlib = require("zlib");

const PACKAGE = path.join(__dirname, "node_modules", "socket.io-client");
const DIST = path.join(PACKAGE, "dist");
const { version } = JSON.parse(fs.readFileSync(path.join(PACKAGE, "package.json"), "utf8"));
const SCRIPTS = ["socket.io.js", "socket.io.min.js", "socket.io.esm.min.js", "socket.io.msgpack.min.js"];
const FILES = [...SCRIPTS, ...SCRIPTS.map((name) => `${name}.map`)];

const get = (server, name, headers = {}) => ask(server, "GET", `/socket.io/${name}`, { headers });

test("each file comes as it is, by its type, its tag, and to pages of anywhere", async (server) => {
  for (const name of FILES) {
    const { status, headers, body } = await get(server, name);
    assert.equal(status, 200, name);
    assert.ok(body.equals(fs.readFileSync(path.join(DIST, name))), name);
    assert.equal(headers["content-type"], `application/${name.endsWith(".map") ? "json" : "javascript"}; charset=utf-8`);
    assert.equal(headers.etag, `"${version}"`);
    assert.equal(headers["cache-control"], "public, max-age=0");
    assert.equal(headers["access-control-allow-origin"], "*");
  }
});

test("who has a file already is told so, without a body", async (server) => {
  for (const tag of [`"${version}"`, `W/"${version}"`]) {
    const { status, headers, text } = await get(server, "socket.io.js", { "If-None-Match": tag });
    assert.deepEqual([status, headers.etag ?? `"${version}"`, text], [304, `"${version}"`, ""]);
  }
  for (const tag of ['"4.0.0"', version, "W/", `"${version}`])
    assert.equal((await get(server, "socket.io.js", { "If-None-Match": tag })).status, 200, tag);
});

ours("tags come in lists, and * is any", async (server) => {
  for (const tag of [`"a", "${version}"`, `W/"a",W/"${version}"`, "*"])
    assert.equal((await get(server, "socket.io.js", { "If-None-Match": tag })).status, 304, tag);
});

test("files are compressed for those who take that", async (server) => {
  const plain = fs.readFileSync(path.join(DIST, "socket.io.js"));
  for (const [accepted, inflate] of [["gzip", zlib.gunzipSync], ["deflate", zlib.inflateSync], ["gzip, deflate", zlib.gunzipSync]]) {
    const { headers, body } = await get(server, "socket.io.js", { "Accept-Encoding": accepted });
    const coding = headers["content-encoding"];
    /* (Which one of two is the server's to choose.) */
    assert.ok(accepted.includes(coding), `${coding} for ${accepted}`);
    assert.ok((coding === "deflate" ? zlib.inflateSync : inflate)(body).equals(plain));
    assert.ok(body.length < plain.length / 2);
  }
  for (const accepted of ["identity", "zstd", "gzip;q=0"]) {
    const { headers, body } = await get(server, "socket.io.js", { "Accept-Encoding": accepted });
    assert.equal(headers["content-encoding"], undefined, accepted);
    assert.ok(body.equals(plain));
  }
});

test("queries are passed over, and HEAD has no body", async (server) => {
  assert.equal((await get(server, "socket.io.min.js?v=1")).status, 200);
  const raw = new Raw(server).send(request("HEAD", "/socket.io/socket.io.js"));
  const { status } = await takeResponse(raw, { method: "HEAD" });
  assert.ok([200, 400].includes(status), `${status}`); /* (The reference server knows GET alone.) */
  raw.destroy();
});

test("other names are nothing but requests without a transport", async (server) => {
  for (const name of ["", "x", "socket.io", "socket.io.jsx", "Socket.IO.js", "socket.io.js/", "socket.io.js%00", "dist/socket.io.js", "package.json",
    "index.js", ".socket.io.js", "socket.io.slim.js"])
    expectError(await get(server, name), 0);
});

test("no way leads out of the folder", async (server) => {
  for (const name of ["../package.json", "%2e%2e/package.json", "..%2fpackage.json", "%2e%2e%2fpackage.json", "....//package.json",
    "./../package.json", "..\\package.json", "//etc/passwd", "%2fetc%2fpasswd", "socket.io.js/../../package.json", "socket.io.js%2f..%2f..%2fpackage.json",
    "..%c0%afpackage.json", "%252e%252e%252fpackage.json", "../../../../../../../../etc/passwd", "socket.io.js\0.map"]) {
    const raw = new Raw(server).send(request("GET", `/socket.io/${name}`));
    const { status, body } = await takeResponse(raw);
    assert.equal(/"name"|root:|"use strict"|function/.test(String(body)), false, name);
    assert.ok(status >= 400 || String(body).startsWith("app:"), `${status} for ${name}`);
    raw.destroy();
  }
});

test("a session of that path goes on beside the files", async (server) => {
  const { text } = await get(server, "?EIO=4&transport=polling");
  assert.equal(text[0], "0");
  assert.equal((await get(server, "socket.io.js?EIO=4&transport=polling")).headers.etag, `"${version}"`);
});

run({ args: ["socketio", "--port", "0", "--quiet", "--client-dir", DIST] });
