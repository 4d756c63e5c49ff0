/* socketio0_origin.c: which pages are admitted: rules of that time, "host:port", without a scheme. */
#include "proto/origin.h"
#include "proto/socketio0.h"

bool rl_sio0_split_rule(const char *rule, struct rl_slice *host, struct rl_slice *port)
{
	const char *colon = strrchr(rule, ':');
	uint64_t number;

	if (!colon || colon == rule)
		return false;
	*host = rl_slice(rule, (size_t)(colon - rule));
	*port = rl_slice_str(colon + 1);
	for (size_t i = 0; i < host->len; i++)
		if (host->data[i] <= ' ' || host->data[i] == '/' || host->data[i] == '"')
			return false;
	return rl_slice_equal(*port, RL_SLICE("*")) ||
	       (rl_slice_to_u64(*port, &number) && number > 0 && number < 65536);
}

/* What an origin does not say is its scheme's; of "null" there is neither host nor port. */
static bool fits(const char *rule, struct rl_slice origin)
{
	struct rl_slice host, port, name, number;
	uint64_t wanted, said;

	rl_sio0_split_rule(rule, &host, &port);
	bool any_host = rl_slice_equal(host, RL_SLICE("*")),
	     any_port = rl_slice_equal(port, RL_SLICE("*"));
	if (any_host && any_port)
		return true;
	if (!rl_origin_split(origin, &name, &number))
		return false;
	if (!any_host && !rl_slice_equal_nocase(name, host))
		return false;
	return any_port ||
	       (rl_slice_to_u64(port, &wanted) && rl_slice_to_u64(number, &said) && wanted == said);
}

bool rl_sio0_origin_ok(const struct rl_sio0_ask *ask)
{
	const char *const *rule = ask->io->options.origins;
	struct rl_slice origin = rl_origin_of(ask->request);

	if (!origin.data && !rl_origin_hidden(ask->request, &origin))
		return true;
	if (rl_http1_field_count(rl_exchange_head(ask->request), RL_SLICE("Origin")) > 1)
		return false; /* nobody knows which is true */
	while (*rule && !fits(*rule, origin))
		rule++;
	return *rule;
}

/* As old servers say it: on xhr-multipart in any case. */
static bool allows_credentials(const struct rl_sio0_ask *ask)
{
	struct rl_slice cookie;

	return ask->transport == RL_SIO0_XHR_MULTIPART ||
	       rl_http1_field(rl_exchange_head(ask->request), RL_SLICE("Cookie"), &cookie);
}

int rl_sio0_allow(struct rl_sio0_ask *ask)
{
	struct rl_slice origin = rl_origin_of(ask->request);
	int rc = rill_response_header(ask->request, "Vary", "Origin");

	if (rc == 0 && origin.data)
		rc = rl_exchange_add_field(
			ask->request, RL_SLICE("Access-Control-Allow-Origin"), origin);
	if (rc == 0 && origin.data && allows_credentials(ask))
		rc = rill_response_header(ask->request, "Access-Control-Allow-Credentials", "true");
	return rc;
}
