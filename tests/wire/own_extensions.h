/* own_extensions.h: extensions as a program could bring them, for the tests of negotiation and of the
 * pipeline. All take their memory from test_env(), so that each of it can be short, and count their
 * sessions. */
#ifndef TEST_WIRE_OWN_EXTENSIONS_H
#define TEST_WIRE_OWN_EXTENSIONS_H

#include <string.h>
#include <rill/error.h>
#include <rill/extension.h>
#include "base/buf.h"
#include "support/support.h"

static int sessions_open;
static size_t session_pieces; /* shown to any of them */

struct own_session {
	struct rl_buf kept;
	int half; /* a byte whose pair is to come, or -1 */
};

static inline int own_open(void **session)
{
	struct own_session *own = rl_zalloc(test_env(), sizeof(*own));
	if (!own)
		return RILL_ENOMEM;
	rl_buf_init(&own->kept, test_env());
	own->half = -1;
	sessions_open++;
	*session = own;
	return 1;
}

static inline void own_close(void *session)
{
	struct own_session *own = session;
	rl_buf_release(&own->kept);
	rl_free(test_env(), own);
	sessions_open--;
}

/* Takes any offer without parameters or with "x". */
static inline int own_accept(void *user, const rill_extension_params *offer,
	rill_extension_output *answer, void **session)
{
	rill_bytes name, value;
	(void)user;
	if (rill_extension_param_at(offer, 0, &name, &value)) {
		if (name.len != 1 || *(const char *)name.data != 'x')
			return 0;
		if (rill_extension_write(answer, "x", 1) < 0)
			return RILL_ENOMEM;
	}
	return own_open(session);
}

static inline int own_offer(void *user, size_t i, rill_extension_output *offer)
{
	(void)user;
	(void)offer;
	return i == 0;
}

static inline int own_confirm(void *user, const rill_extension_params *answer, void **session)
{
	rill_bytes name, value;
	(void)user;
	return rill_extension_param_at(answer, 0, &name, &value) ? 0 : own_open(session);
}

/* xor: each byte with 0x55. */
static inline int own_xor(
	void *session, const rill_extension_piece *piece, rill_extension_output *out)
{
	const uint8_t *data = piece->data.data;
	int rc = 0;
	(void)session;
	session_pieces++;
	assert_true(piece->data.len || piece->last);
	for (size_t i = 0; rc == 0 && i < piece->data.len; i++) {
		uint8_t byte = data[i] ^ 0x55;
		rc = rill_extension_write(out, &byte, 1);
	}
	return rc;
}

/* reverse: holds back until the last piece, then everything backwards. */
static inline int own_reverse(
	void *session, const rill_extension_piece *piece, rill_extension_output *out)
{
	struct own_session *own = session;
	int rc;
	session_pieces++;
	if (piece->first)
		assert_int_equal(own->kept.len, 0);
	rc = rl_buf_append(&own->kept, piece->data.data, piece->data.len);
	if (!piece->last)
		return rc;
	for (size_t i = own->kept.len; rc == 0 && i > 0; i--)
		rc = rill_extension_write(out, own->kept.data + i - 1, 1);
	rl_buf_release(&own->kept);
	return rc;
}

/* runs: each byte becomes a pair of a count, 1, and itself; what is received may count to 255. */
static inline int own_make_runs(
	void *session, const rill_extension_piece *piece, rill_extension_output *out)
{
	const uint8_t *data = piece->data.data;
	int rc = 0;
	(void)session;
	for (size_t i = 0; rc == 0 && i < piece->data.len; i++)
		rc = rill_extension_write(out, (uint8_t[2]){ 1, data[i] }, 2);
	return rc;
}

static inline int own_read_runs(
	void *session, const rill_extension_piece *piece, rill_extension_output *out)
{
	struct own_session *own = session;
	const uint8_t *data = piece->data.data;
	uint8_t run[255];
	int rc = 0;
	if (piece->first)
		own->half = -1;
	for (size_t i = 0; rc == 0 && i < piece->data.len; i++) {
		if (own->half < 0) {
			own->half = data[i];
			continue;
		}
		memset(run, data[i], sizeof(run));
		rc = rill_extension_write(out, run, (size_t)own->half);
		own->half = -1;
	}
	return rc == 0 && piece->last && own->half >= 0 ? RILL_EPROTO : rc;
}

#define OWN_EXTENSION                                                                              \
	.size = sizeof(rill_extension), .accept = own_accept, .offer = own_offer,                  \
	.confirm = own_confirm, .close = own_close

static const rill_extension own_xoring = {
	OWN_EXTENSION,
	.name = "xor",
	.rsv2 = true,
	.outgoing = own_xor,
	.incoming = own_xor,
};

static const rill_extension own_reversing = {
	OWN_EXTENSION,
	.name = "reverse",
	.rsv3 = true,
	.outgoing = own_reverse,
	.incoming = own_reverse,
};

static const rill_extension own_running = {
	OWN_EXTENSION,
	.name = "runs",
	.rsv2 = true,
	.outgoing = own_make_runs,
	.incoming = own_read_runs,
};

#endif
