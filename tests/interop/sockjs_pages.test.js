/* What a SockJS service answers without a session: greeting, iframe page, info, preflights, and that it answers
 * nothing else. */

"use strict";

const { Raw, assert, handshake, run, takeResponse, test } = require("./support.js");
const { ask, expectCachedForAYear, expectCors, expectError, expectNoCors, expectNotCached, expectPreflight, ours,
  request } = require("./sockjs.js");

const PLAIN = "text/plain; charset=UTF-8";
const GREETING = "Welcome to SockJS!\n";
const NOT_FOUND = "404 Error: Page not found\n";

const IFRAME = `<!DOCTYPE html>
<html>
<head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
  <script src="URL"></script>
  <script>
    document.domain = document.domain;
    SockJS.bootstrap_iframe();
  </script>
</head>
<body>
  <h2>Don't panic!</h2>
  <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>
</body>
</html>`;

/* Each pattern below the prefix with the methods it has. */
const patterns = {
  "": ["GET"],
  "/": ["GET"],
  "/iframe.html": ["GET"],
  "/info": ["OPTIONS", "GET"],
  "/websocket": ["GET"],
  "/000/x/websocket": ["GET"],
  "/000/x/eventsource": ["GET"],
  "/000/x/htmlfile": ["GET"],
  "/000/x/jsonp": ["GET"],
  "/000/x/jsonp_send": ["POST"],
  "/000/x/xhr": ["POST", "OPTIONS"],
  "/000/x/xhr_send": ["POST", "OPTIONS"],
  "/000/x/xhr_streaming": ["POST", "OPTIONS"],
  "/chunking_test": ["POST", "OPTIONS"],
};

/* The greeting, and what is no page. */

for (const path of ["/echo", "/echo/"]) {
  test(`GET ${path} is greeted, without a cookie`, async (server) => {
    const answer = await ask(server, "GET", path);
    assert.deepEqual([answer.status, answer.headers["content-type"], answer.text], [200, PLAIN, GREETING]);
    assert.equal(answer.headers["set-cookie"], undefined);
    expectNoCors(answer);
  });
}

ours("GET /echo?x=1 is greeted", async (server) => {
  assert.equal((await ask(server, "GET", "/echo?x=1")).text, GREETING);
});

for (const path of ["/a", "/a.html", "//", "///", "/a/a", "/a/a/", "/a/", "/Info", "/INFO", "/info//", "/infos",
  "/000/x/XHR", "/000/x/xhr//", "/000/x/xhr/y", "/000/x/poll", "/websocket/x", "/000/x/websocket/y", "/info%2f",
  "/%69nfo"]) {
  test(`GET and POST /echo${path} are not found`, async (server) => {
    for (const method of ["GET", "POST"]) {
      const answer = await ask(server, method, `/echo${path}`);
      expectError(answer, 404, NOT_FOUND);
      assert.equal(answer.headers["content-type"], PLAIN);
    }
  });
}

for (const path of ["//xhr", "/a./a/xhr", "/a/a./xhr", "/./a/xhr", "/a/./xhr", "/./././xhr", "//a/xhr", "/a//xhr",
  "///xhr", "////xhr", "/xhr", "/a/xhr"]) {
  test(`GET and POST /echo${path} have no session and are not found`, async (server) => {
    for (const method of ["GET", "POST"])
      expectError(await ask(server, method, `/echo${path}`), 404, NOT_FOUND);
  });
}

test("/echofoo is not below /echo", async (server) => {
  const answer = await ask(server, "GET", "/echofoo");
  assert.equal(answer.status, 404);
  assert.notEqual(answer.text, NOT_FOUND);
});

test("a slash at the end changes nothing", async (server) => {
  assert.equal((await ask(server, "GET", "/echo/info/")).status, 200);
  assert.equal((await ask(server, "GET", "/echo/iframe.html/")).status, 200);
  assert.equal((await ask(server, "POST", "/echo/000/slash/xhr/")).text, "o\n");
});

/* Methods. */

for (const [path, allowed] of Object.entries(patterns)) {
  test(`/echo${path} has ${allowed.join(" and ")} and refuses other methods`, async (server) => {
    for (const method of ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"]) {
      if (allowed.includes(method))
        continue;
      const answer = await ask(server, method, `/echo${path}`);
      assert.deepEqual([method, answer.status, answer.text], [method, 405, ""]);
      assert.equal(answer.headers["content-type"], undefined);
      assert.deepEqual(answer.headers.allow.split(", ").sort(), [...allowed].sort());
    }
  });

  test(`HEAD /echo${path} is refused like any other, and the connection goes on`, async (server) => {
    const raw = new Raw(server).send(request("HEAD", `/echo${path}`));
    const answer = await takeResponse(raw, { method: "HEAD" });
    assert.equal(answer.status, 405);
    assert.deepEqual(answer.headers.allow.split(", ").sort(), [...allowed].sort());
    raw.send(request("GET", "/echo/"));
    assert.equal(String((await takeResponse(raw)).body), GREETING);
    raw.destroy();
  });
}

test("POST with an upgrade is refused too, and ends the connection", async (server) => {
  for (const path of ["/echo/websocket", "/echo/000/x/websocket"]) {
    const raw = new Raw(server).send(handshake({ "Content-Length": 0 }, { line: `POST ${path} HTTP/1.1` }));
    const answer = await takeResponse(raw);
    assert.equal(answer.status, 405);
    assert.equal(answer.headers.allow, "GET");
    assert.equal(answer.headers["content-type"], undefined);
    assert.equal(answer.body.length, 0);
    assert.equal(answer.headers.connection, "close");
    assert.equal((await raw.rest()).length, 0);
    raw.destroy();
  }
});

/* The iframe page. */

function expectIframe(answer) {
  assert.deepEqual([answer.status, answer.headers["content-type"]], [200, "text/html; charset=UTF-8"]);
  expectCachedForAYear(answer);
  expectNoCors(answer);
  assert.match(answer.headers.etag, /^"[^"]+"$/);
  assert.equal(answer.headers["set-cookie"], undefined);
  const url = /<script src="([^"]*)">/.exec(answer.text)?.[1];
  assert.match(url, /^(\/|http)/);
  assert.equal(answer.text.trim(), IFRAME.replace("URL", url));
  assert.equal(answer.headers["content-length"], String(Buffer.byteLength(answer.text)));
}

for (const page of ["iframe.html", "iframe-a.html", "iframe-.html", "iframe-0.1.2.html",
  "iframe-0.1.2abc-dirty.2144.html", "iframe-a.html?t=1234", "iframe-0.1.2.html?t=123414",
  "iframe-0.1.2abc-dirty.2144.html?t=qweqweqwe"]) {
  test(`/echo/${page} is the iframe page`, async (server) => {
    expectIframe(await ask(server, "GET", `/echo/${page}`));
  });
}

for (const page of ["iframe.htm", "iframe", "IFRAME.HTML", "IFRAME", "iframe.HTML", "iframe.xml", "iframe-/.html",
  "iframe_a b.html", "iframe-A.html", "iframe.html.html/x", "xiframe.html"]) {
  test(`/echo/${page} is not the iframe page`, async (server) => {
    const answer = await ask(server, "GET", `/echo/${page.replace(" ", "%20")}`);
    expectError(answer, 404, NOT_FOUND);
  });
}

test("the iframe page is not sent to those who have it", async (server) => {
  const { headers: { etag } } = await ask(server, "GET", "/echo/iframe.html");
  assert.equal((await ask(server, "GET", "/close/iframe-7.html")).headers.etag, etag);
  const raw = new Raw(server);
  const conditional = (tag) => {
    raw.send(request("GET", "/echo/iframe.html", { headers: { "If-None-Match": tag } }));
    return takeResponse(raw);
  };
  const answer = await conditional(etag);
  assert.equal(answer.status, 304);
  assert.equal(answer.headers["content-type"], undefined);
  const other = await conditional('"other"');
  assert.equal(other.status, 200);
  assert.equal(other.headers.etag, etag);
  raw.destroy();
});

ours("tags are compared as RFC 9110 says", async (server) => {
  const { headers: { etag } } = await ask(server, "GET", "/echo/iframe.html");
  for (const [tags, status] of [[`"a", ${etag}`, 304], [`W/${etag}`, 304], ["*", 304], ['"a", "b"', 200]])
    assert.equal((await ask(server, "GET", "/echo/iframe.html", { headers: { "If-None-Match": tags } })).status, status, tags);
});

/* Info. */

test("info is JSON, fresh, and for all origins", async (server) => {
  const answer = await ask(server, "GET", "/echo/info", { headers: { Origin: "http://page.test" } });
  assert.deepEqual([answer.status, answer.headers["content-type"]], [200, "application/json; charset=UTF-8"]);
  assert.equal(answer.headers["set-cookie"], undefined);
  expectNotCached(answer);
  expectCors(answer, "http://page.test");
  const { entropy, transports, ...rest } = JSON.parse(answer.text);
  assert.ok(transports === undefined || transports.includes("websocket"));
  assert.ok(Number.isInteger(entropy) && entropy >= 0 && entropy < 2 ** 32, `${entropy}`);
  assert.deepEqual(rest, { websocket: true, cookie_needed: false, origins: ["*:*"] });
});

test("info's entropy is another each time", async (server) => {
  const seen = new Set();
  for (let i = 0; i < 50; i++)
    seen.add(JSON.parse((await ask(server, "GET", "/echo/info")).text).entropy);
  assert.equal(seen.size, 50);
});

test("info names the origin that asked, also null, and any without one", async (server) => {
  for (const origin of ["null", undefined, "http://page.test:8080"])
    expectCors(await ask(server, "GET", "/echo/info", { headers: { Origin: origin ?? null } }), origin);
});

test("info answers a preflight", (server) => expectPreflight(server, "/echo/info", "OPTIONS, GET"));

test("info says which service has no websockets, and which needs cookies", async (server) => {
  const without = JSON.parse((await ask(server, "GET", "/disabled_websocket_echo/info")).text);
  assert.deepEqual([without.websocket, without.cookie_needed], [false, false]);
  const answer = await ask(server, "GET", "/cookie_needed_echo/info");
  const sticky = JSON.parse(answer.text);
  assert.deepEqual([sticky.websocket, sticky.cookie_needed], [true, true]);
  assert.equal(answer.headers["set-cookie"], undefined);
});

test("the service without websockets has neither of their pages, with and without an upgrade", async (server) => {
  for (const path of ["/disabled_websocket_echo/websocket", "/disabled_websocket_echo/000/x/websocket"]) {
    assert.equal((await ask(server, "GET", path)).status, 404);
    const raw = new Raw(server).send(handshake({}, { line: `GET ${path} HTTP/1.1` }));
    assert.equal((await takeResponse(raw)).status, 404);
    raw.destroy();
  }
  assert.equal((await ask(server, "POST", "/disabled_websocket_echo/000/off/xhr")).text, "o\n");
});

run();
