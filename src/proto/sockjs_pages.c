/* sockjs_pages.c: what there is besides transports: the greeting, the page that the iframe transports
 * load, what clients ask first, and preflights. */
#include <stdio.h>
#include "base/json.h"
#include "base/siphash.h"
#include "base/utf8.h"
#include "proto/sockjs.h"

void rl_sockjs_greeting(struct rl_sockjs_ask *ask)
{
	rl_sockjs_answer_text(ask, 200, "Welcome to SockJS!\n");
}

/* Client and server of protocol 0.3 agree on this text; what counts is that document.domain is set behind
 * the script. */
static const char iframe_start[] = "<!DOCTYPE html>\n"
				   "<html>\n"
				   "<head>\n"
				   "  <meta http-equiv=\"X-UA-Compatible\" content=\"IE=edge\" />\n"
				   "  <meta http-equiv=\"Content-Type\" content=\"text/html; "
				   "charset=UTF-8\" />\n"
				   "  <script src=\"";
static const char iframe_end[] = "\"></script>\n"
				 "  <script>\n"
				 "    document.domain = document.domain;\n"
				 "    SockJS.bootstrap_iframe();\n"
				 "  </script>\n"
				 "</head>\n"
				 "<body>\n"
				 "  <h2>Don't panic!</h2>\n"
				 "  <p>This is a SockJS hidden iframe. It's used for cross domain "
				 "magic.</p>\n"
				 "</body>\n"
				 "</html>";

/* The tag is the same on every server that has the same page, so that balancers may stand in front. */
static void write_tag(struct rill_sockjs *service)
{
	static const uint8_t keys[2][RL_SIPHASH_KEY] = { { 0 }, { 1 } };
	struct rl_slice page = rl_buf_slice(&service->iframe);

	snprintf(service->iframe_tag, sizeof(service->iframe_tag), "\"%016llx%016llx\"",
		(unsigned long long)rl_siphash(keys[0], page),
		(unsigned long long)rl_siphash(keys[1], page));
}

/* As a source in a policy; NULL: it would not be one. */
static const char *source_of(const char *rule)
{
	if (strcmp(rule, "same") == 0)
		return "'self'";
	bool web = strncmp(rule, "http://", 7) == 0 || strncmp(rule, "https://", 8) == 0;
	return web && !strpbrk(rule, " \t;,\r\n") ? rule : NULL;
}

/* What the page does, it does in the server's own name, so a list of origins says as well which pages may
 * have it in a frame (Content Security Policy 3, 6.4.2). */
static int write_ancestors(struct rill_sockjs *service)
{
	const char *const *rule = service->options.origins;
	struct rl_buf *out = &service->ancestors;
	int rc = 0;

	for (; rule && *rule; rule++)
		if (strcmp(*rule, "*") == 0)
			return 0;
	if (!service->options.origins)
		return 0;
	rc = rl_buf_append_str(out, "frame-ancestors");
	size_t bare = out->len;
	for (rule = service->options.origins; *rule && rc == 0; rule++) {
		if (!source_of(*rule))
			continue;
		rc = rl_buf_append_str(out, " ");
		if (rc == 0)
			rc = rl_buf_append_str(out, source_of(*rule));
	}
	return rc == 0 && out->len == bare ? rl_buf_append_str(out, " 'none'") : rc;
}

int rl_sockjs_write_iframe(struct rill_sockjs *service)
{
	struct rl_buf *page = &service->iframe;
	int rc = rl_buf_append_str(page, iframe_start);

	if (rc == 0)
		rc = rl_buf_append_str(page, service->options.sockjs_url);
	if (rc == 0)
		rc = rl_buf_append_str(page, iframe_end);
	if (rc < 0)
		return rc;
	write_tag(service);
	return write_ancestors(service);
}

void rl_sockjs_iframe(struct rl_sockjs_ask *ask)
{
	const struct rill_sockjs *service = ask->service;
	struct rl_slice ancestors = rl_buf_slice(&service->ancestors);
	int rc = rl_sockjs_add_year(ask->request);

	if (rc == 0)
		rc = rill_response_header(ask->request, "ETag", service->iframe_tag);
	if (rc == 0 && ancestors.len)
		rc = rl_exchange_add_field(
			ask->request, RL_SLICE("Content-Security-Policy"), ancestors);
	if (rc < 0)
		rl_sockjs_refuse(ask, 503, "There is no memory for this page.");
	else if (rl_exchange_has_tag(ask->request, rl_slice_str(service->iframe_tag)))
		rl_sockjs_answer(ask, 304, NULL, rl_slice(NULL, 0));
	else
		rl_sockjs_answer(
			ask, 200, "text/html; charset=UTF-8", rl_buf_slice(&service->iframe));
}

/* Clients have poor sources of chance; this is one. */
static uint32_t draw_entropy(const struct rill_sockjs *service)
{
	const struct rl_env *env = &service->base.sessions.loop->env;
	uint32_t entropy;

	env->random(&entropy, sizeof(entropy), env->user);
	return entropy;
}

static const char *base_url(struct rl_sockjs_ask *ask)
{
	const rill_sockjs_options *o = &ask->service->options;
	const char *url = o->on_base_url ? o->on_base_url(ask->request, o->user) : o->base_url;
	struct rl_env room;

	if (!url || rl_utf8_valid((const uint8_t *)url, strlen(url)))
		return url;
	rl_log(rl_sockjs_log(ask->service, &room), RILL_LOG_ERROR,
		"base_url is not UTF-8 and was left out");
	return NULL;
}

static int write_transports(struct rl_buf *out, unsigned on)
{
	const char *before = ",\"transports\":[\"";
	int rc = 0;

	for (unsigned i = 0; i < RL_SOCKJS_TRANSPORTS && rc == 0; i++) {
		if (!(on & 1u << i))
			continue;
		rc = rl_buf_append_str(out, before);
		if (rc == 0)
			rc = rl_buf_append_str(out, rl_sockjs_rows[i].name);
		before = "\",\"";
	}
	if (rc == 0)
		rc = rl_buf_append_str(out, before[0] == ',' ? ",\"transports\":[]" : "\"]");
	return rc;
}

static int write_info(struct rl_sockjs_ask *ask, struct rl_buf *out, const char *url)
{
	const struct rill_sockjs *service = ask->service;
	const rill_sockjs_options *o = &service->options;
	bool websocket = service->transports & 1u << RL_SOCKJS_WEBSOCKET;
	bool cookie = o->jsessionid || o->on_jsessionid;
	int rc = rl_buf_append_str(out, websocket ? "{\"websocket\":true" : "{\"websocket\":false");

	if (rc == 0 && !o->disable_cors)
		rc = rl_buf_append_str(out, ",\"origins\":[\"*:*\"]");
	if (rc == 0)
		rc = rl_buf_append_str(
			out, cookie ? ",\"cookie_needed\":true" : ",\"cookie_needed\":false");
	if (rc == 0)
		rc = rl_buf_append_str(out, ",\"entropy\":");
	if (rc == 0)
		rc = rl_buf_append_u64(out, draw_entropy(service));
	if (rc == 0 && url)
		rc = rl_buf_append_str(out, ",\"base_url\":");
	if (rc == 0 && url)
		rc = rl_json_quote(out, rl_slice_str(url), RL_JSON_ESCAPE_LEAST);
	if (rc == 0 && service->transports_chosen)
		rc = write_transports(out, service->transports);
	return rc == 0 ? rl_buf_append_str(out, "}") : rc;
}

void rl_sockjs_info(struct rl_sockjs_ask *ask)
{
	struct rl_buf info;
	const char *url = base_url(ask);

	rl_buf_init(&info, &ask->service->base.sessions.loop->env);
	if (write_info(ask, &info, url) < 0)
		rl_sockjs_refuse(ask, 503, "There is no memory for this page.");
	else
		rl_sockjs_answer(ask, 200, "application/json; charset=UTF-8", rl_buf_slice(&info));
	rl_buf_release(&info);
}

void rl_sockjs_preflight(struct rl_sockjs_ask *ask)
{
	int rc = 0;

	if (!ask->service->options.disable_cors) {
		const char *methods = ask->place->methods & RL_SOCKJS_GET ? "OPTIONS, GET"
									  : "OPTIONS, POST";
		rc = rill_response_header(ask->request, "Access-Control-Allow-Methods", methods);
		if (rc == 0)
			rc = rill_response_header(
				ask->request, "Access-Control-Max-Age", "31536000");
	}
	if (rc < 0)
		rl_sockjs_refuse(ask, 503, "There is no memory for this request.");
	else
		rl_sockjs_answer(ask, 204, NULL, rl_slice(NULL, 0));
}
