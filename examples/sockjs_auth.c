/* sockjs_auth.c: who is there? A token in the first message says it, and cookies do not.
 *
 *     npm install sockjs-client
 *     build/examples/sockjs_auth 9999 node_modules/sockjs-client/dist/sockjs.min.js
 *
 * and open http://127.0.0.1:9999/?name=ann.
 *
 * The cookie of a log-in is no authorisation for a SockJS session:
 *
 *   - A browser sends a server's cookies along whichever page has asked. Other sites' pages are kept from
 *     reading answers, but WebSockets are not asked about that, and SockJS is there to be reached across
 *     domains. So any page that somebody with a log-in happens to look at could open a session in their name.
 *   - Where sessions are on another domain than the pages, browsers that block cookies of third parties send
 *     none, and with some transports but not with others.
 *   - A cookie is read once, when the session opens. The session goes on after the log-out.
 *
 * That is why rill_conn_header() does not know the Cookie. Instead: the page that somebody with a log-in gets
 * holds a token, which other sites' pages cannot read; the page sends it as its first message. A token is
 * random, good once and for a minute. Whoever shows none in time, or a wrong one, is closed. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <rill/rill.h>

enum {
	TOKEN_LEN = 32,
	TOKENS = 1024, /* handed out and not used; the oldest go */
	TOKEN_LIFE_MS = 60 * 1000,
	WRONG_TOKEN = 4001, /* codes from 4000 on are the program's own */
	NO_TOKEN = 4002,
};

struct token {
	char text[TOKEN_LEN + 1]; /* "": used */
	char name[32];
	uint64_t until;
};

static struct token tokens[TOKENS];
static size_t next_token;
static uint64_t deadline_ms;

static const struct token *make_token(const char *name, uint64_t now)
{
	unsigned char bytes[TOKEN_LEN / 2];
	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return NULL;
	struct token *token = &tokens[next_token++ % TOKENS];
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(token->text + 2 * i, 3, "%02x", bytes[i]);
	snprintf(token->name, sizeof(token->name), "%s", name);
	token->until = now + TOKEN_LIFE_MS;
	return token;
}

/* Takes as long whether the first byte is wrong or the last, so that nobody can guess byte by byte. */
static bool same(const char *a, const char *b)
{
	unsigned char differs = 0;
	for (size_t i = 0; i < TOKEN_LEN; i++)
		differs |= (unsigned char)(a[i] ^ b[i]);
	return !differs;
}

/* Whose it is; NULL: nobody's, or no longer. */
static const char *use_token(rill_msg shown, uint64_t now)
{
	struct token *found = NULL;
	if (shown.len != TOKEN_LEN)
		return NULL;
	for (size_t i = 0; i < TOKENS; i++) {
		if (same(shown.data, tokens[i].text) && *tokens[i].text && now < tokens[i].until)
			found = &tokens[i];
	}
	if (!found)
		return NULL;
	*found->text = '\0';
	return found->name;
}

/* One session. */
struct visitor {
	rill_timer *deadline;
	char name[32]; /* "": not known yet */
};

static void on_deadline(rill_timer *timer, void *user)
{
	(void)timer;
	rill_close(user, NO_TOKEN, "no token came in time");
}

static void on_open(rill_conn *conn)
{
	struct visitor *visitor = calloc(1, sizeof(*visitor));
	rill_conn_set_user(conn, visitor);
	if (!visitor ||
		rill_timer_new(&visitor->deadline, rill_conn_loop(conn), on_deadline, conn) < 0)
		rill_close(conn, 1011, "out of memory");
	else
		rill_timer_start(visitor->deadline, deadline_ms, 0);
}

/* Until a token has come, nothing else is looked at. */
static void introduce(rill_conn *conn, struct visitor *visitor, rill_msg msg)
{
	const char *name = use_token(msg, rill_loop_now(rill_conn_loop(conn)));
	if (!name) {
		rill_close(conn, WRONG_TOKEN, "the token is wrong or too old");
		return;
	}
	rill_timer_stop(visitor->deadline);
	snprintf(visitor->name, sizeof(visitor->name), "%s", name);
	char text[64];
	snprintf(text, sizeof(text), "welcome, %s", name);
	rill_send_text(conn, text);
}

static void on_message(rill_conn *conn, rill_msg msg)
{
	struct visitor *visitor = rill_conn_user(conn);
	if (!*visitor->name)
		introduce(conn, visitor, msg);
	else if (rill_send_msg(conn, msg) == 1)
		rill_conn_pause(conn);
}

static void on_close(rill_conn *conn, int code, rill_bytes reason)
{
	struct visitor *visitor = rill_conn_user(conn);
	(void)code;
	(void)reason;
	if (visitor)
		rill_timer_free(visitor->deadline);
	free(visitor);
}

static const rill_handler handler = {
	sizeof(rill_handler),
	.on_open = on_open,
	.on_message = on_message,
	.on_drain = rill_conn_resume,
	.on_close = on_close,
};

static const char page[] =
	"<!doctype html><meta charset=utf-8><title>SockJS with a token</title>\n"
	"<form><input autofocus> <button>Send</button></form><ul></ul>\n"
	"<script src=/sockjs.js></script><script>\n"
	"function show(text) {\n"
	"  document.querySelector('ul').append(\n"
	"    Object.assign(document.createElement('li'), { textContent: text }));\n"
	"}\n"
	"if (!window.SockJS)\n"
	"  show('npm install sockjs-client, then name its dist/sockjs.min.js to the server');\n"
	"const sock = new SockJS('/talk');\n"
	"sock.onopen = () => sock.send('%s');\n"
	"sock.onmessage = e => show(e.data);\n"
	"sock.onclose = e => show('closed: ' + e.code + ' ' + e.reason);\n"
	"document.forms[0].onsubmit = e => {\n"
	"  e.preventDefault();\n"
	"  sock.send(document.querySelector('input').value);\n"
	"};\n"
	"</script>\n";

/* Yours stands behind the log-in, which says the name. Here the query does. */
static void show_page(rill_request *request)
{
	char name[32] = "";
	char text[sizeof(page) + TOKEN_LEN];
	if (rill_request_query_value(request, "name", name, sizeof(name)) <= 0)
		snprintf(name, sizeof(name), "nobody");
	const struct token *token = make_token(name, rill_loop_now(rill_request_loop(request)));
	if (!token) {
		rill_respond(request, 503, NULL, NULL, 0);
		return;
	}
	int len = snprintf(text, sizeof(text), page, token->text);
	rill_response_header(request, "Cache-Control", "no-store"); /* a secret is in it */
	rill_respond(request, 200, "text/html; charset=utf-8", text, (size_t)len);
}

static char client[1024 * 1024];
static size_t client_len;

static bool read_client(const char *name)
{
	FILE *file = fopen(name, "rb");
	if (!file)
		return false;
	client_len = fread(client, 1, sizeof(client), file);
	fclose(file);
	return client_len > 0;
}

static bool is(rill_bytes bytes, const char *text)
{
	return bytes.len == strlen(text) && !memcmp(bytes.data, text, bytes.len);
}

static int on_request(rill_request *request, void *user)
{
	rill_bytes path = rill_request_path(request);
	(void)user;
	if (is(path, "/"))
		show_page(request);
	else if (is(path, "/sockjs.js") && client_len)
		rill_respond(request, 200, "text/javascript; charset=utf-8", client, client_len);
	else
		return RILL_PASS;
	return RILL_TAKE;
}

int main(int argc, char **argv)
{
	uint16_t port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 9999);
	rill_sockjs_options options;
	rill_loop *loop;
	rill_server *server;

	if ((argc > 1 && !isdigit((unsigned char)*argv[1])) || (argc > 2 && !read_client(argv[2]))) {
		fprintf(stderr, "usage: sockjs_auth [PORT [SOCKJS.MIN.JS [MILLISECONDS]]]\n");
		return 2;
	}
	deadline_ms = argc > 3 ? strtoull(argv[3], NULL, 10) : 10 * 1000;
	if (rill_loop_new(&loop, NULL) < 0 || rill_server_new(&server, loop, NULL) < 0)
		return 1;
	rill_sockjs_options_default(&options);
	options.sockjs_url = "/sockjs.js";
	if (rill_sockjs_serve(server, "/talk", &handler, &options, NULL) < 0)
		return 1;
	rill_server_handle(server, "/", on_request, NULL, NULL);
	if (rill_server_listen_tcp(server, "127.0.0.1", port) < 0) {
		fprintf(stderr, "%s\n", rill_server_error(server));
		return 1;
	}
	printf("listening on %s\n", rill_server_url(server, 0));
	fflush(stdout);
	return rill_loop_run(loop) < 0;
}
