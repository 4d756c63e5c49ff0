/* The command line of `rill connect`: what is wrong with it is said in one sentence, and nothing is sent. RILL
 * names the program. */

"use strict";

const net = require("net");
const { spawnSync } = require("child_process");
const { connect } = require("./connect.js");
const { assert, run, test } = require("./support.js");

let URL = "ws://127.0.0.1:1/";

const misuses = [
  [[], /URL/], [["--json"], /URL/], [["U", "U"], /one URL too many/], [["example.org"], /scheme/], [["ftp://a/"], /scheme/],
  [["//a"], /scheme/], [["ws:"], /./], [["ws://"], /./], [["ws:///path"], /./], [["ws://:80/"], /./], [["ws://a:x/"], /./],
  [["ws://a:65536/"], /./], [["ws://a:-1/"], /./], [["ws://a b/"], /./], [["ws://[::1/"], /./], [["ws://a/#fragment"], /./],
  [["--nonsense", "U"], /--nonsense/], [["--nonsense=1", "U"], /--nonsense/], [["-x", "U"], /-x/], [["U", "--send"], /--send needs/],
  [["U", "--header"], /--header needs/], [["--json=yes", "U"], /--json/],
  [["--count", "0", "U"], /--count/], [["--count", "x", "U"], /--count/], [["--count", "-1", "U"], /--count/],
  [["--count", "99999999999999999999", "U"], /--count/], [["--count", "", "U"], /--count/],
  [["--timeout", "x", "U"], /--timeout/], [["--timeout", "-1", "U"], /--timeout/], [["--timeout", "1e3", "U"], /--timeout/],
  [["--timeout", "inf", "U"], /--timeout/], [["--timeout", "1.", "U"], /--timeout/], [["--timeout", "86401", "U"], /--timeout/],
  [["--ping", "soon", "U"], /--ping/], [["--ping", "", "U"], /--ping/],
  [["--max-message", "0", "U"], /--max-message/], [["--max-message", "1k", "U"], /--max-message/],
  [["--close", "999", "U"], /--close/], [["--close", "1001", "U"], /--close/], [["--close", "2999", "U"], /--close/],
  [["--close", "5000", "U"], /--close/], [["--close", "1000reason", "U"], /--close/], [["--close", "", "U"], /--close/],
  [["--close", `1000:${"x".repeat(124)}`, "U"], /--close/], [["--close", "01000", "U"], /--close/],
  [["--header", "no colon", "U"], /./], [["--header", "a b: c", "U"], /./], [["--header", ": c", "U"], /./],
  [["--header", "a: b\r\nc: d", "U"], /./], [["--header", "Host: x", "U"], /./], [["--header", "Upgrade: x", "U"], /./],
  [["--header", "connection: x", "U"], /./], [["--header", "Sec-WebSocket-Key: x", "U"], /./],
  [["--header", "Sec-WebSocket-Version: 8", "U"], /./], [["--header", "Sec-WebSocket-Protocol: x", "U"], /./],
  [["--header", "Sec-WebSocket-Extensions: x", "U"], /./],
  [["--origin", "a\nb", "U"], /./], [["--origin", "a", "--origin", "b", "U"], /--origin/],
  [["--protocol", "a b", "U"], /./], [["--protocol", "", "U"], /./], [["--protocol", "a,b", "U"], /./],
  [["--protocol", "a", "--protocol", "a", "U"], /./],
  [["--deflate", "", "U"], /--deflate/], [["--deflate", "maybe", "U"], /--deflate/], [["--deflate", "a=1", "U"], /--deflate/],
  [["--deflate", "server_max_window_bits=7", "U"], /server_max_window_bits/],
  [["--deflate", "server_max_window_bits=16", "U"], /server_max_window_bits/],
  [["--deflate", "server_max_window_bits", "U"], /server_max_window_bits/],
  [["--deflate", "client_max_window_bits=8", "U"], /client_max_window_bits/],
  [["--deflate", "client_max_window_bits=010", "U"], /client_max_window_bits/],
  [["--deflate", "client_no_context_takeover=1", "U"], /client_no_context_takeover/],
  [["--deflate", "client_no_context_takeover;client_no_context_takeover", "U"], /twice/],
  [["--deflate", "client_no_context_takeover;", "U"], /--deflate/],
  [["--proxy", "socks5://127.0.0.1:1", "U"], /./], [["--proxy", "127.0.0.1:1", "U"], /./], [["--proxy", "http://", "U"], /./],
  [["--proxy", "http://a:x", "U"], /./], [["--proxy-header", "a: b", "U"], /--proxy/],
  [["--proxy", "http://127.0.0.1:1", "--proxy-header", "nothing", "U"], /./],
  [["--cert", "a.pem", "U"], /--key/], [["--key", "a.pem", "U"], /--cert/],
  [["--send", "x", "http://127.0.0.1:1/"], /--send/], [["--echo", "http://127.0.0.1:1/"], /--echo/],
  [["--protocol", "x", "https://127.0.0.1:1/"], /--protocol/],
];

for (const [args, words] of misuses) {
  test(`connect ${args.join(" ").slice(0, 60)}: one sentence, status 2, nothing sent`, async () => {
    const { status, stderr, lines } = await connect(...args.map((word) => (word === "U" ? URL : word))).done();
    assert.equal(status, 2, stderr);
    assert.match(stderr, /^rill: [^\n]+\n$/);
    assert.match(stderr, words);
    assert.deepEqual(lines, []);
  });
}

test("nobody was connected to all along", () => assert.equal(connections, 0));

test("rill connect --help and rill help connect explain every option", () => {
  const said = (...args) => spawnSync(process.env.RILL, args, { encoding: "utf8" });
  const help = said("help", "connect");
  assert.equal(help.status, 0);
  for (const option of ["protocol", "header", "origin", "proxy", "proxy-header", "ca", "insecure", "cert", "key", "deflate",
    "max-message", "ping", "timeout", "echo", "send", "binary", "count", "close", "json", "socketio",
    "namespace", "auth"])
    assert.ok(help.stdout.includes(`  --${option} `) || help.stdout.includes(` --${option} `), option);
  assert.ok(help.stdout.split("\n").every((line) => line.length <= 90));
  for (const again of [said("connect", "--help"), said("connect", "--json", "--help")])
    assert.deepEqual([again.status, again.stdout], [0, help.stdout]);
  assert.match(said("--help").stdout, /^ {2}connect /m);
});

test("a value may look like an option", async () => {
  const { status, error } = await connect("--send", "--help", "ws://127.0.0.1:1/").done();
  assert.equal(status, 1);
  assert.match(error.message, /refused/i);
});

/* Somebody listens, and must hear nothing. */
let connections = 0;
const server = net.createServer(() => { connections += 1; });
server.listen(0, "127.0.0.1", () => {
  URL = `ws://127.0.0.1:${server.address().port}/`;
  run();
});
