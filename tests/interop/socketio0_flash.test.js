/* Socket.IO 0.5 and 0.6: the policy that Flash asks for before it connects, on a port of its own and on any other. */

"use strict";

const readline = require("readline");
const { Raw, assert, run, startServer, takeResponse } = require("./support.js");
const { APP, ask, open, ours } = require("./socketio0.js");

const REQUEST = "<policy-file-request/>\0";
const POLICY = '<?xml version="1.0"?>\n<!DOCTYPE cross-domain-policy SYSTEM "http://www.macromedia.com/xml/dtds/' +
  'cross-domain-policy.dtd">\n<cross-domain-policy>\n<allow-access-from domain="*" to-ports="*"/>\n</cross-domain-policy>\n';

async function expectPolicy(raw) {
  assert.equal(String(await raw.rest()).slice(0, POLICY.length), POLICY);
  raw.destroy();
}

/* (The server of 2011 does this, but today's Node answers in its place that this is no HTTP.) */
ours("who asks for it on the service's port gets it, and the end", (server) => expectPolicy(new Raw(server).send(REQUEST)));

ours("nothing comes behind the policy", async (server) => {
  assert.equal(String(await new Raw(server).send(REQUEST).rest()), POLICY);
});

ours("it may be asked for in any two pieces, and byte by byte", async (server) => {
  for (let cut = 1; cut < REQUEST.length; cut++) {
    const raw = new Raw(server).send(REQUEST.slice(0, cut));
    await ask(server, "GET", "/health"); /* the first has arrived */
    await expectPolicy(raw.send(REQUEST.slice(cut)));
  }
  await expectPolicy(await new Raw(server).sendBytewise(REQUEST));
});

ours("who has ended its side is told, too", (server) => expectPolicy(new Raw(server).send(REQUEST).end()));

ours("what is nearly the same is a bad request", async (server) => {
  for (const bytes of ["<policy-file-request/> \r\n\r\n", "<policy-file-request>\0\r\n\r\n", "<Policy-file-request/>\0\r\n\r\n",
    "<\r\n\r\n", "<policy-file-request/>\r\n\r\n", " <policy-file-request/>\0\r\n\r\n"]) {
    const raw = new Raw(server).send(bytes);
    const answer = await takeResponse(raw);
    assert.equal(answer?.status, 400, JSON.stringify(bytes));
    raw.destroy();
  }
});

ours("behind a request there is no policy", async (server) => {
  const raw = new Raw(server).send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.equal((await takeResponse(raw)).status, 200);
  raw.send(`${REQUEST}\r\n\r\n`);
  const answer = await takeResponse(raw);
  assert.ok(answer === null || answer.status === 400);
  raw.destroy();
});

ours("half of the question and an end is nothing", async (server) => {
  for (let cut = 1; cut < REQUEST.length; cut++) {
    const raw = new Raw(server).send(REQUEST.slice(0, cut)).end();
    assert.ok(!String(await raw.rest()).includes("cross-domain-policy"));
    raw.destroy();
  }
});

/* The port of its own, whose number is said on standard error. */

async function withPolicyPort(body) {
  const started = await startServer({ args: [...APP.args, "--flash-policy-port", "0"], stderr: "pipe" });
  const said = readline.createInterface({ input: started.child.stderr });
  const line = await new Promise((resolve) => said.once("line", resolve));
  const [, host, port] = /^policy on (\S+):(\d+)$/.exec(line) ?? assert.fail(line);
  try {
    await body(started, { host, port: Number(port) });
  } finally {
    assert.equal(await started.stop(), 0);
  }
}

ours("on a port of its own everybody gets it at once, without a word", () => withPolicyPort(async (started, policy) => {
  assert.notEqual(policy.port, started.port);
  await Promise.all(Array.from({ length: 50 }, async () => {
    const raw = new Raw(policy);
    assert.equal(String(await raw.rest()), POLICY);
    raw.destroy();
  }));
}));

ours("on a port of its own whatever is said does not matter", () => withPolicyPort(async (_, policy) => {
  for (const bytes of [REQUEST, "GET / HTTP/1.1\r\n\r\n", "x".repeat(100000)]) {
    const raw = new Raw(policy).send(bytes);
    assert.equal(String(await raw.take(POLICY.length)), POLICY);
    await raw.rest();
    raw.destroy();
  }
}));

ours("on a port of its own those who stay, and those who do not read, do no harm", () => withPolicyPort(async (started, policy) => {
  const staying = Array.from({ length: 200 }, () => new Raw(policy));
  for (const raw of staying)
    raw.socket.pause();
  const client = await open(started, "xhr-polling");
  await client.settle();
  await client.cut();
  const raw = new Raw(policy);
  assert.equal(String(await raw.rest()), POLICY);
  staying.forEach((each) => each.destroy());
}));

run(APP);
