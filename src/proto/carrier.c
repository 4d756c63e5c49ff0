/* carrier.c: what can be said on any carrier. */
#include "proto/carrier.h"

void rl_carrier_say_last(struct rl_carrier *carrier, struct rl_slice frame)
{
	const struct rl_carrier_ops *ops = carrier->row->ops;
	int rc = 0;

	if (frame.len && !carrier->row->raw)
		rc = ops->write(carrier, RILL_TEXT, frame);
	if (rc != 2)
		ops->finish(carrier, 1000, rl_slice(NULL, 0));
}
