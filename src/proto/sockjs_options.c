/* sockjs_options.c: the options of a SockJS service: defaults, checks, copies. */
#include "base/utf8.h"
#include "proto/options.h"
#include "proto/sockjs_options.h"

void rill_sockjs_options_init(rill_sockjs_options *options, size_t size)
{
	rill_sockjs_options all = {
		.size = size,
		.sockjs_url = "https://cdn.jsdelivr.net/npm/sockjs-client@1/dist/sockjs.min.js",
		.response_limit = 128 * 1024, /* from here on the reference server's */
		.websocket = true,
		.heartbeat_ms = 25 * 1000,
		.pong_timeout_ms = 10 * 1000,
		.disconnect_ms = 5 * 1000,
		.max_queue = 16 * 1024 * 1024,
		.max_body = 16 * 1024 * 1024,
		.bind_cookie = "JSESSIONID",
	};

	memset(options, 0, size);
	memcpy(options, &all, size < sizeof(all) ? size : sizeof(all));
}

/* It is pasted into a page. */
static bool is_script_url(const char *url)
{
	if (!url || (url[0] != '/' && strncmp(url, "http", 4) != 0))
		return false;
	for (; *url; url++)
		if ((unsigned char)*url < 0x20 || *url == 0x7f || strchr("\"'<>", *url))
			return false;
	return true;
}

/* "xhr_streaming" is "xhr-streaming". */
static bool is_name(const char *name, const char *wanted)
{
	for (; *name && *wanted; name++, wanted++)
		if (*name != *wanted && !(*name == '_' && *wanted == '-'))
			return false;
	return !*name && !*wanted;
}

/* The bits of what a name stands for; 0: nothing. */
static unsigned transports_named(const char *name)
{
	if (strcmp(name, "websockets") == 0)
		return 1u << RL_SOCKJS_WEBSOCKET | 1u << RL_SOCKJS_WEBSOCKET_RAW;
	for (unsigned i = 0; i < RL_SOCKJS_TRANSPORTS; i++)
		if (is_name(name, rl_sockjs_rows[i].name))
			return 1u << i;
	return 0;
}

/* False: there is a name that nobody knows. */
static bool read_names(const char *const *names, unsigned *bits)
{
	*bits = 0;
	for (; names && *names; names++) {
		unsigned named = transports_named(*names);
		if (!named)
			return false;
		*bits |= named;
	}
	return true;
}

static const char *find_fault(const rill_sockjs_options *o, unsigned *transports)
{
	unsigned off;

	if (!is_script_url(o->sockjs_url))
		return "sockjs_url begins with \"/\" or \"http\" and has no quotes, angle brackets "
		       "or "
		       "control characters";
	if (!read_names(o->transports, transports))
		return "transports names one that there is not";
	if (!read_names(o->disabled_transports, &off))
		return "disabled_transports names one that there is not";
	if (!o->transports)
		*transports = (1u << RL_SOCKJS_TRANSPORTS) - 1;
	*transports &= ~off;
	if (!o->websocket)
		*transports &= ~transports_named("websockets");
	if (o->base_url && !rl_utf8_valid((const uint8_t *)o->base_url, strlen(o->base_url)))
		return "base_url is not UTF-8";
	if (!o->max_body)
		return "max_body must not be 0";
	if ((unsigned)o->overflow > RILL_OVERFLOW_DROP_OLDEST)
		return "overflow is none of its values";
	if ((unsigned)o->binding > RILL_SOCKJS_BY_COOKIE)
		return "binding is none of its values";
	if (o->binding == RILL_SOCKJS_BY_COOKIE &&
		!(o->bind_cookie && rl_slice_is_token(rl_slice_str(o->bind_cookie))))
		return "bind_cookie must be a cookie's name";
	return NULL;
}

const char *rl_sockjs_options_read(
	rill_sockjs_options *to, const rill_sockjs_options *from, unsigned *transports)
{
	rill_sockjs_options_default(to);
	const char *why = rl_options_read(to, sizeof(*to), from);

	return why ? why : find_fault(to, transports);
}

const char *rl_sockjs_websocket_options_read(
	rill_websocket_options *to, const rill_websocket_options *from)
{
	rill_websocket_options_default(to);
	if (from)
		return rl_options_read(to, sizeof(*to), from);
	to->deflate.enabled = false;
	to->hixie_drafts = true; /* as the reference server; old balancers speak it */
	return NULL;
}

/* What every SockJS server lets a program see of a request; never Cookie, see docs/sockjs.md. */
static const char *const shown[] = { "Referer", "X-Client-IP", "X-Forwarded-For",
	"X-Forwarded-Host", "X-Forwarded-Port", "X-Cluster-Client-IP", "Via", "X-Real-IP",
	"X-Forwarded-Proto", "X-SSL", "DNT", "Host", "User-Agent", "Accept-Language", "Origin",
	NULL };

static int copy_headers(const struct rl_env *env, const char *const **to, const char *const *more)
{
	size_t count = sizeof(shown) / sizeof(*shown), n = 0;

	while (more && more[n])
		n++;
	const char **list = rl_alloc(env, (count + n) * sizeof(*list));
	if (!list)
		return RILL_ENOMEM;
	memcpy(list, shown, sizeof(shown));
	if (n)
		memcpy(list + count - 1, more, n * sizeof(*list));
	list[count - 1 + n] = NULL;
	int rc = rl_strings_copy(env, to, list);
	rl_free(env, list);
	return rc;
}

static int copy_text(const struct rl_env *env, const char **text)
{
	if (!*text)
		return 0;
	*text = rl_strndup(env, *text, strlen(*text));
	return *text ? 0 : RILL_ENOMEM;
}

int rl_sockjs_options_copy(const struct rl_env *env, rill_sockjs_options *o)
{
	const rill_sockjs_options from = *o;

	o->keep_headers = o->origins = o->transports = o->disabled_transports = NULL;
	o->sockjs_url = o->base_url = o->bind_cookie = NULL;
	o->websocket_options = NULL;
	int rc = copy_headers(env, &o->keep_headers, from.keep_headers);
	if (rc == 0)
		rc = rl_strings_copy(env, &o->origins, from.origins);
	o->sockjs_url = rc == 0 ? from.sockjs_url : NULL;
	if (rc == 0)
		rc = copy_text(env, &o->sockjs_url);
	o->base_url = rc == 0 ? from.base_url : NULL;
	if (rc == 0)
		rc = copy_text(env, &o->base_url);
	o->bind_cookie = rc == 0 ? from.bind_cookie : NULL;
	return rc == 0 ? copy_text(env, &o->bind_cookie) : rc;
}

void rl_sockjs_options_free(const struct rl_env *env, rill_sockjs_options *o)
{
	rl_free(env, (void *)o->keep_headers);
	rl_free(env, (void *)o->origins);
	rl_free(env, (void *)o->sockjs_url);
	rl_free(env, (void *)o->base_url);
	rl_free(env, (void *)o->bind_cookie);
}

int rl_sockjs_prefix_read(const struct rl_env *env, char **to, const char *from)
{
	*to = NULL;
	if (!from || (from[0] && from[0] != '/' && strncmp(from, "[/]", 3) != 0))
		return RILL_EINVAL;
	char *prefix = rl_strndup(env, from, strlen(from)), *out = prefix;
	if (!prefix)
		return RILL_ENOMEM;
	/* Generation 1 took a regular expression, in which a slash was written so. */
	for (const char *in = from; *in; in++) {
		bool slash = strncmp(in, "[/]", 3) == 0;
		*out++ = slash ? '/' : *in;
		in += slash ? 2 : 0;
	}
	if (out > prefix && out[-1] == '/')
		out--;
	*out = 0;
	*to = prefix;
	return 0;
}
