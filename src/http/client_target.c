/* client_target.c: where a call goes and how: the URL, the proxy, the fields, TLS. All of it is
 * checked and copied once, so that what a program got wrong is told to its face, and a call that
 * is made again years later needs nothing from it. */
#include <rill/error.h>
#include <stdio.h>
#include "http/client_call.h"

#define MIB (1024u * 1024u)

void rl_connect_options_default(rill_connect_options *options)
{
	*options = (rill_connect_options){
		.timeout_ms = 10 * 1000,
		.attempt_ms = 250,
		.tls.min_version = 12,
		.proxy_tls.min_version = 12,
		.max_head = 16 * 1024,
	};
}

/* Where a sentence about what is wrong goes. */
struct complaint {
	char *text;
	size_t size;
};

static int complain(struct complaint *to, const char *about, const char *why)
{
	if (to->size)
		snprintf(to->text, to->size, "%s%s", about, why);
	return RILL_EINVAL;
}

uint16_t rl_client_port(const struct rl_client_where *where)
{
	if (where->url.port)
		return where->url.port;
	return where->secure ? 443 : 80;
}

static void init_where(struct rl_client_where *where, const struct rl_env *env)
{
	*where = (struct rl_client_where){ 0 };
	rl_buf_init(&where->authorization, env);
}

static void fini_where(struct rl_client_where *where, const struct rl_env *env)
{
	rl_free(env, where->text);
	rl_free(env, where->shown);
	rl_buf_release(&where->authorization);
	init_where(where, env);
}

/* The URL without its credentials. */
static int make_shown(struct rl_client_where *where, const struct rl_env *env)
{
	struct rl_buf text;
	rl_buf_init(&text, env);
	int rc = rl_buf_append_slice(&text, where->url.scheme);
	if (rc == 0)
		rc = rl_buf_append_str(&text, "://");
	if (rc == 0)
		rc = rl_url_write_host(&where->url, 0, &text);
	if (rc == 0)
		rc = rl_url_write_target(&where->url, &text);
	if (rc == 0)
		where->shown = rl_strndup(env, text.data, text.len);
	rl_buf_release(&text);
	return where->shown ? 0 : RILL_ENOMEM;
}

static int make_authorization(struct rl_client_where *where, const char *name)
{
	struct rl_buf *out = &where->authorization;
	if (!where->url.has_credentials)
		return 0;
	int rc = rl_buf_append_str(out, name);
	if (rc == 0)
		rc = rl_buf_append_str(out, ": ");
	if (rc == 0)
		rc = rl_url_write_basic(&where->url, out);
	return rc == 0 ? rl_buf_append_str(out, "\r\n") : rc;
}

static int choose_scheme(struct rl_client_where *where, const char *const *schemes)
{
	for (size_t i = 0; schemes[i]; i++) {
		if (rl_slice_equal_nocase(where->url.scheme, rl_slice_str(schemes[i]))) {
			where->secure = i % 2;
			return 0;
		}
	}
	return RILL_EINVAL;
}

/* Fills in where from a URL. about: "" or "the proxy: ". */
static int read_where(struct rl_client_where *where, const struct rl_env *env, struct rl_slice url,
	const char *const *schemes, const char *authorization, struct complaint *complaint,
	const char *about)
{
	const char *why;
	where->text = rl_strndup(env, url.data, url.len);
	if (!where->text)
		return RILL_ENOMEM;
	int rc = rl_url_parse(rl_slice(where->text, url.len), &where->url, &why);
	if (rc < 0)
		return complain(complaint, about, why);
	if (choose_scheme(where, schemes) < 0) {
		char text[100];
		snprintf(text, sizeof(text), "the URL's scheme is neither %s nor %s", schemes[0],
			schemes[1]);
		return complain(complaint, about, text);
	}
	if (where->url.has_fragment)
		return complain(complaint, about, "the URL has a fragment (\"#\")");
	rc = make_authorization(where, authorization);
	if (rc == RILL_EINVAL)
		return complain(complaint, about,
			"the URL's credentials hold a control character, or the user a colon");
	return rc == 0 ? make_shown(where, env) : rc;
}

static bool is_one_of(struct rl_slice name, const char *const *names)
{
	for (; *names; names++)
		if (rl_slice_equal_nocase(name, rl_slice_str(*names)))
			return true;
	return false;
}

/* What says where a message ends, or goes, is not for programs to say. */
static const char *const framing_fields[] = { "Host", "Connection", "Content-Length",
	"Transfer-Encoding", NULL };

/* "Name: value" strings become lines. own may be NULL. */
static int read_fields(struct rl_buf *out, const char *const *headers,
	bool (*own)(struct rl_slice name), struct complaint *complaint)
{
	for (; headers && *headers; headers++) {
		const char *colon = strchr(*headers, ':');
		if (!colon)
			return complain(complaint, "a header has no colon: ", *headers);
		struct rl_slice name = rl_slice(*headers, (size_t)(colon - *headers));
		if (is_one_of(name, framing_fields) || (own && own(name)))
			return complain(
				complaint, "a header is not the program's to set: ", *headers);
		int rc = rl_http1_write_field(out, name, rl_slice_trim(rl_slice_str(colon + 1)));
		if (rc == RILL_EINVAL)
			return complain(complaint,
				"a header's name is no token, or it holds a control character", "");
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* A program's own field stands instead of the URL's credentials. */
static bool has_line(const struct rl_buf *lines, struct rl_slice name)
{
	struct rl_slice rest = rl_buf_slice(lines);
	while (rest.len) {
		const uint8_t *end = memchr(rest.data, '\n', rest.len);
		size_t len = (size_t)(end - rest.data) + 1;
		if (len > name.len && rest.data[name.len] == ':' &&
			rl_slice_equal_nocase(rl_slice(rest.data, name.len), name))
			return true;
		rl_slice_skip(&rest, len);
	}
	return false;
}

static int read_proxy(struct rl_client_target *target, const rill_connect_options *options,
	struct complaint *complaint)
{
	static const char *const schemes[] = { "http", "https", NULL };
	static const char about[] = "the proxy: ";
	struct rl_client_where *proxy = &target->proxy;
	if (!options->proxy)
		return 0;
	int rc = read_where(proxy, &target->loop->env, rl_slice_str(options->proxy), schemes,
		"Proxy-Authorization", complaint, about);
	if (rc < 0)
		return rc;
	if (proxy->url.path.len > 1 || proxy->url.has_query)
		return complain(complaint, about, "the URL has a path");
	rc = read_fields(&target->proxy_fields, options->proxy_headers, NULL, complaint);
	if (rc == 0 && has_line(&target->proxy_fields, RL_SLICE("Proxy-Authorization")))
		rl_buf_release(&proxy->authorization);
	return rc;
}

/* The strings of TLS options, each of which may be NULL. */
#define TLS_STRINGS(X) X(ca_file) X(certificate_file) X(key_file) X(name) X(ciphers)

static void free_tls_options(const struct rl_env *env, rill_client_tls_options *options)
{
#define RELEASE(field) rl_free(env, (char *)(uintptr_t)options->field);
	TLS_STRINGS(RELEASE)
#undef RELEASE
}

static int copy_tls_options(
	const struct rl_env *env, rill_client_tls_options *to, const rill_client_tls_options *from)
{
	bool whole = true;
	*to = *from;
#define COPY(field)                                                                                \
	if (from->field) {                                                                         \
		to->field = rl_strndup(env, from->field, strlen(from->field));                     \
		whole = whole && to->field;                                                        \
	}
	TLS_STRINGS(COPY)
#undef COPY
	return whole ? 0 : RILL_ENOMEM;
}

/* Files are read now, also those that only a redirect would need: whether they can be used is to be
 * known at once. The system's authorities are read when they are needed. */
static int read_tls(struct rl_client_target *target, const rill_connect_options *options,
	struct complaint *complaint)
{
	const struct rl_env *env = &target->loop->env;
	const rill_client_tls_options *tls = &options->tls;
	int rc = copy_tls_options(env, &target->tls_options, tls);
	if (rc == 0 &&
		(target->where.secure || tls->ca_file || tls->certificate_file || tls->key_file))
		rc = rl_tls_client_new(&target->tls, env, tls, complaint->text, complaint->size);
	if (rc == 0 && target->proxy.secure)
		rc = rl_tls_client_new(&target->proxy_tls, env, &options->proxy_tls,
			complaint->text, complaint->size);
	return rc;
}

static int read_numbers(struct rl_client_target *target, const rill_connect_options *options,
	struct complaint *complaint)
{
	/* A head is kept in one piece while it comes, and counted in 32 bits. */
	if (options->max_head == 0 || options->max_head > 64 * MIB)
		return complain(complaint, "max_head is not between 1 byte and 64 MiB", "");
	target->max_head = options->max_head;
	target->timeout_ms = options->timeout_ms;
	target->attempt_ms = options->attempt_ms;
	return 0;
}

int rl_client_target_new(struct rl_client_target **result, struct rill_loop *loop,
	const struct rl_client_kind *kind, const char *url, const rill_connect_options *options,
	char *error, size_t error_len)
{
	const struct rl_env *env = &loop->env;
	struct complaint complaint = { error, error_len };
	struct rl_client_target *target = rl_zalloc(env, sizeof(*target));
	if (error_len)
		error[0] = 0;
	if (!target)
		return RILL_ENOMEM;
	target->loop = loop;
	target->kind = kind;
	init_where(&target->where, env);
	init_where(&target->proxy, env);
	rl_buf_init(&target->fields, env);
	rl_buf_init(&target->proxy_fields, env);
	target->group = rl_client_group(loop);
	int rc = target->group ? read_numbers(target, options, &complaint) : RILL_ENOMEM;
	if (rc == 0)
		rc = read_where(&target->where, env, rl_slice_str(url), kind->schemes,
			"Authorization", &complaint, "");
	if (rc == 0)
		rc = read_fields(&target->fields, options->headers, kind->own_field, &complaint);
	if (rc == 0 && has_line(&target->fields, RL_SLICE("Authorization")))
		rl_buf_release(&target->where.authorization);
	if (rc == 0)
		rc = read_proxy(target, options, &complaint);
	if (rc == 0)
		rc = read_tls(target, options, &complaint);
	if (rc < 0) {
		rl_client_target_free(target);
		return rc;
	}
	*result = target;
	return 0;
}

void rl_client_target_free(struct rl_client_target *target)
{
	if (!target)
		return;
	const struct rl_env *env = &target->loop->env;
	rl_client_target_restore(target);
	fini_where(&target->where, env);
	fini_where(&target->proxy, env);
	rl_buf_release(&target->fields);
	rl_buf_release(&target->proxy_fields);
	free_tls_options(env, &target->tls_options);
	rl_tls_client_unref(target->tls);
	rl_tls_client_unref(target->stranger_tls);
	rl_tls_client_unref(target->proxy_tls);
	rl_free(env, target);
}

const char *rl_client_target_url(const struct rl_client_target *target)
{
	return target->where.shown;
}

struct rl_tls_client *rl_client_target_tls(const struct rl_client_target *target)
{
	return target->stripped ? target->stranger_tls : target->tls;
}

struct rl_slice rl_client_target_name(const struct rl_client_target *target)
{
	const char *name = target->tls_options.name;
	return name && !target->stripped ? rl_slice_str(name) : target->where.url.host;
}

bool rl_client_target_secure(const struct rl_client_target *target)
{
	return target->where.secure;
}

const struct rl_stream_group *rl_client_target_group(const struct rl_client_target *target)
{
	return target->group;
}

/* Redirects. */

static bool same_origin(const struct rl_client_where *a, const struct rl_client_where *b)
{
	return a->secure == b->secure && rl_client_port(a) == rl_client_port(b) &&
	       rl_slice_equal_nocase(a->url.host, b->url.host);
}

/* Copies the lines but for those that are secrets between us and the former server. */
static int copy_public_fields(struct rl_buf *out, const struct rl_buf *lines)
{
	static const char *const secrets[] = { "Cookie", "Authorization", NULL };
	struct rl_slice rest = rl_buf_slice(lines);
	int rc = 0;
	while (rc == 0 && rest.len) {
		const uint8_t *end = memchr(rest.data, '\n', rest.len);
		const uint8_t *colon = memchr(rest.data, ':', rest.len);
		size_t len = (size_t)(end - rest.data) + 1;
		struct rl_slice name = rl_slice(rest.data, (size_t)(colon - rest.data));
		if (!is_one_of(name, secrets))
			rc = rl_buf_append(out, rest.data, len);
		rl_slice_skip(&rest, len);
	}
	return rc;
}

static int read_location(struct rl_client_where *where, const struct rl_client_target *target,
	struct rl_slice location)
{
	struct complaint nobody = { NULL, 0 };
	const struct rl_env *env = &target->loop->env;
	struct rl_buf text;
	rl_buf_init(&text, env);
	int rc = rl_url_resolve(rl_slice_str(target->where.text), location, &text);
	if (rc == 0) {
		/* A fragment is for those who show what they get (RFC 9110, 10.2.2). */
		const uint8_t *hash = memchr(text.data, '#', text.len);
		size_t len = hash ? (size_t)(hash - text.data) : text.len;
		rc = read_where(where, env, rl_slice(text.data, len), target->kind->schemes,
			"Authorization", &nobody, "");
	}
	rl_buf_release(&text);
	return rc;
}

static int keep_authorization(struct rl_client_where *to, const struct rl_client_where *from)
{
	if (to->authorization.len || !from->authorization.len)
		return 0;
	return rl_buf_append_slice(&to->authorization, rl_buf_slice(&from->authorization));
}

/* The first URL and the first fields are put aside for rl_client_target_restore(). fields NULL: they
 * stay. */
static void move_to(
	struct rl_client_target *target, struct rl_client_where *where, struct rl_buf *fields)
{
	if (target->moved)
		fini_where(&target->where, &target->loop->env);
	else
		target->first_where = target->where;
	target->moved = true;
	target->where = *where;
	if (!fields)
		return;
	if (target->stripped)
		rl_buf_release(&target->fields);
	else
		target->first_fields = target->fields;
	target->stripped = true;
	target->fields = *fields;
}

/* TLS for a server elsewhere, as for the first one, but that we do not say who we are. */
static int make_stranger_tls(struct rl_client_target *target)
{
	const struct rl_env *env = &target->loop->env;
	rill_client_tls_options options = target->tls_options;
	char unused[8];
	if (target->stranger_tls)
		return 0;
	if (target->tls && !options.certificate_file) {
		target->stranger_tls = rl_tls_client_ref(target->tls);
		return 0;
	}
	options.certificate_file = options.key_file = NULL;
	return rl_tls_client_new(&target->stranger_tls, env, &options, unused, sizeof(unused));
}

int rl_client_target_redirect(struct rl_client_target *target, struct rl_slice location)
{
	const struct rl_env *env = &target->loop->env;
	struct rl_client_where where;
	struct rl_buf fields;

	init_where(&where, env);
	rl_buf_init(&fields, env);
	int rc = read_location(&where, target, location);
	bool same = rc == 0 && same_origin(&where, &target->where);
	if (same && has_line(&target->fields, RL_SLICE("Authorization")))
		rl_buf_release(&where.authorization);
	if (same)
		rc = keep_authorization(&where, &target->where);
	else if (rc == 0)
		rc = copy_public_fields(&fields, &target->fields);
	/* At the same origin it is as it was: there already, when it is needed. */
	if (rc == 0 && where.secure && !same)
		rc = make_stranger_tls(target);
	if (rc < 0) {
		fini_where(&where, env);
		rl_buf_release(&fields);
		return rc == RILL_ENOMEM ? rc : RILL_EINVAL;
	}
	move_to(target, &where, same ? NULL : &fields);
	return 0;
}

void rl_client_target_restore(struct rl_client_target *target)
{
	const struct rl_env *env = &target->loop->env;

	if (target->moved) {
		fini_where(&target->where, env);
		target->where = target->first_where;
	}
	if (target->stripped) {
		rl_buf_release(&target->fields);
		target->fields = target->first_fields;
	}
	target->moved = target->stripped = false;
}
