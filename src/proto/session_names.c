/* session_names.c: what the program may ask of the request that last came to receive: its URL and the
 * headers that were to be kept. Polls repeat them, so that nothing is done as long as they are the same,
 * and no memory is asked for as long as they fit. */
#include "proto/names.h"
#include "proto/session_parts.h"

static int append_place(struct rl_buf *out, const rill_request *request, bool empty)
{
	rill_bytes path = rill_request_path(request);

	if (empty)
		return rl_buf_append(out, "\0", 2);
	int rc = rl_names_append_url(out, request);
	return rc == 0 ? rl_names_append(out, rl_slice(path.data, path.len)) : rc;
}

/* Those of the kept headers that have this number, if the request has them. */
static int append_headers(struct rl_buf *out, const struct rl_http1_head *head,
	const struct rl_sessions *sessions, unsigned number)
{
	struct rl_slice value;
	int rc = 0;

	for (size_t i = sessions->kept_first[number];
		rc == 0 && i < sessions->kept_count && sessions->kept[i].number == number; i++) {
		const uint8_t place = (uint8_t)(i + 1);
		size_t cursor = 0;
		if (!rl_http1_next_numbered(head, sessions->kept[i].name, number, &cursor, &value))
			continue;
		rc = rl_buf_append(out, &place, 1);
		if (rc == 0)
			rc = rl_names_append(out, value);
	}
	return rc;
}

/* URL NUL path NUL, then for each kept header its place in sessions->kept from 1 on and value NUL, then a
 * NUL. */
static int append_names(struct rl_buf *out, const rill_request *request,
	const struct rl_sessions *sessions, bool headers_alone)
{
	const struct rl_http1_head *head = rl_exchange_head(request);
	int rc = append_place(out, request, headers_alone);

	for (uint64_t left = head->index.present & sessions->kept_numbers; rc == 0 && left;
		left &= left - 1)
		rc = append_headers(out, head, sessions, (unsigned)__builtin_ctzll(left));
	return rc == 0 ? rl_names_append(out, rl_slice(NULL, 0)) : rc;
}

/* Without memory for the new ones the old ones stay. */
static void keep(struct rl_session *s, struct rl_slice names)
{
	const struct rl_env *env = &s->conn.loop->env;

	if (s->names && rl_slice_equal(rl_slice(s->names, s->names_len), names))
		return;
	if (names.len > s->names_room || names.len < s->names_room / 2) {
		char *memory = rl_alloc(env, names.len);
		if (!memory)
			return;
		rl_free(env, s->names);
		s->names = memory;
		s->names_room = (uint32_t)names.len;
		rl_session_account(s);
	}
	memcpy(s->names, names.data, names.len);
	s->names_len = (uint32_t)names.len;
}

void rl_session_keep_names(struct rl_session *s, const rill_request *request)
{
	struct rl_buf *scratch = &s->conn.loop->scratch;
	bool first = s->sessions->dialect->first_names;

	if (first && (!s->sessions->kept_count || s->conn.state != RILL_CONN_CONNECTING))
		return;
	if (append_names(scratch, request, s->sessions, first) == 0)
		keep(s, rl_buf_slice(scratch));
	rl_buf_consume(scratch, scratch->len);
}

struct rl_slice rl_session_name(const struct rl_session *s, struct rl_slice name)
{
	const char *p = s->names && s->sessions ? rl_names_behind(rl_names_behind(s->names)) : "";

	for (; *p; p = rl_names_behind(p)) {
		uint8_t place = (uint8_t)*p++;
		if (rl_slice_equal_nocase(s->sessions->kept[place - 1].name, name))
			return rl_slice_str(p);
	}
	return rl_slice(NULL, 0);
}

const char *rl_session_url(const struct rl_session *s)
{
	return s->names ? s->names : "";
}

const char *rl_session_path(const struct rl_session *s)
{
	return s->names ? rl_names_behind(s->names) : "";
}
