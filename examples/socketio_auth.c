/* socketio_auth.c: who may come in, decided while they wait; who may do what; and how to throw somebody out.
 *
 *     build/examples/socketio_auth 8000
 *
 *     const socket = io("http://127.0.0.1:8000", { auth: { token: "ann-secret" } });
 *     socket.on("connect_error", (error) => console.log(error.message, error.data));
 *     socket.on("hello", (name) => ...);
 *     socket.emit("post", "news");                              to all, from writers alone
 *     io("http://127.0.0.1:8000/admin", { auth: { token: "root-secret" } }).emit("kick", "ann");
 *
 * The token comes in the CONNECT of each namespace. A cookie is no substitute: browsers send it along for any page
 * that asks. Real tokens are random, end some day, and are looked up elsewhere, which takes a while: here a
 * timer stands for that. Each socket then joins a room of its person's name, by which all of them are found. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rill/rill.h>

enum { LOOK_UP_MS = 50 };

static const struct person {
	const char *token, *name;
	bool writes, rules;
} people[] = {
	{ "ann-secret", "ann", true, false },
	{ "bob-secret", "bob", false, false },
	{ "root-secret", "root", true, true },
};

/* A socket that waits to be let in. Its client may be gone by the time; the socket is ours until we decide. */
struct look_up {
	rill_socket *socket;
	rill_timer *timer;
	char token[64];
	bool admin;
};

static const struct person *find_person(const char *token)
{
	for (size_t i = 0; i < sizeof(people) / sizeof(*people); i++) {
		if (!strcmp(people[i].token, token))
			return &people[i];
	}
	return NULL;
}

/* "not authorized", with data for the client's program: {"code": 401} */
static void refuse(rill_socket *socket, int code)
{
	rill_json_writer data;
	rill_json_begin(&data);
	rill_json_open(&data, '{');
	rill_json_name(&data, "code");
	rill_json_put_int(&data, code);
	rill_json_close(&data);
	rill_socket_refuse(socket, "not authorized", rill_json_end(&data));
	rill_json_free(&data);
}

static void on_found(rill_timer *timer, void *user)
{
	struct look_up *look_up = user;
	const struct person *person = find_person(look_up->token);
	if (!person)
		refuse(look_up->socket, 401);
	else if (look_up->admin && !person->rules)
		refuse(look_up->socket, 403);
	else {
		rill_socket_set_user(look_up->socket, (void *)person);
		rill_socket_next(look_up->socket);
	}
	rill_timer_free(timer);
	free(look_up);
}

/* Anything but RILL_ACCEPT and RILL_LATER is a refusal. user: it is the namespace of admins. */
static int on_connecting(rill_socket *socket, rill_json auth, void *user)
{
	struct look_up *look_up = calloc(1, sizeof(*look_up));
	rill_loop *loop = rill_conn_loop(rill_socket_conn(socket));
	if (!look_up || rill_timer_new(&look_up->timer, loop, on_found, look_up) < 0) {
		free(look_up);
		return RILL_ENOMEM;
	}
	look_up->socket = socket;
	look_up->admin = user != NULL;
	rill_json_text(rill_json_get(auth, "token"), look_up->token, sizeof(look_up->token));
	rill_timer_start(look_up->timer, LOOK_UP_MS, 0);
	return RILL_LATER;
}

static void on_connect(rill_socket *socket, void *user)
{
	const struct person *person = rill_socket_user(socket);
	(void)user;
	rill_join(socket, person->name);
	rill_emit(socket, "hello", RILL_ARGS(rill_text(person->name)));
}

/* Every event passes here first. */
static bool may(
	rill_socket *socket, const char *event, rill_json args, rill_reply *reply, void *user)
{
	const struct person *person = rill_socket_user(socket);
	(void)args;
	(void)user;
	if (person->writes || strcmp(event, "post") != 0)
		return true;
	rill_reply_send(reply, RILL_ARGS(rill_text("you may read")));
	return false;
}

static void on_post(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	const struct person *person = rill_socket_user(socket);
	(void)user;
	rill_broadcast all = { .ns = rill_socket_namespace(socket) };
	rill_broadcast_emit(&all, "posted",
		RILL_ARGS(rill_text(person->name), rill_json_arg(rill_json_at(args, 0))));
	rill_reply_send(reply, RILL_ARGS(rill_text("posted")));
}

/* All connections of a person, whichever they are: who is told "io server disconnect" does not come back by
 * itself. user: the namespace they are in. */
static void on_kick(rill_socket *socket, rill_json args, rill_reply *reply, void *user)
{
	char name[64];
	(void)socket;
	if (rill_json_text(rill_json_at(args, 0), name, sizeof(name)) <= 0)
		return;
	rill_broadcast_disconnect(&(rill_broadcast){ .ns = user, .rooms = RILL_ROOMS(name) }, true);
	rill_reply_send(reply, RILL_ARGS(rill_bool(true)));
}

static int set_up(rill_namespace *members, rill_namespace *admins)
{
	static bool yes = true;
	if (!members || !admins)
		return RILL_ENOMEM;
	rill_namespace_on_connect(members, on_connect, NULL);
	int rc = rill_namespace_use(members, on_connecting, NULL);
	if (rc == 0)
		rc = rill_namespace_use_events(members, may, NULL);
	if (rc == 0)
		rc = rill_namespace_on(members, "post", on_post, NULL);
	if (rc == 0)
		rc = rill_namespace_use(admins, on_connecting, &yes);
	if (rc == 0)
		rc = rill_namespace_on(admins, "kick", on_kick, members);
	return rc;
}

int main(int argc, char **argv)
{
	uint16_t port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8000);
	rill_loop *loop;
	rill_server *server;
	rill_socketio *io;

	if (rill_loop_new(&loop, NULL) < 0 || rill_server_new(&server, loop, NULL) < 0 ||
		rill_socketio_serve(server, NULL, &io) < 0 ||
		set_up(rill_socketio_of(io, "/"), rill_socketio_of(io, "/admin")) < 0)
		return 1;
	if (rill_server_listen_tcp(server, "127.0.0.1", port) < 0) {
		fprintf(stderr, "%s\n", rill_server_error(server));
		return 1;
	}
	printf("listening on %s\n", rill_server_url(server, 0));
	fflush(stdout);
	return rill_loop_run(loop) < 0;
}
