/* websocket_client.c: rill_websocket_connect(): its options, and the beginning and the end of a
 * client's connection. What comes to nothing is told by on_failed, from the one place where a
 * connection ends; see rl_conn_closed(). */
#include "proto/options.h"
#include "proto/websocket_client.h"

void rill_websocket_client_options_init(rill_websocket_client_options *options, size_t size)
{
	rill_websocket_client_options all = {
		.size = size,
		.deflate = rl_ws_deflate_defaults,
		.max_message = RL_WS_MAX_MESSAGE,
		.max_fragments = RL_WS_MAX_FRAGMENTS,
		.max_queue = RL_WS_MAX_QUEUE,
		.close_timeout_ms = RL_WS_CLOSE_MS,
		.linger_ms = 2 * 1000,
	};
	rl_connect_options_default(&all.connect);
	memset(options, 0, size);
	memcpy(options, &all, size < sizeof(all) ? size : sizeof(all));
}

/* All clients of a loop. It is found by one of its memberships, and by the other, which goes before
 * what clients use, rill_loop_free() ends them. */
struct clients {
	struct rl_loop_member found, ended;
	struct rl_list conns; /* struct rill_conn */
};
static const char clients_key;

static const rill_failure given_up = {
	.size = sizeof(rill_failure),
	.rc = RILL_ECLOSED,
	.sentence = "it was closed before it was open",
};

static void end_clients(struct rl_loop_member *member, struct rill_loop *loop)
{
	struct clients *clients = rl_container(member, struct clients, ended);
	(void)loop;
	while (!rl_list_empty(&clients->conns)) {
		struct rill_conn *conn = rl_container(clients->conns.next, struct rill_conn, node);
		struct rl_ws_conn *c = rl_ws_conn(conn);
		if (c->stream) {
			rl_ws_conn_lost(c);
			continue;
		}
		/* On its way, or destroyed by the program, which was to be told in this turn. */
		rl_ws_client_cut(c);
		rl_conn_closed(conn, 1006, rl_slice(NULL, 0));
	}
}

static void free_clients(struct rl_loop_member *member, struct rill_loop *loop)
{
	rl_free(&loop->env, rl_container(member, struct clients, found));
}

static struct clients *clients_of(struct rill_loop *loop)
{
	struct rl_loop_member *member = rl_loop_find(loop, &clients_key);
	if (member)
		return rl_container(member, struct clients, found);
	struct clients *clients = rl_zalloc(&loop->env, sizeof(*clients));
	if (!clients)
		return NULL;
	rl_list_init(&clients->conns);
	clients->found.key = &clients_key;
	clients->found.free = free_clients;
	clients->ended.free = end_clients;
	rl_loop_join(loop, &clients->found);
	rl_loop_join(loop, &clients->ended);
	return clients;
}

/* The sentence about the first that makes no sense; NULL when all do. */
static const char *find_fault(const rill_websocket_client_options *o)
{
	if (!o->max_message)
		return "max_message must not be 0";
	if (!o->max_fragments)
		return "max_fragments must not be 0";
	return rl_ws_protocols_fault(o->protocols);
}

/* Options from those a program handed in, of whatever age, filled up with the defaults; the sentence
 * about what makes no sense, or NULL. */
static const char *read_options(
	rill_websocket_client_options *to, const rill_websocket_client_options *from)
{
	rill_websocket_client_options_default(to);
	const char *why = rl_options_read(to, sizeof(*to), from);
	return why ? why : find_fault(to);
}

static void set_terms(struct rl_ws_terms *terms, const rill_websocket_client_options *o)
{
	rl_ws_config_default(&terms->config);
	terms->config.max_message = o->max_message;
	terms->config.max_fragments = o->max_fragments;
	terms->config.pieces = o->pieces;
	terms->config.close_timeout = o->close_timeout_ms;
	terms->config.linger = o->linger_ms;
	terms->config.ping_interval = o->ping_interval_ms;
	terms->config.pong_timeout = o->pong_timeout_ms;
	terms->max_send = o->max_send;
	terms->max_queue = o->max_queue;
}

static const struct rl_client_kind websocket_kind = {
	.schemes = (const char *const[]){ "ws", "wss", NULL },
	.own_field = rl_ws_own_request_field,
};

/* Frees what is around the connection. */
static void fini_client(struct rl_ws_client *client)
{
	const struct rl_env *env = &client->c.conn.loop->env;
	rl_client_target_free(client->target);
	rl_ws_extensions_free(client->extensions);
	rl_free(env, (void *)(uintptr_t)client->protocols);
	rl_answer_free(client->answer);
}

/* The connection as it is until it is open; begins. */
static int begin(struct rl_ws_client *client, struct rill_loop *loop, const char *url,
	const rill_websocket_client_options *options)
{
	const char *why = NULL;
	char error[sizeof(loop->error)];
	int rc = rl_client_target_new(&client->target, loop, &websocket_kind, url,
		&options->connect, error, sizeof(error));
	if (rc < 0)
		return error[0] ? rl_loop_failed(loop, rc, "%s", error) : rc;
	rc = rl_websocket_extensions(
		&client->extensions, loop, &options->deflate, options->extensions, &why);
	if (rc < 0)
		return why ? rl_loop_failed(loop, rc, "%s", why) : rc;
	rc = rl_strings_copy(&loop->env, &client->protocols, options->protocols);
	if (rc < 0)
		return rc;
	client->high = rl_client_target_group(client->target)->high;
	client->c.secure = rl_client_target_secure(client->target);
	return rl_ws_client_ask(client);
}

static int open_client(struct rl_ws_client **result, struct rill_loop *loop, const char *url,
	const rill_handler *handler, const rill_websocket_client_options *options)
{
	struct clients *clients = clients_of(loop);
	struct rl_ws_client *client = rl_zalloc(&loop->env, sizeof(*client));
	if (!clients || !client) {
		rl_free(&loop->env, client);
		return RILL_ENOMEM;
	}
	rl_conn_init(&client->c.conn, &rl_ws_client_ops, handler, loop);
	rl_list_init(&client->early);
	set_terms(&client->terms, options);
	client->c.version = RL_WS_HYBI13;
	client->c.conn.user = options->user;
	client->on_failed = options->on_failed;
	client->failure = given_up;
	client->terms.config.out = &loop->scratch;
	rl_ws_init(&client->c.wire.rfc, &client->terms.config, RL_WS_CLIENT, rl_loop_now(loop));
	int rc = begin(client, loop, url, options);
	if (rc < 0) {
		fini_client(client);
		rl_free(&loop->env, client);
		return rc;
	}
	rl_list_append(&clients->conns, &client->c.conn.node);
	*result = client;
	return 0;
}

int rill_websocket_connect(rill_conn **conn, rill_loop *loop, const char *url,
	const rill_handler *handler, const rill_websocket_client_options *options)
{
	rill_websocket_client_options given;
	struct rl_ws_client *client;
	loop->error[0] = 0;
	const char *why = read_options(&given, options);
	if (!handler || handler->size < sizeof(*handler))
		why = "handler.size must be sizeof(rill_handler)";
	if (why)
		return rl_loop_failed(loop, RILL_EINVAL, "websocket client: %s", why);
	if (loop->ending)
		return rl_loop_failed(loop, RILL_ECLOSED, "the loop is being freed");
	int rc = open_client(&client, loop, url, handler, &given);
	if (rc < 0)
		return loop->error[0] ? rc : rl_loop_failed(loop, rc, "%s", rill_strerror(rc));
	if (conn)
		*conn = &client->c.conn;
	return 0;
}

const rill_answer *rill_conn_answer(const rill_conn *conn)
{
	if (conn->ops != &rl_ws_client_ops)
		return NULL;
	const struct rl_ws_conn *c = rl_container(conn, struct rl_ws_conn, conn);
	return rl_container(c, struct rl_ws_client, c)->answer;
}

void rl_ws_client_cut(struct rl_ws_conn *c)
{
	struct rl_ws_client *client = rl_ws_client(c);
	if (client->call)
		rl_client_free(client->call);
	client->call = NULL;
}

int rl_ws_client_give_up(struct rl_ws_conn *c, int code, struct rl_slice reason)
{
	/* As if it had been open: the code of a program's mistake is told. */
	if (code != 1005 && !rl_ws_code_sendable((unsigned)code))
		return RILL_EINVAL;
	if (reason.len > (code == 1005 ? 0 : 123))
		return RILL_EINVAL;
	rl_ws_client_cut(c);
	rl_conn_closed_later(&c->conn, 1006);
	return 0;
}

void rl_ws_client_ended(struct rill_conn *conn)
{
	struct rl_ws_client *client = rl_ws_client(rl_ws_conn(conn));
	rl_ws_client_cut(&client->c);
	rl_ws_client_drop_early(client);
	rl_ws_conn_drop_pipeline(&client->c);
	if (!conn->opened && client->on_failed)
		client->on_failed(conn, &client->failure);
}

void rl_ws_client_free(struct rill_conn *conn)
{
	struct rl_ws_client *client = rl_ws_client(rl_ws_conn(conn));
	rl_ws_conn_fini(&client->c);
	fini_client(client);
	rl_free(&conn->loop->env, client);
}
