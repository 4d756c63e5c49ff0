/* connect_values.h: values that options of `rill connect` alone take. Each function returns false when the
 * text is none. */
#ifndef CONNECT_VALUES_H
#define CONNECT_VALUES_H

#include <stdbool.h>
#include <rill/websocket.h>

/* "1000", "4000:see: you". Codes are those that a client may send of its own will (RFC 6455, 7.4). */
bool value_close(const char *text, int *code, char reason[124]);

/* The parameters of permessage-deflate (RFC 7692, 7.1), separated by ';'. why: what is wrong. */
bool value_deflate(const char *text, rill_deflate_options *deflate, const char **why);

#endif
