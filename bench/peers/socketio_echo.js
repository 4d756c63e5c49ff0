// A Socket.IO echo with socket.io as it is installed from npm, its options at their defaults:
// socketio_echo.js [--port N]. "echo" comes back as "echo-back"; who says "join" is in a room, in which
// "publish" is told to all others as "published".
'use strict';

const http = require('http');
const { parseArgs } = require('util');
const { Server } = require('socket.io');

const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } });

const server = http.createServer();
// Connections that rest while memory is looked at would be closed after five seconds.
server.keepAliveTimeout = 120000;

const io = new Server(server);
io.on('connection', (socket) => {
  socket.on('echo', (text) => socket.emit('echo-back', text));
  socket.on('publish', (text) => socket.to('all').emit('published', text));
  socket.on('join', (done) => {
    socket.join('all');
    done();
  });
});

server.listen({ port: Number(values.port), host: '127.0.0.1', backlog: 4096 }, () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});

process.on('SIGTERM', () => process.exit(0));
