/* The public rules of Socket.IO, protocol 5, by packets written by hand over a WebSocket and over polling: how
 * namespaces are connected, events, acknowledgements, attachments, and what ends the connection. */

"use strict";

const { assert, eventually, run, test } = require("./support.js");
const { Polling, Socket, ask, ours } = require("./engineio.js");

const PATH = "/socket.io/";

function begin(server) {
  return Socket.begin(server, { path: PATH });
}

/* The rest of a packet that begins like that, as JSON. */
function after(packet, head) {
  assert.ok(typeof packet === "string" && packet.startsWith(head), `${packet} for ${head}`);
  return JSON.parse(packet.slice(head.length));
}

async function connected(server) {
  const socket = await begin(server);
  socket.send("40");
  after(await socket.take(), "40");
  assert.equal(await socket.take(), '42["auth",{}]');
  return socket;
}

async function expectEnd(socket) {
  for (const packet of await socket.rest())
    assert.ok(packet === "1" || packet.startsWith("41"), packet);
  socket.destroy();
}

/* Namespaces. */

test("the main namespace is connected, and the application heard behind the answer", async (server) => {
  const socket = await begin(server);
  socket.send("40");
  const answer = after(await socket.take(), "40");
  assert.deepEqual(Object.keys(answer), ["sid"]);
  assert.ok(typeof answer.sid === "string" && answer.sid !== socket.sid);
  assert.equal(await socket.take(), '42["auth",{}]');
  socket.destroy();
});

test("what a client says of itself reaches the application", async (server) => {
  for (const [connect, head, event] of [['40{"token":"123"}', "40", '42["auth",{"token":"123"}]'],
    ['40/custom,{"token":"abc","deep":[null]}', "40/custom,", '42/custom,["auth",{"token":"abc","deep":[null]}]'],
    ["40/custom,", "40/custom,", '42/custom,["auth",{}]'], ["40/custom", "40/custom,", '42/custom,["auth",{}]'],
    ["40/,", "40", '42["auth",{}]'], ["40{}", "40", '42["auth",{}]']]) {
    const socket = await begin(server);
    socket.send(connect);
    assert.deepEqual(Object.keys(after(await socket.take(), head)), ["sid"]);
    assert.equal(await socket.take(), event);
    socket.destroy();
  }
});

test("one connection has several namespaces, with ids of their own", async (server) => {
  const socket = await begin(server);
  socket.send("40", "40/custom,");
  const packets = [await socket.take(), await socket.take(), await socket.take(), await socket.take()];
  const first = after(packets.find((packet) => packet.startsWith("40{")), "40").sid;
  const second = after(packets.find((packet) => packet.startsWith("40/custom,")), "40/custom,").sid;
  assert.notEqual(first, second);
  socket.destroy();
});

test("unknown namespaces are refused", async (server) => {
  const socket = await begin(server);
  for (const ns of ["/random", "/custo", "/custom/", "/customx", "/Custom", "/é", "/\"\\", "/ "]) {
    socket.send(`40${ns},`);
    assert.deepEqual(after(await socket.take(), `44${ns},`), { message: "Invalid namespace" });
  }
  socket.send("40");
  after(await socket.take(), "40");
  socket.destroy();
});

test("namespaces are left, without an answer", async (server) => {
  const socket = await begin(server);
  socket.send("40", "40/custom,");
  for (let i = 0; i < 4; i++)
    await socket.take();
  socket.send("41/custom,", '42["message"]');
  assert.equal(await socket.take(), '42["message-back"]');
  await new Promise((resolve) => setTimeout(resolve, 20));
  socket.send("40/custom,");
  after(await socket.take(), "40/custom,");
  socket.destroy();
});

ours("a namespace that was left may be connected at once", async (server) => {
  const socket = await connected(server);
  socket.send("41", "40");
  after(await socket.take(), "40");
  socket.destroy();
});

test("a connection that joins nothing in time is closed", async (server) => {
  const socket = await begin(server);
  await expectEnd(socket);
  const session = await Polling.open(server, { path: PATH });
  const packets = [];
  for (let answer; (answer = await session.get()).status === 200;) {
    packets.push(answer.text);
    if (answer.text === "2")
      await session.post("3");
  }
  assert.deepEqual(packets.filter((text) => text !== "2" && text !== "1"), []);
});

for (const [what, packets] of Object.entries({
  "an event before CONNECT": ['42["message"]'],
  "an event of a namespace that is not connected": ["40", '42/custom,["message"]'],
  "an acknowledgement before CONNECT": ["431[]"],
  "leaving before CONNECT": ["41"],
  "bytes before CONNECT": [Buffer.from([1])],
})) {
  test(`${what} ends the connection`, async (server) => {
    const socket = await begin(server);
    socket.send(...packets);
    for (const packet of await socket.rest())
      assert.ok(packet === "1" || /^(40|42\["auth"|41)/.test(packet), packet);
    socket.destroy();
  });
}

test("connecting a namespace twice ends the connection", async (server) => {
  const socket = await connected(server);
  socket.send("40");
  await expectEnd(socket);
});

ours("connecting a namespace twice at once ends the connection", async (server) => {
  const socket = await begin(server);
  socket.send("40", "40");
  assert.deepEqual((await socket.rest()).filter((packet) => !/^(1|40|41|42\["auth")/.test(packet)), []);
  socket.destroy();
});

/* Events. */

test("events come back with all their arguments", async (server) => {
  const socket = await connected(server);
  for (const args of ["", ',1,"2",{"3":[true]}', ',"\\u2028\\ud83d"', ',[[[[]]]],{},null', ',-0.25,1e21,0', ',{"_placeholder":false,"num":0}']) {
    socket.send(`42["message"${args}]`);
    assert.deepEqual(after(await socket.take(), "42"), JSON.parse(`["message-back"${args}]`));
  }
  socket.destroy();
});

test("acknowledgements bring the id they were asked by", async (server) => {
  const socket = await connected(server);
  for (const [id, args] of [["456", ',1,"2",{"3":[false]}'], ["0", ""], ["9007199254740991", ",null"]]) {
    socket.send(`42${id}["message-with-ack"${args}]`);
    assert.equal(await socket.take(), `43${id}[${args.slice(1)}]`);
  }
  socket.send('42["message"]');
  assert.equal(await socket.take(), '42["message-back"]');
  socket.destroy();
});

test("events that nobody listens to, and acknowledgements nobody waits for, are passed over", async (server) => {
  const socket = await connected(server);
  socket.send('42["unheard",1]', '42[7,"a number"]', '4212["unheard"]', "4399[1]", '43[]', '42["message",1]');
  assert.equal(await socket.take(), '42["message-back",1]');
  socket.destroy();
});

/* Attachments. */

test("bytes come behind their packet, and go back so", async (server) => {
  const socket = await connected(server);
  const one = { _placeholder: true, num: 0 };
  const two = { _placeholder: true, num: 1 };
  socket.send(`452-${JSON.stringify(["message", one, { deep: [two] }])}`, Buffer.from([1, 2, 3]), Buffer.alloc(0));
  assert.deepEqual(after(await socket.take(), "452-"), ["message-back", one, { deep: [two] }]);
  assert.deepEqual([await socket.take(), await socket.take()], [Buffer.from([1, 2, 3]), Buffer.alloc(0)]);
  socket.send(`452-789${JSON.stringify(["message-with-ack", one, "x", two])}`, Buffer.from([1]), Buffer.from([2]));
  assert.deepEqual(after(await socket.take(), "462-789"), [one, "x", two]);
  assert.deepEqual([await socket.take(), await socket.take()], [Buffer.from([1]), Buffer.from([2])]);
  socket.destroy();
});

test("placeholders may stand in any order", async (server) => {
  const socket = await connected(server);
  const at = (num) => ({ _placeholder: true, num });
  socket.send(`453-${JSON.stringify(["message", at(2), at(0), at(1)])}`, Buffer.from([0]), Buffer.from([1]), Buffer.from([2]));
  const [, ...places] = after(await socket.take(), "453-");
  const all = [await socket.take(), await socket.take(), await socket.take()];
  assert.deepEqual(places.map(({ num }) => all[num][0]), [2, 0, 1]);
  socket.destroy();
});

test("bytes by polling are base64 behind their packet", async (server) => {
  const session = await Polling.open(server, { path: PATH });
  await session.send("40");
  after(await session.take(), "40");
  assert.equal(await session.take(), '42["auth",{}]');
  await session.send('451-["message",{"_placeholder":true,"num":0}]', "bAQID");
  assert.deepEqual(after(await session.take(), "451-"), ["message-back", { _placeholder: true, num: 0 }]);
  assert.equal(await session.take(), "bAQID");
  await session.send('451-7["message-with-ack",{"_placeholder":true,"num":0}]');
  await session.send("bAQID", '42["message",1]');
  after(await session.take(), "461-7");
  assert.equal(await session.take(), "bAQID");
  assert.equal(await session.take(), '42["message-back",1]');
});

const HOLE = '{"_placeholder":true,"num":0}';

const wrong = {
  "a digit that is no type": ["47"],
  "no type": ["4"],
  "a letter": ["4abc"],
  "an event without arguments": ["42"],
  "an empty event": ["42[]"],
  "an event that is an object": ['42{"a":1}'],
  "an event that is a text": ['42"message"'],
  "an event whose name is an object": ["42[{}]"],
  "an event whose name is null": ["42[null]"],
  "an event whose name is a truth": ["42[true]"],
  "an event called connect": ['42["connect"]'],
  "an event called connect_error": ['42["connect_error"]'],
  "an event called disconnect": ['42["disconnect"]'],
  "an event called disconnecting": ['42["disconnecting"]'],
  "an event called newListener": ['42["newListener"]'],
  "an event called removeListener": ['42["removeListener"]'],
  "JSON that ends early": ['42["message"'],
  "JSON with something behind": ['42["message"]x'],
  "JSON that is none": ["42[message]"],
  "a comma too many": ['42["message",]'],
  "a raw line end in a text": ['42["mess\nage"]'],
  "an acknowledgement without a list": ["431{}"],
  "a DISCONNECT that says something": ['41{"a":1}'],
  "a CONNECT that is a list": ["40/custom,[]"],
  "a CONNECT that is a text": ['40/custom,"abc"'],
  "a CONNECT of broken JSON": ["40/custom,{"],
  "attachments without a dash": ['451["message"]'],
  "attachments that are no number": ['45x-["message"]'],
  "attachments below nothing": ['45-1-["message"]'],
  "eleven attachments": ['4511-["message"]'],
  "text while attachments are awaited": [`451-["message",${HOLE}]`, '42["message"]'],
  "bytes that nobody awaits": [Buffer.from([1])],
  "more bytes than were told": [`451-["message",${HOLE}]`, Buffer.from([1]), Buffer.from([2])],
  "a placeholder behind the last": ['451-["message",{"_placeholder":true,"num":1}]', Buffer.from([1])],
  "a placeholder before the first": ['451-["message",{"_placeholder":true,"num":-1}]', Buffer.from([1])],
  "a placeholder that is a text": ['451-["message",{"_placeholder":true,"num":"0"}]', Buffer.from([1])],
  "a placeholder without a number": ['451-["message",{"_placeholder":true}]', Buffer.from([1])],
  "a placeholder in halves": ['451-["message",{"_placeholder":true,"num":0.5}]', Buffer.from([1])],
};

/* (Some of it the reference server takes.) */
const TAKEN_THERE = ["an event without arguments", "attachments below nothing", "a placeholder in halves"];

for (const [what, packets] of Object.entries(wrong)) {
  (TAKEN_THERE.includes(what) ? ours : test)(`${what} ends the connection`, async (server) => {
    const socket = await connected(server);
    socket.send(...packets);
    const rest = await socket.rest();
    assert.deepEqual(rest.filter((packet) => !/^(1|41|42\["message-back"|45)/.test(packet) && !Buffer.isBuffer(packet)), [], what);
    const { text } = await ask(server, "GET", `${PATH}?EIO=4&transport=polling&sid=${socket.sid}`);
    assert.equal(JSON.parse(text).code, 1);
    socket.destroy();
  });
}

test("a mistake by polling ends the session", async (server) => {
  for (const packets of [["47"], ["42[]"], ["bAQID"], ['42/custom,["a"]']]) {
    const session = await Polling.open(server, { path: PATH });
    await session.send("40");
    await session.poll();
    await session.post(packets.join("\x1e"));
    await eventually(() => session.gone(), "400");
  }
});

/* What else is there. */

test("paths beside the service are the application's", async (server) => {
  assert.equal((await ask(server, "GET", "/health")).text, "ok");
  for (const path of ["/socket.io?EIO=4&transport=polling", "/socket.iox/", "/engine.io/?EIO=4&transport=polling"])
    assert.equal((await ask(server, "GET", path)).text.startsWith("0{"), false, path);
});

run({ args: ["socketio-suite", "--port", "0", "--quiet"] });
