/* deflate_extension.c: permessage-deflate as a row of the table of extensions: deflate_offer.c is what
 * it says in handshakes, deflate.c its codec. */
#include <rill/error.h>
#include "wire/ws_extension_io.h"

static int open_session(const struct rl_deflate_offer *offer,
	const struct rl_deflate_params *params, bool server, void **session)
{
	*session = rl_deflate_new(offer->env, offer->pool, &offer->options, params, server);
	return *session ? 1 : RILL_ENOMEM;
}

static int accept_offer(void *user, const rill_extension_params *params,
	rill_extension_output *answer, void **session)
{
	const struct rl_deflate_offer *offer = user;
	struct rl_deflate_params agreed;
	if (!rl_deflate_accept(&offer->options, params->extension, &agreed))
		return 0;
	int rc = rl_deflate_write_response(&agreed, answer->buf);
	return rc < 0 ? rc : open_session(offer, &agreed, true, session);
}

static int write_offer(void *user, size_t i, rill_extension_output *out)
{
	const struct rl_deflate_offer *offer = user;
	if (i)
		return 0;
	int rc = rl_deflate_write_offer(&offer->options, out->buf);
	return rc < 0 ? rc : 1;
}

static int confirm_answer(void *user, const rill_extension_params *answer, void **session)
{
	const struct rl_deflate_offer *offer = user;
	struct rl_deflate_params agreed;
	if (!rl_deflate_confirm(&offer->options, answer->extension, &agreed))
		return 0;
	return open_session(offer, &agreed, false, session);
}

static bool wants(void *session, rill_kind kind, size_t len)
{
	(void)kind;
	return rl_deflate_wants(session, len);
}

static int outgoing(void *session, const rill_extension_piece *piece, rill_extension_output *out)
{
	struct rl_slice data = rl_slice(piece->data.data, piece->data.len);
	return rl_deflate_compress(session, data, piece->last, out->buf);
}

static int incoming(void *session, const rill_extension_piece *piece, rill_extension_output *out)
{
	struct rl_slice data = rl_slice(piece->data.data, piece->data.len);
	return rl_deflate_inflate(session, data, piece->last, out->buf, out->cap);
}

static void close_session(void *session)
{
	rl_deflate_free(session);
}

const rill_extension rl_deflate_extension = {
	.size = sizeof(rill_extension),
	.name = "permessage-deflate",
	.rsv1 = true,
	.accept = accept_offer,
	.offer = write_offer,
	.confirm = confirm_answer,
	.wants = wants,
	.outgoing = outgoing,
	.incoming = incoming,
	.close = close_session,
};
