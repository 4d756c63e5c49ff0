/* deploy/haproxy.cfg and deploy/nginx.conf, with Debian's haproxy and nginx, in front of two servers. The
 * files are run as they are but for addresses, limits and users. */

"use strict";

const { spawn } = require("child_process");
const fs = require("fs");
const http = require("http");
const net = require("net");
const os = require("os");
const path = require("path");
const SockJS = require("sockjs-client");
const WebSocket = require("ws");
const { MiB, Raw, assert, eventually, run, startServer, test } = require("./support.js");

const DEPLOY = path.join(__dirname, "../../deploy");
const ENV = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };

/* What runs, so that a test that fails half-way leaves nothing behind. */
const running = new Set();

function remember(child) {
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

process.on("exit", () => running.forEach((child) => child.kill()));

/* The balancers. Each makes its files in folder and says what to run. */

/* All there is of pattern, and there has to be some. */
function replace(text, pattern, by) {
  assert.match(text, pattern);
  return text.replace(new RegExp(pattern, "g"), by);
}

function addressed(file, servers) {
  let text = fs.readFileSync(path.join(DEPLOY, file), "utf8");
  servers.forEach(({ port }, i) => { text = replace(text, new RegExp(`127\\.0\\.0\\.1:900${i + 1}`), `127.0.0.1:${port}`); });
  return text;
}

const balancers = {
  haproxy(folder, port, servers) {
    let text = addressed("haproxy.cfg", servers);
    text = replace(text, /bind :80\n/, `bind 127.0.0.1:${port}\n`);
    text = replace(text, /maxconn 20000\n/, "maxconn 200\n");
    text = replace(text, /\n *(user|group) haproxy/, "");
    fs.writeFileSync(path.join(folder, "haproxy.cfg"), text);
    return ["haproxy", "-db", "-f", path.join(folder, "haproxy.cfg")];
  },

  /* Compressing whatever can be, so that the file has something to turn off; the 1 makes temporary files leave
   * a folder behind. */
  nginx(folder, port, servers) {
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((what) => `${what}_temp_path ${folder}/${what} 1;`).join(" ");
    fs.writeFileSync(path.join(folder, "sockjs.conf"),
      replace(addressed("nginx.conf", servers), /listen 80;/, `listen 127.0.0.1:${port};`));
    fs.writeFileSync(path.join(folder, "nginx.conf"), `
      daemon off;
      pid ${folder}/nginx.pid;
      ${process.getuid() === 0 ? "user root;" : ""}
      worker_processes 1;
      events { worker_connections 400; }
      http { access_log off; gzip on; gzip_types *; gzip_proxied any; ${temporary} include sockjs.conf; }\n`);
    return ["nginx", "-p", folder, "-c", path.join(folder, "nginx.conf"), "-e", "stderr"];
  },
};

async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/* Neither balancer can be told to take any free port, so somebody may be faster: then undefined. */
async function tryBalancer(name, folder, servers) {
  const port = await freePort();
  const [program, ...args] = balancers[name](folder, port, servers);
  const child = remember(spawn(program, args, { env: ENV, stdio: ["ignore", "inherit", "inherit"] }));
  let over = false;
  const ended = new Promise((resolve, reject) => {
    child.once("exit", () => resolve(over = true));
    child.once("error", reject);
  });
  const url = `http://127.0.0.1:${port}`;
  const greets = async () => over ||
    await fetch(`${url}/echo`).then(async (answer) => answer.ok && await answer.text(), () => false);
  await Promise.race([ended, eventually(greets, `${name}'s first answer`)]);
  const stop = () => child.kill("SIGTERM") && ended;
  return over ? undefined : { host: "127.0.0.1", port, url, ws: url.replace("http", "ws"), stop };
}

async function startBalancer(name, folder, servers) {
  for (let tries = 0; tries < 5; tries++) {
    const balancer = await tryBalancer(name, folder, servers);
    if (balancer)
      return balancer;
  }
  assert.fail(`${name} does not start`);
}

/* Runs body with the balancer in front of these servers. */
async function before(name, servers, body) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "rill-"));
  try {
    const balancer = await startBalancer(name, folder, servers);
    await body({ ...balancer, folder }, servers).finally(balancer.stop);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

async function start(port = 0) {
  const server = await startServer({ args: ["services", "--port", String(port), "--quiet"] });
  remember(server.child);
  return server;
}

/* ... of two of ours, which have to end in order unless body has killed them. */
async function balanced(name, body) {
  const servers = [await start(), await start()];
  try {
    await before(name, servers, body);
  } finally {
    await Promise.all(servers.map(async (server) => {
      const killed = server.child.killed;
      const status = await server.stop();
      assert.ok(killed || status === 0, `a server ended with ${status}`);
    }));
  }
}

/* SockJS by hand. A session is the path it has. */

let sessions = 0;

function newSession(prefix = "/echo") {
  const server = String(Math.floor(Math.random() * 1000)).padStart(3, "0");
  return `${prefix}/${server}/${Math.random().toString(36).slice(2, 8)}${sessions++}`;
}

function newSessions(n, prefix) {
  return Array.from({ length: n }, () => newSession(prefix));
}

/* Older fetch() has no getSetCookie(), and joins them; none here has a comma in it but before a day's number. */
function cookiesOf(answer) {
  return (answer.headers.get("set-cookie") ?? "").split(/, (?=[^ ;]+=)/).filter(Boolean);
}

async function post(at, target, body = "", headers = {}) {
  const answer = await fetch(at.url + target, { method: "POST", body, headers: { "Content-Type": "text/plain", ...headers } });
  return { status: answer.status, text: await answer.text(), cookies: cookiesOf(answer) };
}

async function poll(at, session, headers) {
  const { status, text } = await post(at, `${session}/xhr`, "", headers);
  assert.equal(status, 200);
  return text;
}

async function send(at, session, message, headers) {
  assert.equal((await post(at, `${session}/xhr_send`, JSON.stringify([message]), headers)).status, 204);
}

/* It is polled meanwhile, as clients do: a server may wait for that before it takes more. */
async function echoes(at, session, message, headers) {
  const [frame] = await Promise.all([poll(at, session, headers), send(at, session, message, headers)]);
  assert.ok(frame === `a${JSON.stringify([message])}\n`, `${session} got ${frame.slice(0, 100)}`);
}

async function opens(at, session) {
  assert.equal(await poll(at, session), "o\n");
  await echoes(at, session, session);
}

/* Which servers have that session, by number; an empty batch does nothing to it. */
async function owners(servers, session) {
  const statuses = await Promise.all(servers.map((server) =>
    post(server, `${session}/xhr_send`, "[]").then(({ status }) => status, () => 0)));
  return statuses.flatMap((status, i) => (status === 204 ? [i] : []));
}

async function ownerOf(servers, session) {
  const all = await owners(servers, session);
  assert.equal(all.length, 1, `${all.length} servers have ${session}`);
  return all[0];
}

async function expectSpread(servers, all) {
  const numbers = await Promise.all(all.map((session) => ownerOf(servers, session)));
  assert.deepEqual([...new Set(numbers)].sort(), [0, 1], "one server has them all");
  return numbers;
}

async function openStream(at, session, transport) {
  const raw = new Raw(at);
  const method = transport === "eventsource" ? "GET" : "POST";
  raw.send(`${method} ${session}/${transport} HTTP/1.1\r\nHost: rill.test\r\nAccept-Encoding: gzip\r\n` +
    `${method === "POST" ? "Content-Length: 0\r\n" : ""}\r\n`);
  const first = transport === "eventsource" ? "data: o\r\n\r\n" : "o\n";
  assert.ok(await raw.takeUntil(first), `${transport} has ended before its first frame`);
  return raw;
}

async function openSocket(at, session) {
  const socket = new WebSocket(`${at.ws}${session}/websocket`);
  const frames = [];
  const waiting = [];
  socket.on("message", (data) => (waiting.length ? waiting.shift()(String(data)) : frames.push(String(data))));
  socket.next = () => (frames.length ? Promise.resolve(frames.shift()) : new Promise((resolve) => waiting.push(resolve)));
  socket.echoes = async (text) => {
    socket.send(JSON.stringify([text]));
    assert.equal(await socket.next(), `a${JSON.stringify([text])}`);
  };
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  assert.equal(await socket.next(), "o");
  socket.on("error", () => {}); /* cut, with the server */
  return socket;
}

function kill(server) {
  const ended = new Promise((resolve) => server.child.once("exit", resolve));
  server.child.kill("SIGKILL");
  return ended;
}

/* The tests, for each balancer. */

async function polling(balancer, servers) {
  const all = newSessions(24);
  await Promise.all(all.map(async (session) => {
    await opens(balancer, session);
    for (let i = 0; i < 4; i++)
      await echoes(balancer, session, `${session} ${i}`);
  }));
  await expectSpread(servers, all);
}

/* What would be held back in a buffer would never come. */
async function streaming(transport, balancer, servers) {
  const all = newSessions(20);
  const streams = await Promise.all(all.map((session) => openStream(balancer, session, transport)));
  const numbers = await expectSpread(servers, all);
  await Promise.all(streams.map(async (stream, i) => {
    for (let round = 0; round < 5; round++) {
      await send(balancer, all[i], `${round} of ${i}`);
      assert.ok(await stream.takeUntil(`a["${round} of ${i}"]`));
      assert.ok(!stream.ended);
    }
  }));
  const [gone, there] = [all[0], all[numbers.indexOf(1 - numbers[0])]];
  streams[0].destroy();
  await eventually(async () => !(await owners(servers, gone)).length, "the end of a session whose client has left");
  await ownerOf(servers, there);
  streams.forEach((stream) => stream.destroy());
}

async function cookies(balancer, servers) {
  const prefix = "/cookie_needed_echo";
  const browsers = await Promise.all(newSessions(20, prefix).map(async (first) => {
    const { text, cookies } = await post(balancer, `${first}/xhr`);
    assert.equal(text, "o\n");
    assert.equal(cookies.length, 1);
    const [pair] = cookies[0].split(";");
    assert.match(pair, /^JSESSIONID=./);
    return { first, second: newSession(prefix), headers: { Cookie: `other=1; ${pair}` } };
  }));
  await Promise.all(browsers.map(async ({ first, second, headers }) => {
    assert.equal(await poll(balancer, second, headers), "o\n");
    for (let i = 0; i < 3; i++) {
      await echoes(balancer, first, `${i}`, headers);
      await echoes(balancer, second, `${i}`, headers);
    }
    assert.equal(await ownerOf(servers, first), await ownerOf(servers, second));
  }));
  await expectSpread(servers, browsers.map(({ first }) => first));
}

async function surviving(balancer, servers) {
  const polls = newSessions(20);
  const sockets = await Promise.all(newSessions(20).map((session) => openSocket(balancer, session)));
  await Promise.all([...sockets.map((socket, i) => socket.echoes(`${i}`)),
    ...polls.map((session) => opens(balancer, session))]);
  const numbers = await expectSpread(servers, polls);
  await kill(servers[0]);
  await Promise.all(polls.filter((_, i) => numbers[i] === 1).map((session) => echoes(balancer, session, "still here")));
  const lost = sockets.filter((socket) => socket.readyState !== WebSocket.OPEN);
  const kept = sockets.filter((socket) => socket.readyState === WebSocket.OPEN);
  await Promise.all(kept.map((socket) => Promise.race([
    socket.echoes("still here"),
    new Promise((resolve) => socket.once("close", () => resolve(lost.push(socket)))),
  ])));
  assert.ok(lost.length > 0 && lost.length < sockets.length, `${lost.length} of ${sockets.length} WebSockets are lost`);
  for (const session of newSessions(20))
    await opens(balancer, session);
  const socket = await openSocket(balancer, newSession());
  await socket.echoes("here");
  [socket, ...sockets].forEach((each) => each.terminate());
}

function echoedBy(socket) {
  return new Promise((resolve, reject) => {
    socket.onopen = () => socket.send("good morning");
    socket.onmessage = ({ data }) => {
      socket.close();
      resolve(data);
    };
    socket.onclose = ({ code, reason }) => reject(new Error(`closed with ${code} ${reason}`));
  });
}

async function clients(balancer) {
  for (const transports of ["websocket", "xhr-streaming", "xhr-polling"])
    assert.equal(await echoedBy(new SockJS(`${balancer.url}/echo`, null, { transports })), "good morning");
  assert.equal(await echoedBy(new WebSocket(`${balancer.ws}/echo/websocket`)), "good morning");
}

async function large(balancer) {
  const session = newSession();
  await opens(balancer, session);
  await echoes(balancer, session, "x".repeat(2 * MiB));
}

for (const name of Object.keys(balancers)) {
  test(`${name}: polling sessions are spread, and each stays where it began`, () => balanced(name, polling));
  for (const transport of ["xhr_streaming", "eventsource"]) {
    test(`${name}: ${transport} passes on frame by frame, and that the client has left`, () =>
      balanced(name, (balancer, servers) => streaming(transport, balancer, servers)));
  }
  test(`${name}: a browser stays with one server by its JSESSIONID`, () => balanced(name, cookies));
  test(`${name}: when a server is killed the other goes on, and has the new sessions`, () => balanced(name, surviving));
  test(`${name}: npm's client goes through, and a raw WebSocket`, () => balanced(name, clients));
  test(`${name}: a message of 2 MiB passes`, () => balanced(name, large));

  test(`${name}: tells the server who asks, and not what the client says about it`, async () => {
    const servers = await Promise.all([0, 1].map(async () => {
      const server = http.createServer((request, response) => response.end(JSON.stringify(request.headers)));
      await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
      return { server, port: server.address().port };
    }));
    await before(name, servers, async (balancer) => {
      const raw = new Raw(balancer).send("GET /echo/info HTTP/1.1\r\nHost: rill.test:80\r\nForwarded: for=10.0.0.1\r\n" +
        "X-Forwarded-For: 10.0.0.2\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n");
      const headers = JSON.parse(/\{.*\}/.exec(String(await raw.rest()))[0]);
      assert.equal(headers.forwarded, undefined);
      assert.equal(headers["x-forwarded-for"], "10.0.0.2, 127.0.0.1");
      assert.equal(headers["x-forwarded-proto"], "http");
      assert.equal(headers.host, "rill.test:80");
    });
    for (const { server } of servers) {
      server.closeAllConnections();
      server.close();
    }
  });
}

test("nginx: what a client does not read is not put aside", () => balanced("nginx", async (balancer, servers) => {
  const lazy = new Raw(balancer).send("GET /big HTTP/1.1\r\nHost: rill.test\r\n\r\n");
  await lazy.takeUntil("xxx");
  lazy.socket.pause();
  await Promise.all(newSessions(20).map((session) => opens(balancer, session)));
  assert.deepEqual(fs.readdirSync(path.join(balancer.folder, "proxy")), []);
  lazy.destroy();
}));

test("haproxy: what began elsewhere while a server was away stays there when it is back", () =>
  balanced("haproxy", async (balancer, servers) => {
    const { port } = servers[0];
    await kill(servers[0]);
    const all = newSessions(20);
    await Promise.all(all.map((session) => opens(balancer, session)));
    servers[0] = await start(port);
    await eventually(async () => {
      const session = newSession();
      await opens(balancer, session);
      await Promise.all(all.map((old) => echoes(balancer, old, "still here")));
      return await ownerOf(servers, session) === 0;
    }, "a session on the server that came back");
  }));

run();
