/* Socket.IO 0.5 and 0.6: the client's files of that time, and nothing else of their folder. */

"use strict";

const crypto = require("crypto");
const fs = require("fs");
const os = require("os");
const path = require("path");
const { Raw, assert, run, startServer, takeResponse, test } = require("./support.js");
const { APP, PEER, RESOURCE, ask, open, ours, request } = require("./socketio0.js");

const FILE = path.join(path.dirname(require.resolve("socket.io-0.6")), "support/socket.io-client/socket.io.js");
const CLIENT = fs.readFileSync(FILE);
const URL_OF = `${RESOURCE}/socket.io.js`;

test("the client comes as it is, with its type, length and version", async (server) => {
  const { status, headers, body } = await ask(server, "GET", URL_OF);
  assert.equal(status, 200);
  assert.ok(body.equals(CLIENT));
  assert.match(headers["content-type"], /^text\/javascript(; charset=utf-8)?$/);
  assert.equal(Number(headers["content-length"]), CLIENT.length);
  assert.ok(headers.etag);
});

test("who has it is told so by 304 and no body, with the version as old clients write it", async (server) => {
  const { etag } = (await ask(server, "GET", URL_OF)).headers;
  const bare = etag.replace(/"/g, "");
  const { status, body } = await ask(server, "GET", URL_OF, { headers: { "If-None-Match": bare } });
  assert.deepEqual([status, body.length], [304, 0]);
  assert.equal((await ask(server, "GET", URL_OF, { headers: { "If-None-Match": "another" } })).status, 200);
});

ours("the version is quoted; it is known quoted, weak, in a list, and by the star", async (server) => {
  const { etag } = (await ask(server, "GET", URL_OF)).headers;
  assert.match(etag, /^"[^"]+"$/);
  for (const known of [etag, `W/${etag}`, `"x", ${etag}`, "*", `${etag}, "y"`]) {
    const { status, headers } = await ask(server, "GET", URL_OF, { headers: { "If-None-Match": known } });
    assert.deepEqual([status, headers.etag], [304, etag], known);
  }
  for (const other of ['""', '"x"', "W/x", etag.slice(0, -2)])
    assert.equal((await ask(server, "GET", URL_OF, { headers: { "If-None-Match": other } })).status, 200, other);
});

ours("HEAD is answered as GET, without the body", async (server) => {
  const { status, headers, body } = await ask(server, "HEAD", URL_OF);
  assert.deepEqual([status, Number(headers["content-length"]), body.length], [200, CLIENT.length, 0]);
});

test("a query does not matter, another method is not for it", async (server) => {
  assert.equal((await ask(server, "GET", `${URL_OF}?v=1`)).status, 200);
  for (const method of ["POST", "PUT", "DELETE"])
    assert.equal((await ask(server, method, URL_OF)).text, `app:${URL_OF}`);
});

test("nothing else of the folder is served, nor anything outside of it", async (server) => {
  for (const name of ["socket.io.min.js", "package.json", "lib/io.js", "History.md", "lib/", "lib/vendor/web-socket-js/x.swf",
    "socket.io.js/", "/socket.io.js", "./socket.io.js", "x/../socket.io.js", "Socket.IO.js", "socket.io.js%00", "socket%2Eio.js",
    "..", "../", "../../package.json", "../socket.io-client/socket.io.js", "%2e%2e/%2e%2e/package.json", "..%2f..%2fpackage.json",
    "lib/vendor/web-socket-js/../../../package.json", "..\\..\\package.json", "..%5c..%5cpackage.json", "%c0%ae%c0%ae/package.json",
    "lib/vendor/web-socket-js/%2e%2e/%2e%2e/io.js"]) {
    const raw = new Raw(server).send(request("GET", `${RESOURCE}/${name}`));
    const { status, body } = await takeResponse(raw);
    raw.destroy();
    assert.ok(status >= 400 || String(body).startsWith("app:"), `${name}: ${status}`);
  }
});

async function withFolder(body) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "rill-client-"));
  const started = await startServer({ args: [...APP.args, "--client-file", path.join(dir, "old.js")] });
  try {
    await body(started, dir);
  } finally {
    assert.equal(await started.stop(), 0);
    fs.rmSync(dir, { recursive: true });
  }
}

ours("Flash's part is served under the paths where clients look for it", () => withFolder(async (server, dir) => {
  const vendor = path.join(dir, "lib/vendor/web-socket-js");
  fs.mkdirSync(vendor, { recursive: true });
  const swf = crypto.randomBytes(3000);
  fs.writeFileSync(path.join(vendor, "WebSocketMain.swf"), swf);
  for (const name of ["WebSocketMain.swf", "lib/vendor/web-socket-js/WebSocketMain.swf"]) {
    const { status, headers, body } = await ask(server, "GET", `${RESOURCE}/${name}`);
    assert.deepEqual([status, headers["content-type"]], [200, "application/x-shockwave-flash"]);
    assert.ok(body.equals(swf));
    assert.equal((await ask(server, "GET", `${RESOURCE}/${name}`, { headers: { "If-None-Match": headers.etag } })).status, 304);
  }
  const missing = await ask(server, "GET", `${RESOURCE}/lib/vendor/web-socket-js/WebSocketMainInsecure.swf`);
  assert.deepEqual([missing.status, missing.text], [404, "404"]);
}));

ours("files that are not there are not served, and are when they have come", () => withFolder(async (server, dir) => {
  const name = path.join(dir, "old.js");
  assert.equal((await ask(server, "GET", URL_OF)).status, 404);
  const versions = [];
  for (const text of ["var io = 1;", "var io = 2.0;"]) {
    fs.writeFileSync(`${name}.new`, text);
    fs.renameSync(`${name}.new`, name);
    const { status, headers, text: body } = await ask(server, "GET", URL_OF);
    assert.deepEqual([status, body], [200, text]);
    versions.push(headers.etag);
  }
  assert.notEqual(versions[0], versions[1]);
}));

ours("a link out of the folder is not followed", () => withFolder(async (server, dir) => {
  fs.symlinkSync(FILE, path.join(dir, "old.js"));
  assert.ok(!(await ask(server, "GET", URL_OF)).body.equals(CLIENT) || PEER);
}));

test("without the client's file there is none, and the service goes on", async () => {
  if (PEER)
    return;
  const started = await startServer(APP);
  assert.equal((await ask(started, "GET", URL_OF)).text, `app:${URL_OF}`);
  const client = await open(started, "xhr-polling");
  await client.settle();
  await client.cut();
  assert.equal(await started.stop(), 0);
});

run({ args: [...APP.args, "--client-file", FILE] });
