// An echo server with ws as it is installed from npm: ws_echo.js [--port N] [--deflate]
// [--tls-cert FILE --tls-key FILE]. Without --deflate compression is off, its default.
'use strict';

const fs = require('fs');
const http = require('http');
const https = require('https');
const { parseArgs } = require('util');
const { WebSocketServer } = require('ws');

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    deflate: { type: 'boolean', default: false },
    'tls-cert': { type: 'string' },
    'tls-key': { type: 'string' },
  },
});

const secure = values['tls-cert'] !== undefined;
const server = secure
  ? https.createServer({
      cert: fs.readFileSync(values['tls-cert']),
      key: fs.readFileSync(values['tls-key']),
    })
  : http.createServer();

const sockets = new WebSocketServer({ server, perMessageDeflate: values.deflate });

sockets.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});

server.listen({ port: Number(values.port), host: '127.0.0.1', backlog: 4096 }, () => {
  console.log(`listening on ${secure ? 'https' : 'http'}://127.0.0.1:${server.address().port}`);
});

process.on('SIGTERM', () => process.exit(0));
