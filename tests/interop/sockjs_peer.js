#!/usr/bin/env node
/* sockjs_peer.js: npm's sockjs, the reference server, behind the services that the test server has; started and
 * stopped as that is. */

"use strict";

const http = require("http");
const sockjs = require("sockjs");

const sessions = new Set();

function echo(session) {
  session.on("data", (message) => session.write(message));
}

function amplify(session) {
  session.on("data", (message) => {
    const n = Number(message);
    session.write("x".repeat(2 ** (n >= 1 && n <= 18 ? n : 1)));
  });
}

function broadcast(session) {
  sessions.add(session);
  session.on("close", () => sessions.delete(session));
  session.on("data", (message) => {
    for (const each of sessions)
      each.write(message);
  });
}

function tick(session) {
  const timer = setInterval(() => session.write("tick!"), 1000);
  session.on("close", () => clearInterval(timer));
}

const services = {
  "/echo": [echo, { response_limit: 4096 }],
  "/disabled_websocket_echo": [echo, { response_limit: 4096, websocket: false }],
  "/cookie_needed_echo": [echo, { response_limit: 4096, jsessionid: true }],
  "/close": [(session) => session.close(3000, "Go away!")],
  "/amplify": [amplify],
  "/broadcast": [broadcast],
  "/ticker": [tick],
};

const server = http.createServer(({ url }, response) => {
  response.writeHead(url === "/health" ? 200 : 404);
  response.end(url === "/health" ? "ok" : "not here\n");
});
server.on("upgrade", (_, socket) => socket.end());
for (const [prefix, [serve, options]] of Object.entries(services)) {
  const service = sockjs.createServer({ prefix, log: () => {}, ...options });
  service.on("connection", serve);
  service.installHandlers(server);
}
server.listen(0, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
process.on("SIGTERM", () => process.exit(0));
