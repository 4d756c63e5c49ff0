#include "options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"usage: load [options] PORT\n"
	"  what is sent\n"
	"    --connections N     (1)\n"
	"    --size BYTES        of a message (20)\n"
	"    --kind KIND         text, binary or varied (binary)\n"
	"    --depth N           messages in flight on each connection (1)\n"
	"    --deflate[=PARAMS]  permessage-deflate, with parameters as in the header\n"
	"    --tls               does not look at the certificate\n"
	"    --raw               no protocol: the same bytes, and as many of them back\n"
	"    --protocol NAME     websocket; sockjs-websocket, sockjs-streaming, sockjs-polling;\n"
	"                        socketio-websocket, socketio-polling; or, with --idle, http:\n"
	"                        a connection that has asked once (websocket)\n"
	"  what is done (else: echoes)\n"
	"    --idle              open, rest, close; the server's memory before and after\n"
	"    --handshakes        open and close, --connections at a time\n"
	"    --fanout N          N receivers, one publisher; --depth messages at a time\n"
	"  how long\n"
	"    --duration SECONDS  (5)     --messages N   instead of a duration, all told\n"
	"    --warmup SECONDS    (1)     --settle SECONDS  idle: before looking (1)\n"
	"    --waves N           idle: times that all come and go (1)\n"
	"    --echoes N          idle: echoes of each connection before it rests (0)\n"
	"    --timeout SECONDS   for whatever does not move on (30)\n"
	"  how\n"
	"    --pid PID           the server, on this machine: its CPU and memory\n"
	"    --path PATH         (/ws, /echo, /socket.io/)   --publish-path PATH  of the publisher\n"
	"    --host ADDRESS      IPv4 (127.0.0.1)\n"
	"    --sources N         addresses 127.0.0.1 and on to connect from\n"
	"    --connect-rate N    connections opened a second\n"
	"    --opening N         that open at a time (200)\n"
	"    --check N           one echo in N is compared whole (16)\n"
	"    --quiet             no progress on standard error\n"
	"The result is one JSON object on standard output.\n";

static const struct protocol protocols[] = {
	{ "websocket", "/ws", DIALECT_NONE, NULL, false, false },
	{ "sockjs-websocket", "/echo", DIALECT_SOCKJS, "websocket", false, false },
	{ "sockjs-streaming", "/echo", DIALECT_SOCKJS, "xhr_streaming", false, true },
	{ "sockjs-polling", "/echo", DIALECT_SOCKJS, "xhr", false, true },
	{ "socketio-websocket", "/socket.io/", DIALECT_SOCKETIO, "websocket", false, false },
	{ "socketio-polling", "/socket.io/", DIALECT_SOCKETIO, "polling", false, true },
	{ "http", "/echo", DIALECT_NONE, NULL, false, true },
};
static const struct protocol raw_protocol = { "raw", "", DIALECT_NONE, NULL, true, false };

enum {
	OPT_CONNECTIONS = 256,
	OPT_SIZE,
	OPT_KIND,
	OPT_DEPTH,
	OPT_DEFLATE,
	OPT_TLS,
	OPT_RAW,
	OPT_PROTOCOL,
	OPT_IDLE,
	OPT_HANDSHAKES,
	OPT_FANOUT,
	OPT_DURATION,
	OPT_MESSAGES,
	OPT_WARMUP,
	OPT_SETTLE,
	OPT_WAVES,
	OPT_ECHOES,
	OPT_TIMEOUT,
	OPT_PID,
	OPT_PATH,
	OPT_PUBLISH_PATH,
	OPT_HOST,
	OPT_SOURCES,
	OPT_CONNECT_RATE,
	OPT_OPENING,
	OPT_CHECK,
	OPT_QUIET,
	OPT_HELP,
};

static const struct option long_options[] = {
	{ "connections", required_argument, NULL, OPT_CONNECTIONS },
	{ "size", required_argument, NULL, OPT_SIZE },
	{ "kind", required_argument, NULL, OPT_KIND },
	{ "depth", required_argument, NULL, OPT_DEPTH },
	{ "deflate", optional_argument, NULL, OPT_DEFLATE },
	{ "tls", no_argument, NULL, OPT_TLS },
	{ "raw", no_argument, NULL, OPT_RAW },
	{ "protocol", required_argument, NULL, OPT_PROTOCOL },
	{ "idle", no_argument, NULL, OPT_IDLE },
	{ "handshakes", no_argument, NULL, OPT_HANDSHAKES },
	{ "fanout", required_argument, NULL, OPT_FANOUT },
	{ "duration", required_argument, NULL, OPT_DURATION },
	{ "messages", required_argument, NULL, OPT_MESSAGES },
	{ "warmup", required_argument, NULL, OPT_WARMUP },
	{ "settle", required_argument, NULL, OPT_SETTLE },
	{ "waves", required_argument, NULL, OPT_WAVES },
	{ "echoes", required_argument, NULL, OPT_ECHOES },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "pid", required_argument, NULL, OPT_PID },
	{ "path", required_argument, NULL, OPT_PATH },
	{ "publish-path", required_argument, NULL, OPT_PUBLISH_PATH },
	{ "host", required_argument, NULL, OPT_HOST },
	{ "sources", required_argument, NULL, OPT_SOURCES },
	{ "connect-rate", required_argument, NULL, OPT_CONNECT_RATE },
	{ "opening", required_argument, NULL, OPT_OPENING },
	{ "check", required_argument, NULL, OPT_CHECK },
	{ "quiet", no_argument, NULL, OPT_QUIET },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static void refuse(const char *what, const char *text)
{
	fprintf(stderr, "load: %s: %s (--help lists the options)\n", what, text);
	exit(2);
}

static uint64_t number(const char *name, const char *text, uint64_t least, uint64_t most)
{
	uint64_t value;
	if (!rl_slice_to_u64(rl_slice_str(text), &value) || value < least || value > most)
		refuse(name, "not a number in range");
	return value;
}

static double seconds(const char *name, const char *text)
{
	char *end;
	double value = strtod(text, &end);
	if (*text == '\0' || *end != '\0' || !(value >= 0 && value < 1e6))
		refuse(name, "not a number of seconds");
	return value;
}

static enum kind kind_named(const char *text)
{
	static const char *const names[] = { "text", "binary", "varied" };
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(text, names[i]) == 0)
			return (enum kind)i;
	refuse("--kind", "text, binary or varied");
	return KIND_TEXT;
}

static const struct protocol *protocol_named(const char *text)
{
	for (unsigned i = 0; i < sizeof protocols / sizeof *protocols; i++)
		if (strcmp(text, protocols[i].name) == 0)
			return &protocols[i];
	refuse("--protocol", "no such one");
	return NULL;
}

static void read_deflate_parameter(struct rl_deflate_options *o, char *text)
{
	char *value = strchr(text, '=');
	if (value)
		*value++ = '\0';
	if (strcmp(text, "server_no_context_takeover") == 0 && !value)
		o->request_no_context_takeover = true;
	else if (strcmp(text, "client_no_context_takeover") == 0 && !value)
		o->no_context_takeover = true;
	else if (strcmp(text, "server_max_window_bits") == 0 && value)
		o->request_window_bits = (uint8_t)number("--deflate", value, 8, 15);
	else if (strcmp(text, "client_max_window_bits") == 0)
		o->max_window_bits = value ? (uint8_t)number("--deflate", value, 9, 15) : 15;
	else
		refuse("--deflate", "no such parameter");
}

static void read_deflate(struct options *o, char *text)
{
	o->deflate = true;
	char *rest = NULL;
	for (char *one = text ? strtok_r(text, "; ", &rest) : NULL; one;
		one = strtok_r(NULL, "; ", &rest))
		read_deflate_parameter(&o->deflate_options, one);
}

static void set_defaults(struct options *o)
{
	*o = (struct options){
		.protocol = &protocols[0],
		.kind = KIND_BINARY,
		.connections = 1,
		.depth = 1,
		.check = 16,
		.opening = 200,
		.waves = 1,
		.size = 20,
		.duration = 5,
		.warmup = 1,
		.settle = 1,
		.timeout = 30,
	};
	o->server.sin_family = AF_INET;
	o->server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	rl_deflate_options_default(&o->deflate_options);
}

static void read_one(struct options *o, int option, char *value)
{
	switch (option) {
	case OPT_CONNECTIONS:
		o->connections = (unsigned)number("--connections", value, 1, 1000000);
		break;
	case OPT_SIZE:
		o->size = number("--size", value, 0, 64u << 20);
		break;
	case OPT_KIND:
		o->kind = kind_named(value);
		break;
	case OPT_DEPTH:
		o->depth = (unsigned)number("--depth", value, 1, 1024);
		break;
	case OPT_DEFLATE:
		read_deflate(o, value);
		break;
	case OPT_TLS:
		o->tls = true;
		break;
	case OPT_RAW:
		o->protocol = &raw_protocol;
		break;
	case OPT_PROTOCOL:
		o->protocol = protocol_named(value);
		break;
	case OPT_IDLE:
		o->scenario = SCENARIO_IDLE;
		break;
	case OPT_HANDSHAKES:
		o->scenario = SCENARIO_HANDSHAKES;
		break;
	case OPT_FANOUT:
		o->scenario = SCENARIO_FANOUT;
		o->connections = (unsigned)number("--fanout", value, 1, 1000000);
		break;
	case OPT_DURATION:
		o->duration = seconds("--duration", value);
		break;
	case OPT_MESSAGES:
		o->messages = number("--messages", value, 1, UINT64_MAX);
		break;
	case OPT_WARMUP:
		o->warmup = seconds("--warmup", value);
		break;
	case OPT_SETTLE:
		o->settle = seconds("--settle", value);
		break;
	case OPT_WAVES:
		o->waves = (unsigned)number("--waves", value, 1, 1000);
		break;
	case OPT_ECHOES:
		o->echoes = (unsigned)number("--echoes", value, 0, 1000000);
		break;
	case OPT_TIMEOUT:
		o->timeout = seconds("--timeout", value);
		break;
	case OPT_PID:
		o->pid = (pid_t)number("--pid", value, 1, INT32_MAX);
		break;
	case OPT_PATH:
		o->path = value;
		break;
	case OPT_PUBLISH_PATH:
		o->publish_path = value;
		break;
	case OPT_HOST:
		if (inet_pton(AF_INET, value, &o->server.sin_addr) != 1)
			refuse("--host", "not an IPv4 address");
		break;
	case OPT_SOURCES:
		o->sources = (unsigned)number("--sources", value, 1, 250);
		break;
	case OPT_CONNECT_RATE:
		o->connect_rate = seconds("--connect-rate", value);
		break;
	case OPT_OPENING:
		o->opening = (unsigned)number("--opening", value, 1, 100000);
		break;
	case OPT_CHECK:
		o->check = (unsigned)number("--check", value, 1, 1000000);
		break;
	case OPT_QUIET:
		o->quiet = true;
		break;
	case OPT_HELP:
		fputs(usage, stdout);
		exit(0);
	default: /* getopt has said what is wrong */
		exit(2);
	}
}

static bool scenario_of(const struct protocol *protocol, enum scenario_name scenario)
{
	if (scenario == SCENARIO_FANOUT)
		return protocol->dialect == DIALECT_SOCKETIO && !protocol->http;
	return scenario == SCENARIO_ECHO || scenario == SCENARIO_IDLE;
}

/* What does not go together. */
static void look_at_all(const struct options *o)
{
	const struct protocol *protocol = o->protocol;

	if (protocol->raw && (o->tls || o->deflate))
		refuse("--raw", "knows neither TLS nor compression");
	if (protocol->http && (o->tls || o->deflate))
		refuse("--protocol", "over HTTP there is neither TLS nor compression");
	if (protocol->receive && o->kind == KIND_BINARY)
		refuse("--kind", "SockJS and Socket.IO here know texts alone");
	if (protocol->receive && !scenario_of(protocol, o->scenario))
		refuse("--protocol", "SockJS echoes or rests; Socket.IO does on a WebSocket fan-out too");
	if (protocol->http && !protocol->receive && (o->scenario != SCENARIO_IDLE || o->echoes > 0))
		refuse("--protocol", "http is there to rest");
	if (strlen(o->path) > 200)
		refuse("--path", "too long");
	if (o->scenario == SCENARIO_IDLE && o->depth > 1)
		refuse("--idle", "echoes one message at a time");
}

void options_read(struct options *o, int argc, char **argv)
{
	set_defaults(o);
	for (int option; (option = getopt_long(argc, argv, "", long_options, NULL)) != -1;)
		read_one(o, option, optarg);
	if (optind + 1 != argc)
		refuse("PORT", "exactly one is needed");
	o->server.sin_port = htons((uint16_t)number("PORT", argv[optind], 1, 65535));
	if (!o->path)
		o->path = o->protocol->path;
	look_at_all(o);
}
