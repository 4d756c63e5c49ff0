// A SockJS echo on /echo with sockjs as it is installed from npm, its options at their defaults:
// sockjs_echo.js [--port N]
'use strict';

const http = require('http');
const { parseArgs } = require('util');
const sockjs = require('sockjs');

const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } });

// By default each request is a line on standard output.
const service = sockjs.createServer({ log: () => {} });
service.on('connection', (connection) => {
  connection.on('data', (message) => connection.write(message));
});

const server = http.createServer();
// Connections that rest while memory is looked at would be closed after five seconds.
server.keepAliveTimeout = 120000;
service.installHandlers(server, { prefix: '/echo' });

server.listen({ port: Number(values.port), host: '127.0.0.1', backlog: 4096 }, () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});

process.on('SIGTERM', () => process.exit(0));
