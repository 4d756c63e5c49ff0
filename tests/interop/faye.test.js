/* faye-websocket's client against the test server. */

"use strict";

const crypto = require("crypto");
const { Client } = require("faye-websocket");
const deflate = require("permessage-deflate");
const { MiB, assert, run, test } = require("./support.js");

const SIZES = [0, 1, 125, 126, 65535, 65536, MiB];

/* next() is the next message's data, or the close event. */
async function open(server, protocols = [], options = {}) {
  const client = new Client(server.ws, protocols, options);
  const waiting = [];
  const come = [];
  const put = (item) => (waiting.length ? waiting.shift()(item) : come.push(item));
  client.onmessage = ({ data }) => put(data);
  client.onclose = ({ code, reason }) => put({ code, reason });
  client.next = () => (come.length ? Promise.resolve(come.shift()) : new Promise((resolve) => waiting.push(resolve)));
  await new Promise((resolve, reject) => {
    client.onopen = resolve;
    client.onerror = reject;
  });
  return client;
}

async function expectEcho(client, message) {
  client.send(message);
  const echo = await client.next();
  assert.equal(typeof echo, typeof message);
  assert.ok(typeof message === "string" ? echo === message : Buffer.from(echo).equals(message));
}

async function close(client, code = 1000, reason = "") {
  client.close(code, reason);
  assert.deepEqual(await client.next(), { code, reason });
}

async function expectEchoes(client) {
  for (const size of SIZES) {
    await expectEcho(client, "é".repeat(size >> 1) + "a".repeat(size & 1));
    await expectEcho(client, crypto.randomBytes(size));
  }
}

test("texts and bytes come back", async (server) => {
  const client = await open(server);
  assert.equal(client.version, "hybi-13");
  await expectEchoes(client);
  await close(client);
});

for (const noContextTakeover of [false, true]) {
  for (const requestNoContextTakeover of [false, true]) {
    for (const maxWindowBits of [undefined, 9, 15]) {
      for (const requestMaxWindowBits of [undefined, 9, 15]) {
        const options = { noContextTakeover, requestNoContextTakeover, maxWindowBits, requestMaxWindowBits };
        for (const key of Object.keys(options).filter((key) => options[key] === undefined))
          delete options[key];
        test(`they come back compressed with ${JSON.stringify(options)}`, async (server) => {
          const client = await open(server, [], { extensions: [deflate.configure(options)] });
          assert.match(client.headers["sec-websocket-extensions"], /^permessage-deflate/);
          await expectEchoes(client);
          await close(client);
        });
      }
    }
  }
}

test("pings are answered, each to its own callback", async (server) => {
  const client = await open(server);
  await Promise.all(["", "one", "two"].map((text) => new Promise((resolve) => client.ping(text, resolve))));
  await close(client);
});

test("the first subprotocol of the client's that the server speaks is taken", async (server) => {
  const client = await open(server, ["x", "amqp", "irc"]);
  assert.equal(client.protocol, "amqp");
  await close(client);
});

test("close codes and reasons come back", async (server) => {
  for (const [code, reason] of [[1000, "done"], [3000, "r".repeat(123)], [4999, "grüße"]])
    await close(await open(server), code, reason);
});

run();
