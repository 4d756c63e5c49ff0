/* cors.c: see cors.h. Every OPTIONS is taken for a preflight, as the middleware does that most servers of
 * this kind have in front. */
#include <string.h>
#include <rill/error.h>
#include "proto/cors.h"
#include "proto/origin.h"
#include "proto/strings.h"

const char *rl_cors_fault(const rill_cors_options *o)
{
	if (o->origins && !o->methods)
		return "cors.methods must not be NULL";
	return NULL;
}

static int copy_text(const struct rl_env *env, const char **to, const char *from)
{
	*to = NULL;
	if (!from)
		return 0;
	*to = rl_strndup(env, from, strlen(from));
	return *to ? 0 : RILL_ENOMEM;
}

int rl_cors_copy(const struct rl_env *env, rill_cors_options *o)
{
	const rill_cors_options from = *o;
	int rc;

	o->origins = NULL;
	o->methods = o->allowed_headers = o->exposed_headers = NULL;
	rc = rl_strings_copy(env, &o->origins, from.origins);
	if (rc == 0)
		rc = copy_text(env, &o->methods, from.methods);
	if (rc == 0)
		rc = copy_text(env, &o->allowed_headers, from.allowed_headers);
	return rc == 0 ? copy_text(env, &o->exposed_headers, from.exposed_headers) : rc;
}

void rl_cors_free(const struct rl_env *env, rill_cors_options *o)
{
	rl_free(env, (void *)o->origins);
	rl_free(env, (void *)o->methods);
	rl_free(env, (void *)o->allowed_headers);
	rl_free(env, (void *)o->exposed_headers);
}

static int add(rill_request *request, const char *name, const char *value)
{
	return rill_response_header(request, name, value);
}

/* An answer that is for one origin alone must not be given to another by a cache; "*" is for all. */
static int add_origin(const rill_cors_options *o, rill_request *request)
{
	struct rl_slice origin = rl_origin_of(request);
	const char *const *rule = o->origins;

	for (; *rule; rule++)
		if (strcmp(*rule, "*") == 0)
			return add(request, "Access-Control-Allow-Origin", "*");
	int rc = add(request, "Vary", "Origin");
	if (rc < 0 || !origin.data || !rl_origin_find_rule(o->origins, request, origin))
		return rc;
	return rl_exchange_add_field(request, RL_SLICE("Access-Control-Allow-Origin"), origin);
}

int rl_cors_add(const rill_cors_options *o, rill_request *request)
{
	if (!o->origins)
		return 0;
	int rc = add_origin(o, request);
	if (rc == 0 && o->credentials)
		rc = add(request, "Access-Control-Allow-Credentials", "true");
	if (rc == 0 && o->exposed_headers)
		rc = add(request, "Access-Control-Expose-Headers", o->exposed_headers);
	return rc;
}

bool rl_cors_is_preflight(const rill_cors_options *o, const rill_request *request)
{
	rill_bytes method = rill_request_method(request);

	return o->origins && rl_slice_equal(rl_slice(method.data, method.len), RL_SLICE("OPTIONS"));
}

static int add_headers(const rill_cors_options *o, rill_request *request)
{
	struct rl_slice asked;

	if (o->allowed_headers)
		return add(request, "Access-Control-Allow-Headers", o->allowed_headers);
	int rc = add(request, "Vary", "Access-Control-Request-Headers");
	if (rc < 0 || !rl_http1_field(rl_exchange_head(request),
			      RL_SLICE("Access-Control-Request-Headers"), &asked))
		return rc;
	return rl_exchange_add_field(request, RL_SLICE("Access-Control-Allow-Headers"), asked);
}

static int add_max_age(const rill_cors_options *o, rill_request *request)
{
	char digits[20];
	size_t n = sizeof(digits);

	if (!o->max_age_s)
		return 0;
	for (uint32_t left = o->max_age_s; left; left /= 10)
		digits[--n] = (char)('0' + left % 10);
	return rl_exchange_add_field(request, RL_SLICE("Access-Control-Max-Age"),
		rl_slice(digits + n, sizeof(digits) - n));
}

void rl_cors_preflight(const rill_cors_options *o, rill_request *request)
{
	int rc = add(request, "Access-Control-Allow-Methods", o->methods);

	if (rc == 0)
		rc = add_headers(o, request);
	if (rc == 0)
		rc = add_max_age(o, request);
	if (rc < 0 || rill_respond(request, 204, NULL, NULL, 0) == RILL_ENOMEM)
		rill_request_abort(request);
}
