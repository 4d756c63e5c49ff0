/* proxy.js: a proxy that opens tunnels by CONNECT and does nothing else, plain or over TLS. It remembers the
 * heads it was sent, so that a test can look at what it was told. */

"use strict";

const http = require("http");
const https = require("https");
const net = require("net");

/* tls: { key, cert }; credentials: "user:password"; answer(socket): what to do instead of a tunnel. */
async function startProxy({ tls = null, credentials = null, answer = null } = {}) {
  const requests = [];
  const sockets = new Set();
  const proxy = tls ? https.createServer(tls) : http.createServer();

  const admitted = (request) => credentials === null ||
    request.headers["proxy-authorization"] === `Basic ${Buffer.from(credentials).toString("base64")}`;

  proxy.on("connection", (socket) => sockets.add(socket));
  proxy.on("connect", (request, socket, head) => {
    requests.push({ url: request.url, headers: request.headers });
    socket.on("error", () => {});
    if (answer)
      return answer(socket);
    if (!admitted(request))
      return socket.end("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"rill\"\r\n" +
        "Content-Length: 0\r\n\r\n");
    const at = request.url.lastIndexOf(":");
    const other = net.connect(Number(request.url.slice(at + 1)), request.url.slice(0, at), () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      other.write(head);
      socket.pipe(other).pipe(socket);
    });
    other.on("error", () => socket.destroy());
    socket.on("close", () => other.destroy());
    other.on("close", () => socket.destroy());
  });
  await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const { port } = proxy.address();
  return {
    requests, port,
    url: (user = "") => `${tls ? "https" : "http"}://${user && `${user}@`}127.0.0.1:${port}`,
    stop() {
      for (const socket of sockets)
        socket.destroy();
      return new Promise((resolve) => proxy.close(resolve));
    },
  };
}

module.exports = { startProxy };
