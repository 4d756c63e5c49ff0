/* engineio_options.c: the options of an Engine.IO service: defaults, checks, copies. */
#include "proto/cors.h"
#include "proto/engineio_options.h"
#include "proto/options.h"

void rill_engineio_options_init(rill_engineio_options *options, size_t size)
{
	rill_engineio_options all = {
		.size = size,
		.ping_interval_ms = 25 * 1000, /* from here on the reference server's */
		.ping_timeout_ms = 20 * 1000,
		.upgrade_timeout_ms = 10 * 1000,
		.max_payload = 1000 * 1000,
		.polling = true,
		.websocket = true,
		.upgrades = true,
		.trailing_slash = true,
		.cookie_attributes = "Path=/; HttpOnly; SameSite=Lax",
		.cors = { .size = sizeof(rill_cors_options),
			.methods = "GET,HEAD,PUT,PATCH,POST,DELETE" },
		.http_compression = 1024,
		.max_queue = 16 * 1024 * 1024,
	};

	memset(options, 0, size);
	memcpy(options, &all, size < sizeof(all) ? size : sizeof(all));
}

/* It goes into a field as it stands. */
static bool is_field_text(const char *text)
{
	for (; text && *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static const char *find_fault(const rill_engineio_options *o)
{
	if (!o->ping_interval_ms || !o->ping_timeout_ms)
		return "ping_interval_ms and ping_timeout_ms must not be 0";
	if (!o->max_payload)
		return "max_payload must not be 0";
	if (!o->polling && !o->websocket)
		return "there is no transport";
	if (o->cookie && !rl_slice_is_token(rl_slice_str(o->cookie)))
		return "cookie must be a cookie's name";
	if (!is_field_text(o->cookie_attributes))
		return "cookie_attributes hold a control character";
	if ((unsigned)o->overflow > RILL_OVERFLOW_DROP_OLDEST)
		return "overflow is none of its values";
	if (o->initial_len && !o->initial)
		return "initial is NULL";
	return rl_cors_fault(&o->cors);
}

const char *rl_eio_options_read(rill_engineio_options *to, const rill_engineio_options *from)
{
	rill_engineio_options_default(to);
	const char *why = rl_options_read(to, sizeof(*to), from);

	return why ? why : find_fault(to);
}

const char *rl_eio_websocket_options_read(
	rill_websocket_options *to, const rill_websocket_options *from)
{
	rill_websocket_options_default(to);
	to->deflate.enabled = false;
	return rl_options_read(to, sizeof(*to), from);
}

static int copy_text(const struct rl_env *env, const char **to, const char *from)
{
	*to = NULL;
	if (!from)
		return 0;
	*to = rl_strndup(env, from, strlen(from));
	return *to ? 0 : RILL_ENOMEM;
}

static int copy_initial(const struct rl_env *env, rill_engineio_options *o, const void *from)
{
	if (!o->initial_len)
		return 0;
	void *initial = rl_alloc(env, o->initial_len);
	if (!initial)
		return RILL_ENOMEM;
	memcpy(initial, from, o->initial_len);
	o->initial = initial;
	return 0;
}

int rl_eio_options_copy(const struct rl_env *env, rill_engineio_options *o)
{
	const rill_engineio_options from = *o;

	o->keep_headers = o->origins = NULL;
	o->cookie = o->cookie_attributes = NULL;
	o->initial = NULL;
	o->websocket_options = NULL;
	int rc = rl_cors_copy(env, &o->cors);
	if (rc == 0)
		rc = rl_strings_copy(env, &o->keep_headers, from.keep_headers);
	if (rc == 0)
		rc = rl_strings_copy(env, &o->origins, from.origins);
	if (rc == 0)
		rc = copy_text(env, &o->cookie, from.cookie);
	if (rc == 0)
		rc = copy_text(env, &o->cookie_attributes, from.cookie_attributes);
	return rc == 0 ? copy_initial(env, o, from.initial) : rc;
}

void rl_eio_options_free(const struct rl_env *env, rill_engineio_options *o)
{
	rl_cors_free(env, &o->cors);
	rl_free(env, (void *)o->keep_headers);
	rl_free(env, (void *)o->origins);
	rl_free(env, (void *)o->cookie);
	rl_free(env, (void *)o->cookie_attributes);
	rl_free(env, (void *)o->initial);
}

int rl_eio_path_read(const struct rl_env *env, char **to, const char *from, bool trailing_slash)
{
	*to = NULL;
	if (!from || from[0] != '/')
		return RILL_EINVAL;
	size_t len = strlen(from);
	if (from[len - 1] == '/')
		len--;
	char *path = rl_alloc(env, len + 2);
	if (!path)
		return RILL_ENOMEM;
	memcpy(path, from, len);
	if (trailing_slash || !len)
		path[len++] = '/';
	path[len] = 0;
	*to = path;
	return 0;
}
