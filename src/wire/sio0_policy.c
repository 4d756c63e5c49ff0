/* sio0_policy.c: what Flash asks for before it connects: a policy file of cross-domain access, in which there is one
 * line for each host and port that may. */
#include <rill/error.h>
#include "wire/sio0_frame.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int put_access(struct rl_buf *out, struct rl_slice host, struct rl_slice port)
{
	const struct rl_slice parts[] = { RL_SLICE("<allow-access-from domain=\""), host,
		RL_SLICE("\" to-ports=\""), port, RL_SLICE("\"/>\n") };

	return rl_buf_append_parts(out, parts, COUNT(parts));
}

int rl_sio0_write_policy(struct rl_buf *out, const struct rl_slice *hosts,
	const struct rl_slice *ports, size_t count)
{
	size_t before = out->len;
	int rc = rl_buf_append_str(out,
		"<?xml version=\"1.0\"?>\n"
		"<!DOCTYPE cross-domain-policy SYSTEM"
		" \"http://www.macromedia.com/xml/dtds/cross-domain-policy.dtd\">\n"
		"<cross-domain-policy>\n");

	for (size_t i = 0; i < count && rc == 0; i++)
		rc = put_access(out, hosts[i], ports[i]);
	if (rc == 0)
		rc = rl_buf_append_str(out, "</cross-domain-policy>\n");
	if (rc < 0)
		out->len = before;
	return rc;
}
