#!/usr/bin/env node
/* socketio0_peer.js: npm's socket.io 0.6.18, a server of early 2011, behind the APP socketio-0.x of the test server;
 * started and stopped as that is. */

"use strict";

const crypto = require("crypto");
const { EventEmitter } = require("events");
const http = require("http");

/* Node as it was when that server was written: where its emitter stood, a hash's strings were bytes, and (below) an
 * upgraded connection might have an encoding. */
process.EventEmitter = EventEmitter;
const { update } = Object.getPrototypeOf(crypto.createHash("md5"));
crypto.Hash.prototype.update = function (data, encoding = "latin1") {
  return update.call(this, data, encoding);
};
const io = require("socket.io-0.6");

const STREAMS = ["websocket", "flashsocket", "htmlfile", "xhr-multipart"];
const POLLS = ["xhr-polling", "jsonp-polling"];

const server = http.createServer(({ url }, response) => {
  response.writeHead(200, { "Content-Type": "text/plain" });
  response.end(url === "/health" ? "ok" : `app:${url.split("?")[0]}`);
});
server.on("connection", (socket) => delete socket.setEncoding);
const listener = io.listen(server, {
  log: false,
  flashPolicyServer: false, /* it is on a port that is not everybody's */
  transportOptions: Object.fromEntries([
    ...STREAMS.map((name) => [name, { heartbeatInterval: 1000, timeout: 1500, closeTimeout: 1500 }]),
    ...POLLS.map((name) => [name, { duration: 1500, closeTimeout: 1500 }]),
  ]),
});
const gone = [];

const commands = {
  echo: (client, text) => client.send(text),
  json: (client, text) => client.send({ echo: text }),
  bcast: (client, text) => client.broadcast(text),
  all: (_, text) => listener.broadcast(text),
  except: (_, text) => listener.broadcast(text.slice(text.indexOf(":") + 1), text.slice(0, text.indexOf(":")).split(",")),
  many: (client, n) => Array.from({ length: n }, (_, i) => client.send(`m${i}`)),
  later: (client, text) => {
    const [, ms, rest] = /^(\d+):(.*)$/s.exec(text);
    setTimeout(() => client.send(rest), Number(ms));
  },
  types: (client) => [1, true, null, ["a", "b"], "end"].map((value) => client.send(value)),
  count: (client) => client.send({ count: Object.keys(listener.clients).length }),
  gone: (client) => client.send({ gone }),
};

listener.on("connection", (client) => {
  client.send({ welcome: client.sessionId });
  client.on("message", (message) => {
    if (typeof message !== "string")
      return message.op === "echo" && client.send({ echo: message.v });
    const [, name, text] = /^([a-z]+):?(.*)$/s.exec(message) ?? [];
    commands[name]?.(client, text);
  });
  client.on("disconnect", () => gone.push(client.sessionId));
});

server.listen(0, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
process.on("SIGTERM", () => process.exit(0));
