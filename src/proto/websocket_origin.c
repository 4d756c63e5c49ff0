/* websocket_origin.c: which origins are admitted (RFC 6455, 10.2; RFC 6454).
 *
 * A browser sends a user's cookies along with a WebSocket handshake from any page at all, so that
 * without a look at Origin any page could speak in the user's name. Without cookies there is
 * nothing to borrow, and programs that are no browsers send neither. */
#include "proto/origin.h"
#include "proto/websocket.h"

static bool admitted(
	const char *rule, const rill_request *request, const struct rl_ws_request *wanted)
{
	if (strcmp(rule, "*") == 0)
		return true;
	return wanted->has_origin && rl_origin_fits(rule, request, wanted->origin);
}

bool rl_websocket_origin_ok(const struct rill_websocket *service, const rill_request *request,
	const struct rl_ws_request *wanted)
{
	const char *const *rules = service->options.origins;
	if (!rules) {
		struct rl_slice cookie;
		bool cookies = rl_http1_field(
			rl_exchange_head(request), RL_SLICE("Cookie"), &cookie);
		return !cookies || !wanted->has_origin || admitted("same", request, wanted);
	}
	for (; *rules; rules++)
		if (admitted(*rules, request, wanted))
			return true;
	return false;
}
