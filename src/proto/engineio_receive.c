/* engineio_receive.c: a GET: held until there is something to receive. */
#include "proto/engineio.h"

/* Whether the client takes bytes as they are it has said when the session began. */
static const struct rl_carrier_row *row_of(
	const struct rl_eio_ask *ask, const struct rl_session *session)
{
	bool base64 = ask->base64 || session->row != &rl_eio_rows[RL_EIO_POLLING3_BINARY];

	return rl_eio_polling_row(rl_eio_revision(session->row), ask->jsonp, base64);
}

struct rl_carrier *rl_eio_hold(struct rl_eio_ask *ask, const struct rl_carrier_row *row)
{
	size_t threshold = ask->service->options.http_compression;
	struct rl_carrier *carrier;
	int rc = rl_carrier_http_new(&carrier, row, ask->request, rl_slice(NULL, 0),
		rl_slice(ask->label, ask->label_len), 0);

	if (rc == RILL_ENOMEM)
		rl_eio_turn_away(ask, 503, "There is no memory for another request.");
	if (rc < 0) /* RILL_ESTATE, RILL_ECLOSED: the program has answered it, or it is gone */
		return NULL;
	if (threshold)
		rl_carrier_http_compress(
			carrier, rl_coding_accepted(rl_exchange_head(ask->request)), threshold);
	return carrier;
}

void rl_eio_receive(struct rl_eio_ask *ask, struct rl_session *session)
{
	/* The program may do anything in there, even to the session: it stays until the end of the turn. */
	if (rl_eio_add_fields(ask, false) < 0) {
		rl_eio_turn_away(ask, 503, "There is no memory for another request.");
		return;
	}
	if (session->conn.state == RILL_CONN_CLOSED || session->gone) {
		rl_eio_refuse(ask, RL_EIO_UNKNOWN_ID, NULL);
		return;
	}
	struct rl_carrier *carrier = rl_eio_hold(ask, row_of(ask, session));
	if (carrier)
		rl_session_attach(session, carrier, ask->request);
}
