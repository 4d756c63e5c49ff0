/* `rill connect` against foreign servers: npm's ws and faye-websocket, plain, over TLS, and through each kind of
 * proxy. RILL names the program. */

"use strict";

const { spawn } = require("child_process");
const faye = require("faye-websocket");
const fayeDeflate = require("permessage-deflate");
const fs = require("fs");
const http = require("http");
const https = require("https");
const os = require("os");
const path = require("path");
const { WebSocketServer } = require("ws");
const { connect } = require("./connect.js");
const { makeCertificates } = require("./certificates.js");
const { startProxy } = require("./proxy.js");
const { KiB, MiB, assert, eventually, run, test } = require("./support.js");

const certificates = makeCertificates();
const CA = ["--ca", certificates.caFile];

/* Servers. */

async function listening(server, { scheme, name = "127.0.0.1" }) {
  const sockets = new Set();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: server.address().port,
    url: `${scheme}://${name}:${server.address().port}/`,
    stop() {
      for (const socket of sockets)
        socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

function httpServer(tls) {
  return tls ? https.createServer(tls === true ? certificates.server : tls) : http.createServer();
}

/* on(socket, request): an open connection of ws. */
async function startWs({ tls = false, on = () => {}, ...options } = {}) {
  const server = httpServer(tls);
  new WebSocketServer({ server, ...options }).on("connection", (socket, request) => {
    socket.on("error", () => {});
    on(socket, request);
  });
  return listening(server, { scheme: tls ? "wss" : "ws" });
}

function echoWs(options = {}) {
  return startWs({ ...options, on: (socket) => socket.on("message", (data, binary) => socket.send(data, { binary })) });
}

async function echoFaye({ tls = false } = {}) {
  const server = httpServer(tls);
  server.on("upgrade", (request, socket, head) => {
    const peer = new faye(request, socket, head, ["chat"], { extensions: [fayeDeflate] });
    peer.on("message", (event) => peer.send(event.data));
  });
  return listening(server, { scheme: tls ? "wss" : "ws" });
}

async function using(starting, body) {
  const server = await starting;
  try {
    return await body(server);
  } finally {
    await server.stop();
  }
}

function closed(result, code, reason = "") {
  assert.equal(result.status, 0, `${result.lines.join("\n")} ${result.stderr}`);
  assert.deepEqual(result.close, { event: "close", code, reason });
  assert.equal(result.error, undefined);
}

function failed(result, words, { status, code = 1006 } = {}) {
  assert.equal(result.status, 1, `${result.lines.join("\n")} ${result.stderr}`);
  assert.match(result.error?.message ?? "nothing", words);
  assert.equal(result.error.status, status);
  assert.equal(result.close?.code, code);
}

/* Echoes. */

const LONG = "é🌊x".repeat(20000);

for (const [name, start] of [["ws", echoWs], ["faye-websocket", echoFaye]]) {
  for (const tls of [false, true]) {
    test(`${name}${tls ? " over TLS" : ""}: lines come back, the close is clean`, () => using(start({ tls }), async ({ url }) => {
      const client = connect(...(tls ? CA : []), url);
      const open = await client.event("open");
      assert.deepEqual([open.status, open.protocol, open.headers.upgrade.toLowerCase()], [101, "", "websocket"]);
      const said = ["hello", "", "zwei \\ \"Wörter\"\t\u0001", LONG];
      for (const line of said)
        client.say(line);
      await client.event("message", ({ data }) => data === LONG);
      assert.deepEqual(client.messages(), said);
      client.child.kill("SIGINT");
      closed(await client.done(), 1000);
    }));
  }
}

test("--deflate: on offers client_max_window_bits, off nothing, parameters themselves; compressed messages come back",
  async () => {
    const offers = [];
    const start = () => startWs({ perMessageDeflate: { threshold: 0 }, on(socket, request) {
      offers.push(request.headers["sec-websocket-extensions"]);
      socket.on("message", (data, binary) => socket.send(data, { binary }));
    } });
    const text = "compress me ".repeat(500);
    await using(start(), async ({ url }) => {
      for (const [words, agreed] of [[[], /^permessage-deflate/], [["--deflate", "on"], /^permessage-deflate/],
        [["--deflate", "off"], /^$/],
        [["--deflate", "server_no_context_takeover; client_no_context_takeover"], /server_no_context_takeover/],
        [["--deflate=server_max_window_bits=10;client_max_window_bits=11"], /server_max_window_bits=10/]]) {
        const result = await connect(...words, "--send", text, "--count", "1", url).done();
        closed(result, 1000);
        assert.match(result.open.extensions, agreed);
        assert.deepEqual(result.messages, [text]);
      }
    });
    assert.deepEqual(offers.slice(0, 3),
      ["permessage-deflate; client_max_window_bits", "permessage-deflate; client_max_window_bits", undefined]);
    const parameters = (offer) => offer.split(/; */).slice(1).sort();
    assert.deepEqual(parameters(offers[3]), ["client_no_context_takeover", "server_no_context_takeover"]);
    assert.deepEqual(parameters(offers[4]), ["client_max_window_bits=11", "server_max_window_bits=10"]);
  });

test("subprotocols, headers, origin and credentials reach the server; the answer's headers are told", () =>
  using(startWs({
    handleProtocols: (offered) => (offered.has("two") ? "two" : false),
    verifyClient: ({ req }) => {
      assert.equal(req.headers["sec-websocket-protocol"].replace(/ /g, ""), "one,two");
      assert.equal(req.headers.origin, "https://a.example");
      assert.equal(req.headers["x-first"], "1: and more");
      assert.equal(req.headers.cookie, "a=b");
      assert.equal(req.headers.authorization, `Basic ${Buffer.from("me:p@ss").toString("base64")}`);
      assert.equal(req.url, "/?q=1");
      return true;
    },
  }), async ({ port }) => {
    const result = await connect("--protocol", "one", "--protocol", "two", "--header", "X-First: 1: and more",
      "--header", "Cookie: a=b", "--origin", "https://a.example", "--close", "1000",
      `ws://me:p%40ss@127.0.0.1:${port}/?q=1`).done();
    closed(result, 1000);
    assert.equal(result.open.protocol, "two");
    assert.equal(result.open.headers["sec-websocket-protocol"], "two");
  }));

test("a field that comes twice is one field", () => {
  const server = httpServer();
  new WebSocketServer({ server }).on("headers", (headers) => headers.push("Set-Cookie: a=1", "X: y", "set-cookie: b=2"));
  return using(listening(server, { scheme: "ws" }), async ({ url }) => {
    const result = await connect("--close", "1000", url).done();
    closed(result, 1000);
    assert.equal(result.open.headers["set-cookie"], "a=1, b=2");
  });
});

/* What is sent, and how it ends. */

test("--send, --binary: bytes go as bytes, in order, and come as base64", () => using(echoWs(), async ({ url }) => {
  const result = await connect("--binary", "--send", "é", "--send", "", "--send", "abc", "--count", "3", url).done();
  closed(result, 1000);
  assert.deepEqual(result.messages, ["w6k=", "", "YWJj"]);
  assert.ok(result.events.filter(({ event }) => event === "message").every(({ kind }) => kind === "binary"));
}));

test("--count prints exactly so many, whatever else comes, and closes as --close says", () => {
  let close;
  return using(startWs({ on(socket) {
    for (let i = 0; i < 100; i++)
      socket.send(String(i));
    socket.on("close", (code, reason) => { close = [code, String(reason)]; });
  } }), async ({ url }) => {
    const result = await connect("--count", "3", "--close", "4001:so: it ends", url).done();
    assert.equal(result.status, 0);
    assert.deepEqual(result.messages, ["0", "1", "2"]);
    await eventually(() => close, "the server's close");
    assert.deepEqual(close, [4001, "so: it ends"]);
  });
});

test("--close acts after the last --send, and at once without one, though standard input stays open", () => {
  const heard = [];
  return using(startWs({ on(socket) {
    socket.on("message", (data) => heard.push(String(data)));
    socket.on("close", (code) => heard.push(code));
  } }), async ({ url }) => {
    closed(await connect("--close", "3000", "--send", "a", "--send", "b", url).done(), 3000);
    closed(await connect("--close", "1000", url).done(), 1000);
    await eventually(() => heard.length === 4, "four things");
    assert.deepEqual(heard, ["a", "b", 3000, 1000]);
  });
});

test("--echo sends back what comes, of its kind, until the server closes", () => {
  const back = [];
  return using(startWs({ on(socket) {
    socket.send("text");
    socket.send(Buffer.from([0, 255]));
    socket.send("x".repeat(MiB));
    socket.on("message", (data, binary) => {
      back.push(binary ? [...data] : data.length);
      if (back.length === 3)
        socket.close(4002, "thanks");
    });
  } }), async ({ url }) => {
    closed(await connect("--echo", url).done(), 4002, "thanks");
    assert.deepEqual(back, [4, [0, 255], MiB]);
  });
});

test("--echo to a server that does not read: it is not read from either, and gets everything when it reads", () => {
  const MESSAGES = 300, SIZE = 64 * KiB;
  let server, back = 0;
  return using(startWs({ perMessageDeflate: false, on(socket) {
    server = socket;
    socket.pause();
    for (let i = 0; i < MESSAGES; i++)
      socket.send("z".repeat(SIZE));
    socket.on("message", (data) => {
      back += data.length === SIZE ? 1 : 0;
      if (back === MESSAGES)
        socket.close(1000);
    });
  } }), async ({ url }) => {
    const client = connect("--echo", "--deflate", "off", url);
    let before = -1;
    await eventually(() => {
      const now = server?.bufferedAmount ?? 0;
      const still = now > 0 && now === before;
      before = now;
      return still;
    }, "standstill");
    server.resume();
    closed(await client.done(), 1000);
    assert.equal(client.messages().length, MESSAGES);
  });
});

test("the server's Close: its code, its reason, 1005 for an empty one; status 0", () => {
  const closes = [[4999, "grüße"], [1011, ""], [1002, "you broke it"], [1007, "bad"], []];
  return using(startWs({ on: (socket) => socket.close(...closes[0]) }), async ({ url }) => {
    for (; closes.length; closes.shift())
      closed(await connect(url).done(), closes[0][0] ?? 1005, closes[0][1] ?? "");
  });
});

test("a connection that is lost is 1006 and status 1", () =>
  using(startWs({ on: (socket) => socket.terminate() }), async ({ url }) => {
    const result = await connect(url).done();
    assert.equal(result.status, 1);
    assert.equal(result.close.code, 1006);
    assert.ok(result.open);
  }));

test("pings and pongs are told: text, or base64 with a word that it is", () => using(startWs({ on(socket) {
  socket.ping("hi");
  socket.ping(Buffer.from([0xff, 0xfe]));
  socket.pong("unasked");
} }), async ({ url }) => {
  const client = connect(url);
  assert.deepEqual(await client.event("pong"), { event: "pong", data: "unasked" });
  assert.deepEqual(client.events.filter(({ event }) => event === "ping"),
    [{ event: "ping", data: "hi" }, { event: "ping", data: "//4=", base64: true }]);
  client.child.kill("SIGTERM");
  closed(await client.done(), 1000);
}));

test("--ping pings again and again, and hears the pongs", () => {
  let pings = 0;
  return using(startWs({ on: (socket) => socket.on("ping", () => {
    if (++pings === 3)
      socket.close(1000);
  }) }), async ({ url }) => {
    const result = await connect("--ping", "0.05", url).done();
    closed(result, 1000);
    assert.ok(result.events.filter(({ event }) => event === "pong").length >= 2);
  });
});

test("a message above --max-message closes with 1009 and status 1", () =>
  using(startWs({ on: (socket) => socket.send("x".repeat(101)) }), async ({ url }) => {
    failed(await connect("--max-message", "100", url).done(), /./, { code: 1009 });
  }));

/* Standard input and output. */

test("standard input may be a file, or nothing; its end ends nothing", () => {
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "rill-input-")), "lines");
  fs.writeFileSync(file, "one\n\nthree\nlast without an end");
  const input = fs.openSync(file, "r");
  return using(echoWs(), async ({ url }) => {
    const lines = connect("--count", "4", url, { input });
    const silent = connect(url, { input: "ignore" });
    closed(await lines.done(), 1000);
    assert.deepEqual(lines.messages(), ["one", "", "three", "last without an end"]);
    await silent.event("open");
    silent.child.kill("SIGINT");
    closed(await silent.done(), 1000);
  }).finally(() => {
    fs.closeSync(input);
    fs.rmSync(path.dirname(file), { recursive: true });
  });
});

test("a line that is not UTF-8 is not sent as text, and said to be so", () => using(echoWs(), async ({ url }) => {
  const client = connect("--count", "1", url);
  await client.event("open");
  client.child.stdin.write(Buffer.from("a\xff\n", "latin1"));
  client.say("fine");
  const result = await client.done();
  assert.deepEqual(result.messages, ["fine"]);
  assert.match(result.stderr, /^rill: .*UTF-8.*--binary.*\n$/);
}));

test("a server that does not read holds standard input back, and gets every line when it reads", () => {
  const LINES = 400, SIZE = 64 * KiB;
  let server, heard = 0;
  return using(startWs({ perMessageDeflate: false, on(socket) {
    server = socket;
    socket.pause();
    socket.on("message", (data) => { heard += data.length === SIZE ? 1 : 0; });
  } }), async ({ url }) => {
    const client = connect("--deflate", "off", url);
    await client.event("open");
    for (let i = 0; i < LINES; i++)
      client.say("x".repeat(SIZE));
    /* What it has not taken stands in our own pipe. */
    let before = -1;
    await eventually(() => {
      const still = client.child.stdin.writableLength === before;
      before = client.child.stdin.writableLength;
      return still && before < LINES * SIZE;
    }, "standstill");
    assert.ok(client.child.stdin.writableLength > 0, "it took everything");
    server.resume();
    await eventually(() => heard === LINES, "every line");
    client.child.kill("SIGINT");
    closed(await client.done(), 1000);
  });
});

test("a reader that is slow holds the server back, and gets every message when it reads", () => {
  const MESSAGES = 300, SIZE = 64 * KiB;
  let server;
  return using(startWs({ perMessageDeflate: false, on(socket) {
    server = socket;
    for (let i = 0; i < MESSAGES; i++)
      socket.send("y".repeat(SIZE));
  } }), async ({ url }) => {
    const client = connect("--deflate", "off", "--count", String(MESSAGES), url);
    client.child.stdout.pause();
    let before = -1;
    await eventually(() => {
      const now = server?.bufferedAmount ?? 0;
      const still = now > 0 && now === before;
      before = now;
      return still;
    }, "standstill");
    client.child.stdout.resume();
    const result = await client.done();
    assert.equal(result.status, 0);
    assert.ok(result.messages.length === MESSAGES && result.messages.every(({ length }) => length === SIZE));
  });
});

test("a reader that leaves ends it with status 1", () => {
  let server;
  return using(startWs({ on(socket) {
    server = socket;
    socket.send("one");
  } }), async ({ url }) => {
    const client = connect(url);
    await client.event("message");
    client.child.stdout.destroy();
    server.send("two");
    const { status } = await client.done();
    assert.equal(status, 1);
  });
});

test("standard descriptors that are closed are not taken for the connection", () => {
  const heard = [];
  return using(startWs({ on(socket) {
    socket.on("message", (data) => heard.push(String(data)));
    socket.on("close", (code) => heard.push(code));
  } }), async ({ url }) => {
    const status = await new Promise((resolve) =>
      spawn("sh", ["-c", 'exec "$RILL" connect --json --send hi --close 1000 "$0" <&- >&-', url]).once("exit", resolve));
    assert.equal(status, 0);
    await eventually(() => heard.length === 2, "the close");
    assert.deepEqual(heard, ["hi", 1000]);
  });
});

/* TLS. */

test("a certificate that is not to be believed is refused, --insecure takes it, --ca believes its authority", async () => {
  await using(echoWs({ tls: true }), async ({ url, port }) => {
    failed(await connect(url).done(), /certificate/i);
    failed(await connect(...CA, `wss://127.0.0.2:${port}/`).done(), /./);
    closed(await connect("--insecure", "--close", "1000", url).done(), 1000);
    closed(await connect(...CA, "--close", "1000", url).done(), 1000);
    closed(await connect(...CA, "--close", "1000", `wss://localhost:${port}/`).done(), 1000);
  });
  await using(echoWs({ tls: certificates.stranger }), async ({ url }) =>
    failed(await connect(...CA, url).done(), /certificate|name|match/i));
});

test("--cert and --key show who we are", () =>
  using(startWs({ tls: { ...certificates.server, ca: certificates.ca, requestCert: true, rejectUnauthorized: true } }),
    async ({ url }) => {
      const { certFile, keyFile } = certificates.client;
      closed(await connect(...CA, "--cert", certFile, "--key", keyFile, "--close", "1000", url).done(), 1000);
      const refused = await connect(...CA, "--close", "1000", url).done();
      assert.equal(refused.status, 1);
      assert.equal(refused.close.code, 1006);
    }));

test("files that are none: an error and status 1", async () => {
  failed(await connect("--ca", "/nonexistent/ca.pem", "wss://127.0.0.1:1/").done(), /ca\.pem/);
});

test("plain where TLS is spoken, and TLS where it is not, fail", async () => {
  await using(echoWs({ tls: true }), async ({ port }) => {
    const result = await connect(`ws://127.0.0.1:${port}/`).done();
    assert.equal(result.status, 1);
    assert.equal(result.close.code, 1006);
  });
  await using(echoWs(), async ({ port }) => failed(await connect(`wss://127.0.0.1:${port}/`).done(), /TLS/));
});

/* Proxies. */

const user = "someone:s%3Acret", credentials = "someone:s:cret";

for (const proxyTls of [false, true]) {
  for (const tls of [false, true]) {
    const name = `through an ${proxyTls ? "HTTPS" : "HTTP"} proxy to ${tls ? "wss" : "ws"}`;
    const secure = proxyTls ? certificates.server : null;

    test(`${name}: it echoes; the proxy sees its own fields and nothing of the handshake`, () =>
      using(echoWs({ tls }), ({ url, port }) => using(startProxy({ tls: secure }), async (proxy) => {
        const result = await connect(...CA, "--proxy", proxy.url(), "--proxy-header", "X-For-Proxy: 1",
          "--header", "X-For-Server: 1", "--send", "hi", "--count", "1", url).done();
        closed(result, 1000);
        assert.deepEqual(result.messages, ["hi"]);
        assert.equal(proxy.requests.length, 1);
        const [{ url: asked, headers }] = proxy.requests;
        assert.equal(asked, `127.0.0.1:${port}`);
        assert.equal(headers["x-for-proxy"], "1");
        assert.equal(headers["x-for-server"], undefined);
        assert.ok(!Object.keys(headers).some((field) => /websocket|upgrade|origin|authorization/.test(field)));
      })));

    test(`${name}, with credentials: the right ones open, none are 407`, () =>
      using(echoFaye({ tls }), ({ url }) => using(startProxy({ tls: secure, credentials }), async (proxy) => {
        closed(await connect(...CA, "--proxy", proxy.url(user), "--close", "1000", url).done(), 1000);
        failed(await connect(...CA, "--proxy", proxy.url(), url).done(), /407/, { status: 407 });
        failed(await connect(...CA, "--proxy", proxy.url("someone:else"), url).done(), /407/, { status: 407 });
      })));
  }
}

test("an event stream through a proxy", () => {
  const server = http.createServer((request, response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" }).write("data: one\n\n");
  });
  return using(listening(server, { scheme: "http" }), ({ url }) => using(startProxy(), async (proxy) => {
    const result = await connect("--proxy", proxy.url(), "--count", "1", url).done();
    assert.equal(result.status, 0);
    assert.deepEqual(result.messages, ["one"]);
  }));
});

test("a proxy that is silent, breaks off, refuses or talks nonsense: status 1 and its status", async () => {
  const url = "ws://127.0.0.1:1/";
  for (const [answer, words, status] of [
    [() => {}, /not answered/], [(socket) => socket.destroy(), /./], [(socket) => socket.end(), /./],
    [(socket) => socket.end("HTTP/1.1 503 Busy\r\n\r\n"), /503/, 503],
    [(socket) => socket.end("HTTP/1.1 403 Forbidden\r\n\r\n"), /403/, 403],
    [(socket) => socket.end("SSH-2.0-nonsense\r\n\r\n"), /./],
    [(socket) => socket.write("HTTP/1.1 200 OK\r\n"), /not answered/],
  ]) {
    await using(startProxy({ answer }), async (proxy) =>
      failed(await connect("--timeout", "0.5", "--proxy", proxy.url(), url).done(), words, { status }));
  }
});

/* For people. */

test("without --json: times, marks, a reason; and no control character of a peer's reaches the terminal", () =>
  using(startWs({ on(socket) {
    socket.send("two\nlines \x1b[31mred\x07 \u202e");
    socket.send(Buffer.from([1, 2, 255]));
    socket.close(4000, "enough");
  } }), async ({ url }) => {
    const { status, lines } = await connect("--send", "mine", url, { json: false }).done();
    assert.equal(status, 0);
    const time = /^\d\d:\d\d:\d\d\.\d{3} /;
    const told = lines.map((line) => line.replace(time, ""));
    assert.match(told[0], /^\* connected to ws:\/\//);
    assert.ok(told.includes("> mine"));
    assert.ok(told.includes("< two"));
    assert.ok(told.some((line) => /^ +\| lines \\x1b\[31mred\\x07 \\u202e$/.test(line)));
    assert.ok(told.includes("< 3 bytes  01 02 ff"));
    assert.match(told[told.length - 1], /^\* closed by the server: 4000, "enough"$/);
    assert.ok(lines.every((line) => !line.includes("\x1b")), "no colour where there is no terminal");
  }));

test("without --json a failure is one sentence on standard error", async () => {
  const { status, stderr, lines } = await connect("ws://127.0.0.1:1/", { json: false }).done();
  assert.equal(status, 1);
  assert.match(stderr, /^rill: .*refused.*\n$/i);
  assert.deepEqual(lines, []);
});

test("a password in the URL is not shown", () => using(echoWs(), async ({ port }) => {
  const { lines } = await connect("--close", "1000", `ws://me:secret@127.0.0.1:${port}/`, { json: false }).done();
  assert.ok(lines.length > 0 && lines.every((line) => !line.includes("secret")));
}));

run();
