/* Nothing that a client sends ends or slows a Socket.IO server: while each of these attacks goes on, honest clients
 * are answered. */

"use strict";

const { MiB, Raw, assert, eventually, frame, handshake, run, takeHead, takeResponse, test } = require("./support.js");
const { open, scene } = require("./socketio.js");
const { Polling, Socket, ask, request } = require("./engineio.js");

const PATH = "/socket.io/";
const EIO3 = { eio: 3 };

/* Honest ones over a WebSocket and by polling, until going() says no. */
async function behave(server, going) {
  const clients = await Promise.all([open(server), open(server, { transport: "polling" }), open(server, { version: "2.5" })]);
  for (let i = 0; i === 0 || going(); i++) {
    for (const client of clients)
      assert.deepEqual(await client.ask("echo-ack", i, Buffer.from([i % 256])), [i, Buffer.from([i % 256])]);
    await new Promise((resolve) => setTimeout(resolve, 10)); /* honest clients do not hurry */
  }
  clients.forEach((client) => client.close());
}

function against(sentence, attack) {
  scene(test, sentence, async (server) => {
    let going = true;
    const honest = behave(server, () => going);
    await Promise.all([honest, attack(server).finally(() => { going = false; })]);
    await behave(server, () => false);
  });
}

/* In the main namespace, welcomed. */
async function join(server, options) {
  const socket = await Socket.begin(server, { path: PATH, ...options });
  socket.send("40");
  await socket.take();
  await socket.take();
  return socket;
}

async function joinPolling(server, options) {
  const session = await Polling.open(server, { path: PATH, ...options });
  await session.send("40");
  await session.take();
  return session;
}

/* Packets of which each ends the connection, or is passed over. */

const DEEP = 200000;
const HOLE = '{"_placeholder":true,"num":0}';

const packets = {
  "arrays 200,000 deep": [`42["echo",${"[".repeat(DEEP)}${"]".repeat(DEEP)}]`],
  "arrays 200,000 deep that never end": [`42["echo",${"[".repeat(DEEP)}`],
  "objects 200,000 deep": [`42["echo",${'{"a":'.repeat(DEEP)}1${"}".repeat(DEEP)}]`],
  "a CONNECT 200,000 deep": [`40/chat,{"a":${"[".repeat(DEEP)}${"]".repeat(DEEP)}}`],
  "placeholders 200,000 deep": [`451-["echo",${"[".repeat(DEEP)}${HOLE}${"]".repeat(DEEP)}]`, Buffer.from([1])],
  "an acknowledgement 200,000 deep": [`430[${"[".repeat(DEEP)}${"]".repeat(DEEP)}]`],
  "a million attachments announced": ['451000000-["echo"]'],
  "more attachments than any number": [`45${"9".repeat(1000)}-["echo"]`],
  "digits that never end": [`45${"1".repeat(MiB)}`],
  "an id that never ends": [`42${"1".repeat(MiB)}["echo"]`],
  "ten attachments of which none comes": [`4510-["echo",${HOLE}]`, '42["echo"]'],
  "a placeholder out of range": ['451-["echo",{"_placeholder":true,"num":4294967296}]', Buffer.from([1])],
  "a placeholder of 1e999": ['451-["echo",{"_placeholder":true,"num":1e999}]', Buffer.from([1])],
  "a placeholder below nothing": ['451-["echo",{"_placeholder":true,"num":-2147483649}]', Buffer.from([1])],
  "a placeholder that is an object": [`451-["echo",{"_placeholder":true,"num":${HOLE}}]`, Buffer.from([1])],
  "a hundred thousand placeholders of one attachment": [`451-["echo"${`,${HOLE}`.repeat(100000)}]`, Buffer.alloc(10)],
  "a placeholder in place of the name": [`451-[${HOLE}]`, Buffer.from([1])],
  "placeholders without attachments": [`42["echo",${HOLE},{"_placeholder":true,"num":"x"}]`],
  "a namespace of a megabyte": [`40/${"x".repeat(MiB)},`],
  "a namespace of NULs": [`40/${"\0".repeat(1000)},`],
  "a name of a megabyte": [`42["${"x".repeat(MiB)}"]`],
  "a number of 100,000 digits": [`42["echo",${"1".repeat(100000)}]`],
  "an exponent of 100,000 digits": [`42["echo",1e${"9".repeat(100000)}]`],
  "halves of surrogate pairs by the thousand": [`42["echo","${"\\ud800".repeat(50000)}"]`],
  "a room of a megabyte": [`421["join","${"r".repeat(MiB)}"]`],
  "rooms that are none": ['421["join",null]', '421["join",{}]', '42["join"]', '42["room-msg"]', '42["kick-room",[]]', '421["who"]'],
  "arguments that are none": ['42["ask"]', '42["ask-timeout","x"]', '42["big-text",-1]', '42["big-bin",1e300]', '42["burst",null]',
    '421["bin-len"]', '421["room-ask"]', '42["room-ask","a",1,1]', '421["last-reason"]', '421["set-data"]', '42["get-data"]'],
  "bytes that are no UTF-8": null,
};

for (const [what, list] of Object.entries(packets)) {
  if (list === null)
    continue;
  against(`${what} end a connection at most`, async (server) => {
    const socket = await join(server);
    socket.send(...list, "41", "1");
    await socket.rest();
    const session = await joinPolling(server);
    await session.post(list.map((packet) => (Buffer.isBuffer(packet) ? `b${packet.toString("base64")}` : packet)).join("\x1e"));
    await session.post("1");
    await eventually(() => session.gone(), "400");
  });
}

against("bytes that are no UTF-8 end a connection at most", async (server) => {
  for (const bytes of ["\xff\xfe", '42["\xed\xa0\x80"]', '42["\xc0\x80"]', '42["\xf0\x9f\x98']) {
    const socket = await join(server);
    socket.raw.send(frame(1, Buffer.from(`4${bytes}`, "latin1")));
    await socket.rest();
    const session = await joinPolling(server);
    await session.post(Buffer.from(bytes, "latin1"));
    await session.post("1");
    await eventually(() => session.gone(), "400");
  }
});

/* Bodies. */

against("bodies of separators, pings and noise by the megabyte", async (server) => {
  for (const body of ["\x1e".repeat(MiB), "3\x1e".repeat(MiB), "2\x1e".repeat(MiB), "4\x1e".repeat(MiB), "b\x1e".repeat(MiB), "b".repeat(MiB),
    `b${"=".repeat(MiB)}`, `b${"A".repeat(MiB + 1)}`, "\0".repeat(MiB), '42["echo"]\x1e'.repeat(50000), "6\x1e".repeat(MiB), "1".repeat(MiB),
    "40\x1e41\x1e".repeat(100000), "0{}\x1e".repeat(100000)]) {
    const session = await joinPolling(server);
    await session.post(body);
    await session.post("1");
    await eventually(() => session.gone(), "400");
  }
});

against("bodies of revision 3 with lengths that lie", async (server) => {
  for (const body of ["9".repeat(MiB), "1:4".repeat(MiB), "0:".repeat(MiB), ":".repeat(MiB), "99999999999999999999:4", "-1:4", "2:4", "1:4é", "2:4😀",
    '10:42["echo"]'.repeat(50000), `${MiB}:4${"x".repeat(1000)}`]) {
    const session = await Polling.open(server, { path: PATH, ...EIO3 });
    await session.post(body);
    await session.post("1:1");
    await eventually(() => session.gone(), "400");
  }
  for (const bytes of [Buffer.alloc(MiB), Buffer.alloc(MiB, 255), Buffer.alloc(MiB, 9), Buffer.from([1, 255]), Buffer.from([1, 0, 255]),
    Buffer.from([0, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 255, 52])]) {
    const session = await Polling.open(server, { path: PATH, ...EIO3 });
    await session.post(bytes, { headers: { "Content-Type": "application/octet-stream" } });
    await session.post("1:1");
    await eventually(() => session.gone(), "400");
  }
});

/* Namespaces and rooms by the thousand. */

against("namespaces by the thousand are joined up to a limit, and refused", async (server) => {
  const socket = await join(server);
  for (let i = 0; i < 5000; i++)
    socket.send(`40/dyn-${i},`);
  for (let i = 0; i < 5000; i++)
    socket.send(`40/none-${i},`);
  socket.send('421["echo-ack","alive"]');
  let [joined, refused, packet] = [0, 0];
  while ((packet = await socket.take()) !== null && packet !== '431["alive"]') {
    joined += /^40\//.test(packet);
    refused += /^44\//.test(packet);
  }
  assert.ok(packet === null || joined + refused === 10000, `${joined} and ${refused}`);
  socket.destroy();
});

against("rooms by the ten thousand", async (server) => {
  const socket = await join(server);
  for (let i = 0; i < 20000; i++)
    socket.send(`42["join","room ${i}"]`);
  socket.send('421["echo-ack","alive"]');
  assert.equal(await socket.take(), '431["alive"]');
  socket.destroy();
});

against("joining and leaving over and over", async (server) => {
  const socket = await Socket.begin(server, { path: PATH });
  for (let i = 0; i < 3000; i++)
    socket.send("40/chat,", "41/chat,");
  socket.send("40", '421["echo-ack"]');
  for (let packet; (packet = await socket.take()) !== "431[]";)
    assert.notEqual(packet, null);
  socket.destroy();
});

/* Transports. */

against("polls by the dozen for one session end it alone", async (server) => {
  for (let round = 0; round < 10; round++) {
    const session = await joinPolling(server);
    const raws = Array.from({ length: 20 }, () => session.hold());
    await Promise.all(raws.map(async (raw) => {
      await takeResponse(raw);
      raw.destroy();
    }));
    await eventually(() => session.gone(), "400");
  }
});

against("posts by the dozen for one session end it alone", async (server) => {
  for (let round = 0; round < 10; round++) {
    const session = await joinPolling(server);
    await Promise.all(Array.from({ length: 20 }, () => session.post('42["echo"]')));
    await session.post("1");
    await eventually(() => session.gone(), "400");
  }
});

against("bad probes, and WebSockets by the dozen for one session", async (server) => {
  for (const probe of ["2", "5", "4", '42["echo"]', "x".repeat(100000), Buffer.from([1]), "2probe2probe", "1", "2probe"]) {
    const session = await joinPolling(server);
    const line = `GET ${session.url("websocket")} HTTP/1.1`;
    const raws = Array.from({ length: 12 }, () => new Raw(server).send(handshake({}, { line })));
    for (const raw of raws)
      raw.send(frame(Buffer.isBuffer(probe) ? 2 : 1, probe));
    for (const raw of raws) {
      assert.ok([101, 400].includes((await takeHead(raw)).status));
      raw.destroy();
    }
    assert.ok([200, 400].includes((await session.post("3")).status));
  }
});

against("probes that stop half way leave the session to polling", async (server) => {
  const session = await joinPolling(server);
  for (let i = 0; i < 30; i++) {
    const socket = await Socket.open(server, { path: PATH, query: session.url("websocket").slice(PATH.length) });
    if (i % 2) {
      socket.send("2probe");
      assert.equal(await socket.take(), "3probe");
    }
    socket.destroy();
    await session.send('421["echo-ack"]');
    while (await session.take() !== "431[]");
  }
});

against("requests that stop half way", async (server) => {
  const session = await joinPolling(server);
  const whole = request("POST", session.url(), { body: '42["echo"]' });
  const raws = [];
  for (let at = 1; at < whole.length - 10; at += 3)
    raws.push(new Raw(server).send(whole.subarray(0, at)));
  const upgradeHead = Buffer.from(handshake({}, { line: `GET ${PATH}?EIO=4&transport=websocket HTTP/1.1` }));
  for (let at = 1; at < upgradeHead.length; at += 3)
    raws.push(new Raw(server).send(upgradeHead.subarray(0, at)));
  await session.send('421["echo-ack"]');
  for (const [i, raw] of raws.entries())
    i % 2 ? raw.destroy() : raw.end();
});

against("who guesses session ids finds nothing", async (server) => {
  const raw = new Raw(server);
  const session = await joinPolling(server);
  for (let i = 0; i < 500; i++) {
    const sid = `${session.sid.slice(0, 12)}${String(i).padStart(8, "A")}`;
    raw.send(request(i % 2 ? "GET" : "POST", `${PATH}?EIO=4&transport=polling&sid=${sid}`));
    assert.equal((await takeResponse(raw)).status, 400);
  }
  raw.destroy();
  await session.send("3");
});

against("ids, queries and headers put nothing into an answer", async (server) => {
  const evil = "%0d%0aX-Evil:%201%0d%0a%0d%0a<script>alert(1)</script>";
  for (const [query, headers] of [[`EIO=4&transport=${evil}`], [`EIO=4&transport=polling&sid=${evil}`], [`EIO=3&transport=polling&j=${evil}`],
    [`EIO=${evil}&transport=polling`], ["EIO=4&transport=polling", { Origin: "http://a\tb<script>alert(1)</script>" }],
    ["EIO=4&transport=abc", { Origin: '"><script>alert(1)</script>' }]]) {
    const { headers: answered, text } = await ask(server, "GET", `${PATH}?${query}`, { headers });
    assert.equal(answered["x-evil"], undefined);
    assert.equal(text.includes("<script>"), false);
  }
});

/* Those who do not read, and those who do not come back. */

against("a client that does not read holds up itself alone", async (server) => {
  const socket = await join(server);
  socket.raw.socket.pause();
  for (let i = 0; i < 100; i++)
    socket.send('42["big-text",1000000]', '42["big-bin",1000000]');
  const session = await joinPolling(server, { pongs: false });
  for (let i = 0, status = 200; i < 100 && status === 200; i++)
    status = (await session.post('42["big-text",1000000]')).status;
  await behave(server, () => false);
  socket.destroy();
});

against("questions that are never answered", async (server) => {
  const socket = await join(server);
  for (let i = 0; i < 20000; i++)
    socket.send('42["ask",1]');
  let asked = 0;
  for (let packet; asked < 10000 && (packet = await socket.take()) !== null;)
    asked += packet.includes('["question",1]');
  assert.equal(asked, 10000);
  socket.destroy();
});

against("handshakes that nobody comes back to", async (server) => {
  await Promise.all(Array.from({ length: 20 }, async () => {
    const raw = new Raw(server);
    for (let i = 0; i < 50; i++) {
      raw.send(request("GET", `${PATH}?EIO=${i % 2 ? 4 : 3}&transport=polling`));
      assert.equal((await takeHead(raw)).status, 200);
      await raw.takeUntil("}");
    }
    raw.destroy();
  }));
});

run({ args: ["socketio", "--port", "0", "--quiet"] });
