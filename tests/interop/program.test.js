/* The programs' command lines, and the demo's services as any client sees them. RILL names the program. */

"use strict";

const { spawnSync } = require("child_process");
const crypto = require("crypto");
const fs = require("fs");
const os = require("os");
const path = require("path");
const zlib = require("zlib");
const SockJS = require("sockjs-client");
const WebSocket = require("ws");
const { KiB, MiB, Raw, assert, run, startServer, takeResponse, test } = require("./support.js");

const RILL = process.env.RILL;
const TESTSERVER = process.env.TESTSERVER;
const DEMO = { program: RILL, args: ["demo", "--port", "0"] };

function call(program, ...args) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", timeout: 20000 });
  return { status, stdout, stderr };
}

/* One sentence on standard error, nothing on standard output. */
function expectSentence(program, args, status, words) {
  const said = call(program, ...args);
  assert.equal(said.status, status, `${args.join(" ")}: status ${said.status}, ${said.stderr}`);
  assert.equal(said.stdout, "");
  assert.match(said.stderr, /^[^\n]+\n$/);
  assert.match(said.stderr, words);
}

const misuses = [
  [RILL, [], /command/], [RILL, ["dmeo"], /dmeo/], [RILL, ["--nonsense"], /--nonsense/], [RILL, ["help", "dmeo"], /dmeo/],
  [RILL, ["demo", "--prot", "1"], /--prot/], [RILL, ["demo", "--port"], /--port/], [RILL, ["demo", "--host"], /--host/],
  [RILL, ["demo", "--port", "x"], /--port/], [RILL, ["demo", "--port", "65536"], /--port/],
  [RILL, ["demo", "--port", "-1"], /--port/], [RILL, ["demo", "--client-dir"], /--client-dir/],
  [RILL, ["demo", "extra"], /extra/],
  [TESTSERVER, [], /usage/], [TESTSERVER, ["sevrices"], /sevrices/], [TESTSERVER, ["services", "--prot", "1"], /--prot/],
  [TESTSERVER, ["services", "--port"], /--port/], [TESTSERVER, ["services", "--port", "1x"], /--port/],
  [TESTSERVER, ["services", "--io", "kqueue"], /--io/], [TESTSERVER, ["services", "--threads", "2"], /--threads/],
  [TESTSERVER, ["services", "--tls-cert", "a.pem"], /--tls-key/],
];

for (const [program, args, words] of misuses) {
  test(`${program === RILL ? "rill" : "testserver"} ${args.join(" ")}: one sentence and status 2`,
    () => expectSentence(program, args, 2, words));
}

test("testserver with files that are no certificate: one sentence and status 1", () =>
  expectSentence(TESTSERVER, ["services", "--quiet", "--port", "0", "--tls-cert", "/dev/null", "--tls-key", "/dev/null"], 1,
    /no usable certificate/));

test("rill --version names the library and what it stands on", () => {
  const { status, stdout } = call(RILL, "--version");
  assert.equal(status, 0);
  assert.match(stdout, /^rill \d+\.\d+\.\d+ \(.*OpenSSL 3\.\d.*zlib 1\.\d.*\)\n$/);
});

test("rill --help lists the commands, rill help demo and rill demo --help explain one", () => {
  for (const args of [["--help"], ["help"]])
    assert.match(call(RILL, ...args).stdout, /^ {2}demo /m);
  for (const args of [["help", "demo"], ["demo", "--help"], ["demo", "--port", "1", "--help"]]) {
    const { status, stdout } = call(RILL, ...args);
    assert.equal(status, 0);
    assert.match(stdout, /--port N/);
    assert.match(stdout, /--client-dir DIR/);
  }
});

test("a port that is taken: one sentence naming --port, status 1", (server) =>
  expectSentence(RILL, ["demo", "--port", String(server.port)], 1, /taken.*--port/));

/* A folder for the body, which is then gone. */
async function withFolder(body) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "rill-clients-"));
  try {
    await body(folder);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

test("a --client-dir that is not there, or no folder: one sentence, status 1", () => withFolder((folder) => {
  const file = path.join(folder, "sockjs.min.js");
  fs.writeFileSync(file, "1");
  expectSentence(RILL, ["demo", "--port", "0", "--client-dir", path.join(folder, "none")], 1, /none: No such file/);
  expectSentence(RILL, ["demo", "--port", "0", "--client-dir", file], 1, /sockjs\.min\.js: Not a directory/);
  expectSentence(RILL, ["demo", "--port", "0", "--client-dir", ""], 1, /No such file/);
}));

/* Root may read everything; nobody else may run a program that lies where only root reads. */
const NOBODY = 65534;
const asNobody = process.getuid() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
const mayRun = !spawnSync(RILL, ["--version"], { ...asNobody, timeout: 20000 }).error;

test(mayRun ? "a --client-dir that may not be read: one sentence, status 1" : "(no other user can run the program)", () =>
  withFolder((folder) => {
    if (!mayRun)
      return;
    for (const mode of [0o000, 0o444, 0o111]) {
      fs.chmodSync(folder, mode);
      const { status, stdout, stderr } = spawnSync(RILL, ["demo", "--port", "0", "--client-dir", folder],
        { ...asNobody, encoding: "utf8", timeout: 20000 });
      assert.deepEqual([status, stdout], [1, ""], `mode ${mode.toString(8)}`);
      assert.match(stderr, /^rill: [^\n]*: Permission denied\n$/);
    }
    fs.chmodSync(folder, 0o700);
  }));

async function withDemo(body, ...args) {
  const demo = await startServer({ ...DEMO, args: [...DEMO.args, ...args] });
  try {
    await body(demo);
    assert.ok(demo.running(), "the demo has ended");
  } finally {
    assert.equal(await demo.stop(), 0);
  }
}

async function open(demo, path = "/ws", protocol = "rill-playground") {
  const socket = new WebSocket(demo.ws.replace("/ws", path), protocol, { perMessageDeflate: false });
  const come = [], waiting = [];
  const put = (item) => (waiting.length ? waiting.shift()(item) : come.push(item));
  socket.on("message", (data, binary) => put(binary ? data : String(data)));
  socket.on("close", (code, reason) => put({ code, reason: String(reason) }));
  socket.next = () => (come.length ? Promise.resolve(come.shift()) : new Promise((resolve) => waiting.push(resolve)));
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  return socket;
}

async function openPane(demo) {
  const socket = await open(demo);
  socket.id = JSON.parse(await socket.next()).hello.id;
  return socket;
}

test("the demo's files have types, a policy, and no other method or path", () => withDemo(async (demo) => {
  for (const [path, type] of [["/", /^text\/html; charset=utf-8$/], ["/index.html", /^text\/html/],
    ["/playground.js", /^text\/javascript/], ["/style.css", /^text\/css/], ["/favicon.svg", /^image\/svg\+xml$/]]) {
    const { status, headers } = await fetch(demo.url + path);
    assert.equal(status, 200, path);
    assert.match(headers.get("content-type"), type);
    assert.match(headers.get("content-security-policy"), /^default-src 'none'; .*frame-ancestors 'none'$/);
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("referrer-policy"), "no-referrer");
    assert.equal(headers.get("cache-control"), "no-cache");
  }
  const head = await fetch(`${demo.url}/style.css`, { method: "HEAD" });
  assert.ok(head.status === 200 && Number(head.headers.get("content-length")) > 0);
  const post = await fetch(demo.url, { method: "POST", body: "x" });
  assert.deepEqual([post.status, post.headers.get("allow")], [405, "GET, HEAD"]);
  for (const path of ["/nothing", "/page/index.html", "/..%2findex.html", "/index.html/", "/ws", "/trace"])
    assert.equal((await fetch(demo.url + path)).status, 404, path);
}));

test("what one pane says every other one hears, same kind, same bytes", () => withDemo(async (demo) => {
  const panes = await Promise.all([1, 2, 3].map(() => openPane(demo)));
  const bytes = Buffer.alloc(MiB, 0xfe);
  panes[0].send("grüße");
  panes[0].send(bytes);
  for (const pane of panes.slice(1)) {
    assert.equal(await pane.next(), "grüße");
    assert.ok((await pane.next()).equals(bytes));
  }
  panes[1].send("back");
  assert.equal(await panes[0].next(), "back", "nothing of one's own came before");
}));

/* The clients' files. */

const CLIENT = "/sockjs/sockjs.min.js";

/* One answer, as it came. */
async function ask(demo, path, headers = {}, method = "GET") {
  const raw = new Raw(demo);
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const answer = await takeResponse(raw.send(`${method} ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`), { method });
  raw.destroy();
  return answer;
}

function withClients(files, body) {
  return withFolder(async (folder) => {
    for (const [name, content] of Object.entries(files))
      fs.writeFileSync(path.join(folder, name), content);
    await withDemo((demo) => body(demo, folder), "--client-dir", folder);
  });
}

const SCRIPT = "/* a client */ ".repeat(500);

test("files of --client-dir are served under the paths their users expect, whole and unchanged", () =>
  withClients({ "sockjs.min.js": SCRIPT, "sockjs.js": "2", "sockjs.min.js.map": "{}", "sockjs.js.map": "[]" },
    async (demo) => {
      for (const [path, body, type] of [[CLIENT, SCRIPT, /^text\/javascript/], ["/sockjs/sockjs.js", "2", /^text\/javascript/],
        ["/sockjs/sockjs.min.js.map", "{}", /^application\/json/], ["/sockjs/sockjs.js.map", "[]", /^application\/json/]]) {
        const answer = await ask(demo, `${path}?v=1`);
        assert.equal(answer.status, 200, path);
        assert.equal(String(answer.body), body);
        assert.match(answer.headers["content-type"], type);
        assert.equal(answer.headers["x-content-type-options"], "nosniff");
        assert.equal(answer.headers["cache-control"], "no-cache");
        assert.match(answer.headers.etag, /^"[!#-~]+"$/);
        assert.equal(answer.headers["content-encoding"], undefined);
        assert.equal(answer.headers.vary, "Accept-Encoding");
        const head = await ask(demo, path, {}, "HEAD");
        const same = ["content-length", "content-type", "etag"];
        assert.deepEqual(same.map((name) => head.headers[name]), same.map((name) => answer.headers[name]));
      }
      const post = await ask(demo, CLIENT, { "Content-Length": "0" }, "POST");
      assert.deepEqual([post.status, post.headers.allow], [405, "GET, HEAD"]);
    }));

test("a client file is compressed for who takes gzip, and for nobody else", () =>
  withClients({ "sockjs.min.js": SCRIPT, "sockjs.js": crypto.randomBytes(64) }, async (demo) => {
    for (const accept of ["gzip", "br, GZip;Q=0.5", "x-gzip", "*", "gzip;q=0.001", "deflate , gzip ; q=1", "*;q=0, gzip"]) {
      const { status, headers, body } = await ask(demo, CLIENT, { "Accept-Encoding": accept });
      assert.deepEqual([status, headers["content-encoding"]], [200, "gzip"], accept);
      assert.ok(body.length < SCRIPT.length / 10);
      assert.equal(String(zlib.gunzipSync(body)), SCRIPT);
    }
    for (const accept of ["", "br", "identity", "gzip;q=0", "gzip; q=0.000", "*;q=0", "gzip;q=0, *", "gzi", "gzipp", ",;,"]) {
      const { status, headers, body } = await ask(demo, CLIENT, { "Accept-Encoding": accept });
      assert.deepEqual([status, headers["content-encoding"]], [200, undefined], accept);
      assert.equal(String(body), SCRIPT);
    }
    const small = await ask(demo, "/sockjs/sockjs.js", { "Accept-Encoding": "gzip" });
    assert.deepEqual([small.headers["content-encoding"], small.body.length], [undefined, 64], "compressed it would be longer");
    const head = await ask(demo, CLIENT, { "Accept-Encoding": "gzip" }, "HEAD");
    assert.equal(head.headers["content-encoding"], "gzip");
    assert.ok(Number(head.headers["content-length"]) < SCRIPT.length / 10);
  }));

test("who has a client file is answered 304, until it changes", () =>
  withClients({ "sockjs.min.js": SCRIPT }, async (demo, folder) => {
    const plain = (await ask(demo, CLIENT)).headers.etag;
    const packed = (await ask(demo, CLIENT, { "Accept-Encoding": "gzip" })).headers.etag;
    assert.notEqual(plain, packed);
    for (const tags of [plain, packed, `W/${plain}`, `"a", ${packed}`, `"a",W/${plain} , "b"`, "*"]) {
      for (const method of ["GET", "HEAD"]) {
        const { status, headers, body } = await ask(demo, CLIENT, { "If-None-Match": tags }, method);
        assert.deepEqual([status, body.length, headers.etag], [304, 0, plain], tags);
        assert.deepEqual([headers["cache-control"], headers.vary], ["no-cache", "Accept-Encoding"]);
        assert.equal(headers["content-encoding"], undefined);
      }
    }
    const again = await ask(demo, CLIENT, { "If-None-Match": packed, "Accept-Encoding": "gzip" });
    assert.deepEqual([again.status, again.headers.etag, again.headers["content-encoding"]], [304, packed, undefined]);
    for (const tags of ["", '"a"', plain.slice(1), plain.slice(0, -1), `w/${plain}`, "**"])
      assert.equal((await ask(demo, CLIENT, { "If-None-Match": tags })).status, 200, tags);

    fs.writeFileSync(path.join(folder, "sockjs.min.js"), `${SCRIPT}2`);
    const changed = await ask(demo, CLIENT, { "If-None-Match": plain });
    assert.deepEqual([changed.status, String(changed.body)], [200, `${SCRIPT}2`]);
    assert.notEqual(changed.headers.etag, plain);
    const repacked = await ask(demo, CLIENT, { "Accept-Encoding": "gzip" });
    assert.equal(String(zlib.gunzipSync(repacked.body)), `${SCRIPT}2`);
  }));

test("a client file may come and go while the demo runs, and the list says which are there", () =>
  withClients({}, async (demo, folder) => {
    const list = async () => JSON.parse((await ask(demo, "/clients.json")).body);
    const file = path.join(folder, "sockjs.min.js");
    assert.deepEqual(await list(), { files: [] });
    const missing = await ask(demo, CLIENT);
    assert.equal(missing.status, 404);
    assert.match(String(missing.body), /not in the folder/);
    fs.writeFileSync(file, SCRIPT);
    fs.writeFileSync(path.join(folder, "sockjs.js"), "2");
    assert.deepEqual(await list(), { files: [CLIENT, "/sockjs/sockjs.js"] });
    assert.equal((await ask(demo, CLIENT)).status, 200);
    fs.unlinkSync(file);
    assert.deepEqual(await list(), { files: ["/sockjs/sockjs.js"] });
    assert.equal((await ask(demo, CLIENT)).status, 404);
    fs.rmSync(folder, { recursive: true });
    assert.deepEqual(await list(), { files: [] });
    fs.mkdirSync(folder);
    fs.writeFileSync(file, "back");
    assert.equal(String((await ask(demo, CLIENT)).body), "back");
    const { status, headers } = await ask(demo, "/clients.json", {}, "HEAD");
    assert.deepEqual([status, headers["content-type"], headers["cache-control"]], [200, "application/json; charset=utf-8", "no-store"]);
    assert.equal((await ask(demo, "/clients.json", { "Content-Length": "0" }, "POST")).status, 405);
    assert.equal((await ask(demo, "/clients.json/x")).status, 404);
  }));

test("nothing else of the folder is served, nothing outside of it, and nothing that is no file", () =>
  withFolder(async (outside) => {
    fs.writeFileSync(path.join(outside, "secret.js"), "secret");
    await withClients({ "other.js": "secret", "sockjs.min.js": SCRIPT, "index.html": "secret" }, async (demo, folder) => {
      fs.symlinkSync(path.join(outside, "secret.js"), path.join(folder, "sockjs.js"));
      fs.mkdirSync(path.join(folder, "sockjs.js.map"));
      spawnSync("mkfifo", [path.join(folder, "sockjs.min.js.map")]);
      for (const path of ["/sockjs/other.js", "/sockjs/index.html", "/other.js", "/sockjs.min.js", "/sockjs/sockjs.js",
        "/sockjs/sockjs.js.map", "/sockjs/sockjs.min.js.map", "/sockjs/../sockjs/sockjs.min.js", "/sockjs/./sockjs.min.js",
        "/sockjs//sockjs.min.js", "//sockjs/sockjs.min.js", "/sockjs/sockjs.min.js/", "/sockjs/sockjs.min.js%00",
        "/sockjs/%2e%2e/other.js", "/sockjs/..%2fother.js", "/sockjs/sockjs%2emin.js", "/SOCKJS/SOCKJS.MIN.JS",
        `/sockjs/..${outside}/secret.js`, `/sockjs/${"../".repeat(20)}etc/passwd`, "/sockjs/..\\other.js"]) {
        const { status, body } = await ask(demo, path);
        assert.equal(status, 404, path);
        assert.doesNotMatch(String(body), /secret|root:/);
      }
      assert.equal((await ask(demo, CLIENT)).status, 200);
      fs.unlinkSync(path.join(folder, "sockjs.min.js"));
      fs.writeFileSync(path.join(folder, "sockjs.min.js"), "");
      assert.equal((await ask(demo, CLIENT)).status, 404, "an empty file is no client");
      fs.truncateSync(path.join(folder, "sockjs.min.js"), 8 * MiB + 1);
      assert.equal((await ask(demo, CLIENT)).status, 404, "nor is a huge one");
    });
  }));

test("without --client-dir the files come from the folder clients beside the program", () => withFolder(async (folder) => {
  const program = path.join(folder, "rill");
  fs.copyFileSync(RILL, program);
  const demo = await startServer({ ...DEMO, program });
  assert.equal((await ask(demo, CLIENT)).status, 404);
  fs.mkdirSync(path.join(folder, "clients"));
  fs.writeFileSync(path.join(folder, "clients", "sockjs.min.js"), SCRIPT);
  assert.equal(String((await ask(demo, CLIENT)).body), SCRIPT);
  assert.equal(await demo.stop(), 0);
}));

test("npm's sockjs-client is served as it was published", () => withDemo(async (demo) => {
  const dist = path.join(__dirname, "node_modules/sockjs-client/dist");
  for (const name of fs.readdirSync(dist)) {
    const answer = await fetch(`${demo.url}/sockjs/${name}`);       /* which takes gzip */
    assert.deepEqual([answer.status, answer.headers.get("content-encoding")], [200, "gzip"], name);
    assert.ok(Buffer.from(await answer.arrayBuffer()).equals(fs.readFileSync(path.join(dist, name))));
  }
}, "--client-dir", path.join(__dirname, "node_modules/sockjs-client/dist")));

/* SockJS. */

async function openSession(demo, transport) {
  const session = new SockJS(`${demo.url}/sockjs`, null, { transports: transport, timeout: 20000 });
  const come = [], waiting = [];
  const put = (item) => (waiting.length ? waiting.shift()(item) : come.push(item));
  session.onmessage = ({ data }) => put(data);
  session.next = () => (come.length ? Promise.resolve(come.shift()) : new Promise((resolve) => waiting.push(resolve)));
  await new Promise((resolve, reject) => {
    session.onopen = resolve;
    session.onclose = ({ code, reason }) => {
      reject(new Error(`${transport}: ${code} ${reason}`));
      put({ code, reason });
    };
  });
  session.hello = JSON.parse(await session.next()).hello;
  return session;
}

const AWKWARD = "gr\u00fc\u00dfe \ud83c\udf0a </script> \u2028 \u0000 \"\\";

for (const transport of ["websocket", "xhr-streaming", "xhr-polling"])
  test(`a SockJS session over ${transport} and a pane hear each other, and a stream both`, () => withDemo(async (demo) => {
    const [session, pane, stream] = [await openSession(demo, transport), await openPane(demo), await listen(demo)];
    assert.equal((await stream.next()).event, "hello");
    assert.equal(session.hello.transport, transport);
    assert.equal(typeof session.hello.id, "number");
    assert.match(session.hello.path, /^\/sockjs\/\d{3}\/\w{8}$/);
    session.send(AWKWARD);
    assert.equal(await pane.next(), AWKWARD);
    pane.send(`${AWKWARD}2`);
    assert.equal(await session.next(), `${AWKWARD}2`, "nothing of one's own came before");
    assert.equal((await stream.next()).data, AWKWARD);
    stream.leave();
    session.close();
    pane.send("to nobody");
  }));

test("of bytes a SockJS session hears how many, half a surrogate pair is heard as U+FFFD", () => withDemo(async (demo) => {
  const [session, pane] = [await openSession(demo, "xhr-streaming"), await openPane(demo)];
  pane.send(Buffer.alloc(70000));
  assert.equal(await session.next(), '{"binary":70000}');
  session.send("a\ud83c\udf0a\ud83c.\udf0a");
  assert.equal(await pane.next(), "a\ud83c\udf0a\ufffd.\ufffd");
  session.close();
}));

test("a SockJS session says up to 1 MiB at once, and is closed with 1009 for more", () => withDemo(async (demo) => {
  const [session, pane] = [await openSession(demo, "xhr-polling"), await openPane(demo)];
  session.send("x".repeat(MiB));
  assert.equal((await pane.next()).length, MiB);
  session.send("x".repeat(MiB + 5000));
  assert.deepEqual(await session.next(), { code: 1009, reason: "The playground takes messages of up to 1 MiB." });
  pane.send("still here");
  const other = await openSession(demo, "xhr-polling");
  other.send("so am I");
  assert.equal(await pane.next(), "so am I", "nothing of the large one came");
  other.close();
}));

test("SockJS's iframe page loads the very file that pages load", () => withDemo(async (demo) => {
  const page = await (await fetch(`${demo.url}/sockjs/iframe.html`)).text();
  assert.ok(page.includes(`<script src="${CLIENT}"></script>`));
}));

test("SIGINT drains: SockJS sessions are closed, status 0", async () => {
  const demo = await startServer(DEMO);
  const sessions = await Promise.all(["websocket", "xhr-streaming", "xhr-polling"].map((by) => openSession(demo, by)));
  const ended = new Promise((resolve) => demo.child.once("exit", resolve));
  demo.child.kill("SIGINT");
  /* One that is between two polls finds nobody to ask. */
  for (const session of sessions) {
    const codes = session.hello.transport === "xhr-polling" ? [1001, 1006] : [1001];
    assert.ok(codes.includes((await session.next()).code), session.hello.transport);
  }
  assert.equal(await ended, 0);
});

/* The events of a stream: next() gives { event, id, data } without what is not there. */
async function listen(demo, headers = {}) {
  const abort = new AbortController();
  const response = await fetch(`${demo.url}/events`, { headers: { Accept: "text/event-stream", ...headers },
    signal: abort.signal });
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type"), /^text\/event-stream/);
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  return {
    leave: () => abort.abort(),
    async next() {
      for (;;) {
        const end = text.indexOf("\n\n");
        if (end >= 0) {
          const fields = text.slice(0, end).split("\n").filter((line) => /^(event|id|data):/.test(line))
            .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trimStart()]);
          text = text.slice(end + 2);
          if (fields.some(([name]) => name !== "id")) // an id alone says where the stream begins
            return Object.fromEntries(fields);
          continue;
        }
        const { value } = await reader.read();
        text += decoder.decode(value, { stream: true }).replace(/\r\n?/g, "\n");
      }
    },
  };
}

test("an event stream hears what panes say, of bytes how many, and what it missed when it comes back", () =>
  withDemo(async (demo) => {
    const pane = await openPane(demo);
    const stream = await listen(demo);
    const hello = await stream.next();
    assert.equal(hello.event, "hello");
    assert.equal(typeof JSON.parse(hello.data).id, "number");
    pane.send("grüße");
    const heard = await stream.next();
    assert.deepEqual([heard.event, heard.data], [undefined, "grüße"]);
    pane.send(Buffer.alloc(70000));
    const { event, data } = await stream.next();
    assert.deepEqual([event, data], ["binary", "70000"]);
    stream.leave();
    pane.send("missed");
    const again = await listen(demo, { "Last-Event-ID": heard.id });
    assert.equal((await again.next()).event, "hello");
    assert.equal((await again.next()).data, "missed");
    again.leave();
  }));

test("a trace tells each frame, those before it was opened too, and stays for the close", () => withDemo(async (demo) => {
  const pane = await openPane(demo);
  const trace = await open(demo, `/trace?id=${pane.id}`, "rill-trace");
  const hello = JSON.parse(await trace.next());
  assert.deepEqual([hello.dir, hello.name, hello.masked], ["out", "text", false]);
  assert.match(hello.preview, /^{"hello"/);

  pane.send("Hello");
  const { head, at, ...text } = JSON.parse(await trace.next());
  assert.deepEqual(text, { dir: "in", opcode: 1, name: "text", fin: true, rsv1: false, masked: true, len: 5, wire: 11,
    preview: "Hello" });
  assert.match(head, /^81 85( [0-9a-f]{2}){4}$/);
  assert.equal(typeof at, "number");

  for (const [message, preview] of [["\"\\\n\u0000", "\"\\\n\u0000"], ["é".repeat(40), "é".repeat(16)],
    [`a${"é".repeat(40)}`, `a${"é".repeat(15)}`], [Buffer.from([0, 255]), "00 ff"], ["", ""]]) {
    pane.send(message);
    assert.equal(JSON.parse(await trace.next()).preview, preview);
  }
  pane.ping("p");
  assert.equal(JSON.parse(await trace.next()).name, "ping");
  assert.equal(JSON.parse(await trace.next()).name, "pong");
  trace.send('{"ping":7}');
  assert.equal(await trace.next(), '{"pong":7}');

  pane.close(4001, "enough");
  const frames = [JSON.parse(await trace.next()), JSON.parse(await trace.next())];
  assert.deepEqual(frames.map(({ dir, name }) => `${dir} ${name}`), ["in close", "out close"]);
  assert.equal((await trace.next()).code, 1000);
}));

test("a trace of nobody is refused by 404", () => withDemo(async (demo) => {
  for (const query of ["", "?id=", "?id=x", "?id=99999999", "?id=-1"])
    await assert.rejects(open(demo, `/trace${query}`, "rill-trace"), /404/);
}));

test("a trace takes any bytes and answers only what is a ping", () => withDemo(async (demo) => {
  const pane = await openPane(demo);
  const trace = await open(demo, `/trace?id=${pane.id}`, "rill-trace");
  await trace.next();
  for (const message of ["", "{", '{"ping":}', '{"ping":"x"}', '{"ping":1}x', Buffer.from('{"ping":1}')])
    trace.send(message);
  trace.send('{"ping":42}');
  assert.equal(await trace.next(), '{"pong":42}');
}));

test("a listener that does not read is closed with 1008, the others hear everything", () => withDemo(async (demo) => {
  const [speaker, slow, other] = await Promise.all([1, 2, 3].map(() => openPane(demo)));
  slow.pause();
  const piece = Buffer.alloc(512 * KiB, 1);
  for (let i = 0; i < 64; i++) {
    speaker.send(piece);
    assert.equal((await other.next()).length, piece.length);
  }
  slow.resume();
  let last;
  for (last = await slow.next(); last.code === undefined; last = await slow.next())
    assert.equal(last.length, piece.length);
  assert.equal(last.code, 1008);
  assert.match(last.reason, /slow/);
  speaker.send("still here");
  assert.equal(await other.next(), "still here");
}));

test("SIGINT drains: panes are closed with 1001, status 0", async () => {
  const demo = await startServer(DEMO);
  const pane = await openPane(demo);
  const ended = new Promise((resolve) => demo.child.once("exit", resolve));
  demo.child.kill("SIGINT");
  assert.equal((await pane.next()).code, 1001);
  assert.equal(await ended, 0);
});

test("a second signal ends it at once, though a peer does not answer", async () => {
  const demo = await startServer(DEMO);
  const raw = new Raw(demo).send(`GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  assert.equal((await takeResponse(raw)).status, 101);
  const ended = new Promise((resolve) => demo.child.once("exit", resolve));
  demo.child.kill("SIGINT");
  await raw.takeUntil("\x88\x02\x03\xe9");       /* its Close, which is not answered */
  const before = Date.now();
  demo.child.kill("SIGINT");
  assert.equal(await ended, 0);
  assert.ok(Date.now() - before < 3000, "it waited for its deadline");
  raw.destroy();
});

run();
