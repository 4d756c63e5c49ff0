/* proxy_protocol.h: the line or block with which a proxy says whom it speaks for, versions 1 and
 * 2 of the PROXY protocol (haproxy's proxy-protocol.txt). Memory in, a result out. */
#ifndef RL_NET_PROXY_PROTOCOL_H
#define RL_NET_PROXY_PROTOCOL_H

#include "base/slice.h"
#include "net/addr.h"

/* Version 1 is one line of at most this, CRLF included (2.1). */
#define RL_PROXY_V1_MAX 107

/* Version 2 may say 64 KiB; what proxies send is a few hundred bytes, with certificates in it
 * one or two thousand. A longer one is refused before it is waited for. */
#define RL_PROXY_V2_MAX (4 * 1024)

struct rl_proxy_header {
	bool local;            /* the proxy speaks for itself (LOCAL), or does not know for whom
	                          * (UNKNOWN, UNSPEC): the addresses of the connection hold */
	struct rl_addr source; /* who connected to the proxy; RL_ADDR_NONE when local */
	struct rl_addr destination;
	bool secure; /* v2: the client came over TLS (PP2_TYPE_SSL) */
};

/* Looks at all bytes so far. Returns the header's length (header is filled in), 0 when more bytes
 * are needed, RILL_EPROTO as soon as it cannot be one, RILL_ETOOBIG when it would be too long.
 * Nothing is kept between calls: the caller shows the same bytes again with more behind them. */
int rl_proxy_parse(struct rl_slice bytes, struct rl_proxy_header *header);

#endif
