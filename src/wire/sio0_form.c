/* sio0_form.c: the form that frames come in, from a page whose charset may be any. */
#include <rill/error.h>
#include "base/utf8_replace.h"
#include "wire/form.h"
#include "wire/sio0_frame.h"

int rl_sio0_read_form(struct rl_buf *out, struct rl_slice form)
{
	size_t before = out->len;
	struct rl_slice value;

	if (!rl_form_find(form, RL_SLICE("data"), &value))
		return RILL_ENOENT;
	if (!value.len)
		return 0;
	int rc = rl_buf_reserve(out, value.len);
	if (rc < 0)
		return rc;
	rl_buf_commit(out, (size_t)rl_form_decode(value, rl_buf_end(out), value.len));
	rc = rl_utf8_repair(out);
	if (rc < 0)
		out->len = before;
	return rc;
}
