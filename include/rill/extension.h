/* rill/extension.h: WebSocket extensions of a program's own (RFC 6455, 9): "permessage" extensions,
 * which change the payload of messages and mark that in RSV bits. permessage-deflate is one of them
 * and needs nothing of this: see rill_deflate_options.
 *
 * An extension is negotiated for each connection (offer and confirm on the client's side, accept on
 * the server's) and then stands in the connection's pipeline: what is sent passes through the
 * extensions in the order in which they were agreed, what is received in reverse. Messages come in
 * pieces as frames and reads cut them; a piece's transformation is called for each, in order.
 *
 * All functions are called on the loop's thread and call nothing of the connection. */
#ifndef RILL_EXTENSION_H
#define RILL_EXTENSION_H

#include <rill/base.h>
#include <rill/conn.h>
#include <rill/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The parameters of one extension as they stand in the header; good until the call returns. */
typedef struct rill_extension_params rill_extension_params;

/* The i-th parameter; false behind the last. value.data is NULL when it has none ("a; b=1" has the
 * parameters a without and b with one); a quoted value comes without its quotes. */
RILL_API bool rill_extension_param_at(
	const rill_extension_params *params, size_t i, rill_bytes *name, rill_bytes *value);

/* Bytes that an extension puts out. */
typedef struct rill_extension_output rill_extension_output;

/* Appends. Returns 0; RILL_ETOOBIG (it would pass the limit for messages: return that); RILL_ENOMEM.
 * Parameters are written likewise: "b=1; c". */
RILL_API int rill_extension_write(rill_extension_output *out, const void *data, size_t len);

/* A piece of a message. */
typedef struct rill_extension_piece {
	rill_bytes data;
	rill_kind kind;
	bool first, last;
} rill_extension_piece;

typedef struct rill_extension {
	size_t size;          /* sizeof(rill_extension), so that it can grow */
	const char *name;     /* a token; one service has each name once */
	bool rsv1, rsv2, rsv3; /* the bits it uses, one at least. Of two extensions that share one only
	                        * the first is agreed on */
	void *user;           /* for the functions below */

	/* Server: an offer of this name came. Returns 1 to take it, after having written the answer's
	 * parameters (none: write nothing) and made a session; 0 to decline it (the next offer of this
	 * name is shown); RILL_ENOMEM. NULL: not for servers. What is written has to keep to the
	 * grammar of RFC 6455, 9.1: else the log says so and it is not sent. */
	int (*accept)(void *user, const rill_extension_params *offer, rill_extension_output *answer,
		void **session);
	/* Client: writes the parameters of its i-th offer, from 0. Returns 1; 0: there are no more
	 * offers; RILL_ENOMEM. NULL: not for clients. */
	int (*offer)(void *user, size_t i, rill_extension_output *offer);
	/* Client: the server took one. Returns 1 to agree, after having made a session; 0: not what was
	 * offered (the opening fails); RILL_ENOMEM. */
	int (*confirm)(void *user, const rill_extension_params *answer, void **session);

	/* Shall this message of len bytes (of one that is sent in pieces: its first) be transformed?
	 * It is marked with the extension's first RSV bit then. May be asked several times about one
	 * message. NULL: all are. */
	bool (*wants)(void *session, rill_kind kind, size_t len);
	/* Transforms a piece to be sent; what it holds back until the last piece it writes then. Returns
	 * 0; anything else loses the connection with 1011. */
	int (*outgoing)(void *session, const rill_extension_piece *piece, rill_extension_output *out);
	/* Transforms a received piece of a marked message. Returns 0; RILL_EPROTO: this cannot be undone
	 * (closes with 1007); RILL_ETOOBIG (1009); anything else 1011. */
	int (*incoming)(void *session, const rill_extension_piece *piece, rill_extension_output *out);
	/* The connection is over. Once for each session. NULL: nothing to do. */
	void (*close)(void *session);
} rill_extension;

#ifdef __cplusplus
}
#endif

#endif
