/* json.h: between the library's JSON and the program's (rill/json.h).
 *
 *   json.c          values, read
 *   json_writer.c   and written */
#ifndef RL_PROTO_JSON_H
#define RL_PROTO_JSON_H

#include <rill/json.h>
#include "base/json.h"

/* A checked value for the program; placeholders of the first count attachments read as those. All is borrowed
 * for as long as the program may have it. */
rill_json rl_json_public(const struct rl_json *value, const rill_bytes *attached, uint32_t count);

/* The other way round; false: it is NONE. Bytes come as their placeholders. */
bool rl_json_private(rill_json value, struct rl_json *out);

#endif
