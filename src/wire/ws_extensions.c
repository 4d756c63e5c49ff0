/* ws_extensions.c: what a service or client has registered, and negotiation (RFC 6455, 9.1); see
 * ws_pipeline.h.
 *
 * The server's order is that of registration, and for each of its extensions the client's first
 * acceptable offer counts. An extension whose RSV bit is taken is left out there; a client to which a
 * server says that two of one bit are in use must fail the handshake. */
#include <rill/error.h>
#include "wire/ws_extension_io.h"
#include "wire/ws_frame.h"
#include "wire/ws_pipeline_impl.h"

/* Offers of one extension in one request: an extension that never says "no more" is not to fill a
 * head. */
#define OFFERS_MAX 16

struct entry {
	const rill_extension *extension;
	void *user;
	uint8_t bits, mark;
	bool offered; /* to servers: it stands in the request */
};

struct rl_ws_extensions {
	const struct rl_env *env;
	struct rl_deflate_offer deflate;
	size_t count;
	struct entry entries[];
};

/* What has been agreed on so far. */
struct agreed {
	size_t count;
	uint8_t bits;
	struct rl_ws_stage stages[RL_WS_STAGES_MAX];
};

bool rill_extension_param_at(
	const rill_extension_params *params, size_t i, rill_bytes *name, rill_bytes *value)
{
	struct rill_extension_params *p = (struct rill_extension_params *)params;
	struct rl_ws_param param;
	struct rl_slice text;

	if (i < p->next) {
		p->rest = p->extension;
		p->next = 0;
	}
	do {
		if (!rl_ws_next_param(&p->rest, &param))
			return false;
	} while (p->next++ < i);
	*name = rl_bytes(param.name);
	*value = (rill_bytes){ 0 };
	if (!param.has_value)
		return true;
	size_t at = (size_t)(param.value.data - p->extension.params.data);
	uint8_t *room = p->room ? p->room + at : NULL;
	rl_ws_param_value(&param, room, param.value.len, &text); /* it gets shorter at most */
	*value = rl_bytes(text);
	return true;
}

int rill_extension_write(rill_extension_output *out, const void *data, size_t len)
{
	if (!out->failed && (out->buf->len > out->cap || len > out->cap - out->buf->len))
		out->failed = RILL_ETOOBIG;
	if (!out->failed)
		out->failed = rl_buf_append(out->buf, data, len);
	return out->failed;
}

static struct entry *find(struct rl_ws_extensions *set, struct rl_slice name)
{
	for (size_t i = 0; i < set->count; i++)
		if (rl_slice_equal(rl_slice_str(set->entries[i].extension->name), name))
			return &set->entries[i];
	return NULL;
}

static uint8_t bits_of(const rill_extension *e)
{
	return (uint8_t)((e->rsv1 ? RL_WS_RSV1 : 0) | (e->rsv2 ? RL_WS_RSV2 : 0) |
			 (e->rsv3 ? RL_WS_RSV3 : 0));
}

/* The sentence about what makes no sense; NULL when all does. */
static const char *find_fault(struct rl_ws_extensions *set, const rill_extension *e)
{
	if (e->size < sizeof(*e))
		return "an extension's size must be sizeof(rill_extension)";
	if (!e->name || !rl_slice_is_token(rl_slice_str(e->name)))
		return "an extension's name must be a token";
	if (find(set, rl_slice_str(e->name)))
		return "two extensions have one name";
	if (!bits_of(e))
		return "an extension must have an RSV bit";
	if (!e->incoming || !e->outgoing)
		return "an extension must have incoming and outgoing";
	if (!e->accept && !e->offer)
		return "an extension must have accept or offer";
	if (!e->offer != !e->confirm)
		return "an extension must have both offer and confirm or neither";
	return NULL;
}

static void add_entry(struct rl_ws_extensions *set, const rill_extension *extension, void *user)
{
	uint8_t bits = bits_of(extension);
	uint8_t mark = bits & RL_WS_RSV1 ? RL_WS_RSV1 : bits & RL_WS_RSV2 ? RL_WS_RSV2 : RL_WS_RSV3;
	set->entries[set->count++] = (struct entry){
		.extension = extension,
		.user = user,
		.bits = bits,
		.mark = mark,
	};
}

int rl_ws_extensions_new(struct rl_ws_extensions **result, const struct rl_env *env,
	const struct rl_deflate_options *deflate, struct rl_deflate_pool *pool,
	const rill_extension *const *list, const char **sentence)
{
	size_t room = deflate ? 1 : 0;
	for (const rill_extension *const *e = list; e && *e; e++)
		room++;
	struct rl_ws_extensions *set = rl_zalloc(env, sizeof(*set) + room * sizeof(struct entry));
	*result = NULL;
	if (!set)
		return RILL_ENOMEM;
	set->env = env;
	if (deflate) {
		set->deflate = (struct rl_deflate_offer){ env, *deflate, pool };
		add_entry(set, &rl_deflate_extension, &set->deflate);
	}
	for (const rill_extension *const *e = list; e && *e; e++) {
		*sentence = find_fault(set, *e);
		if (*sentence) {
			rl_ws_extensions_free(set);
			return RILL_EINVAL;
		}
		add_entry(set, *e, (*e)->user);
	}
	*result = set;
	return 0;
}

void rl_ws_extensions_free(struct rl_ws_extensions *set)
{
	if (set)
		rl_free(set->env, set);
}

static int open_params(const struct rl_ws_extensions *set, struct rill_extension_params *params,
	struct rl_ws_extension extension)
{
	struct rl_slice text = extension.params;
	*params = (struct rill_extension_params){ .extension = extension, .rest = extension };
	if (!text.len || !memchr(text.data, '\\', text.len))
		return 0;
	params->room = rl_alloc(set->env, text.len);
	return params->room ? 0 : RILL_ENOMEM;
}

static void close_params(const struct rl_ws_extensions *set, struct rill_extension_params *params)
{
	rl_free(set->env, params->room);
}

/* An extension may say 1, 0 and that memory is short; other mistakes of its own count as that. */
static int verdict(int rc, const struct rill_extension_output *out)
{
	if (rc > 0 && out->failed)
		rc = out->failed;
	if (rc < 0)
		return RILL_ENOMEM;
	return rc > 0;
}

/* An element of the list up to its parameters. */
static int begin_element(struct rl_buf *out, const rill_extension *extension, bool another)
{
	int rc = another ? rl_buf_append_str(out, ", ") : 0;
	if (rc == 0)
		rc = rl_buf_append_str(out, extension->name);
	return rc == 0 ? rl_buf_append_str(out, "; ") : rc;
}

/* The element that begins at start is done. Does it keep to the grammar? What an extension wrote
 * must not become a field of its own, or another extension. */
static bool end_element(const struct rl_ws_extensions *set, struct rl_buf *out, size_t start,
	const rill_extension *extension)
{
	struct rl_ws_extension element;
	if (memcmp(rl_buf_end(out) - 2, "; ", 2) == 0)
		out->len -= 2;
	struct rl_slice text = rl_slice(out->data + start, out->len - start);
	if (rl_ws_next_extension(&text, &element) == 1 && !text.len)
		return true;
	rl_log(set->env, RILL_LOG_ERROR, "extension %s: its parameters break the grammar",
		extension->name);
	return false;
}

static void agree(struct agreed *agreed, const struct entry *entry, void *session)
{
	agreed->bits |= entry->bits;
	agreed->stages[agreed->count++] = (struct rl_ws_stage){
		.extension = entry->extension,
		.session = session,
		.mark = entry->mark,
	};
}

/* Makes a pipeline of what was agreed on, unless something has failed. */
static int finish(const struct rl_ws_extensions *set, struct agreed *agreed, int rc,
	struct rl_ws_pipeline **pipeline)
{
	if (rc == 0 && agreed->count) {
		*pipeline = rl_ws_pipeline_new(set->env, agreed->stages, agreed->count);
		rc = *pipeline ? 0 : RILL_ENOMEM;
	}
	for (size_t i = 0; rc < 0 && i < agreed->count; i++)
		rl_ws_stage_close(&agreed->stages[i]);
	return rc;
}

/* Shows an extension one offer: 1: taken, and what it answers stands in out; 0; RILL_ENOMEM. */
static int show_offer(const struct rl_ws_extensions *set, const struct entry *entry,
	struct rill_extension_params *params, struct rl_buf *out, struct agreed *agreed)
{
	const rill_extension *e = entry->extension;
	bool another = agreed->count;
	size_t before = out->len, start = before + (another ? 2 : 0);
	struct rill_extension_output answer = { out, SIZE_MAX, 0 };
	void *session = NULL;

	if (begin_element(out, e, another) < 0) {
		out->len = before;
		return RILL_ENOMEM;
	}
	int said = e->accept(entry->user, params, &answer, &session);
	int rc = verdict(said, &answer);
	if (rc > 0 && !end_element(set, out, start, e))
		rc = 0;
	if (rc > 0) {
		agree(agreed, entry, session);
		return 1;
	}
	if (said > 0 && e->close)
		e->close(session);
	out->len = before;
	return rc;
}

/* The first of the header's offers that this extension takes. 0 or RILL_ENOMEM. */
static int accept_one(const struct rl_ws_extensions *set, const struct entry *entry,
	struct rl_slice header, struct rl_buf *out, struct agreed *agreed)
{
	struct rl_slice name = rl_slice_str(entry->extension->name);
	struct rl_ws_extension offer;
	int rc = 0;

	while (rc == 0 && rl_ws_next_extension(&header, &offer) > 0) {
		struct rill_extension_params params;
		if (!rl_slice_equal(offer.name, name))
			continue;
		rc = open_params(set, &params, offer);
		if (rc == 0)
			rc = show_offer(set, entry, &params, out, agreed);
		close_params(set, &params);
	}
	return rc < 0 ? rc : 0;
}

int rl_ws_extensions_accept(struct rl_ws_extensions *set, struct rl_slice header,
	struct rl_buf *response, struct rl_ws_pipeline **pipeline)
{
	struct agreed agreed = { 0 };
	size_t before = response->len;
	int rc = rl_ws_check_extensions(header);

	*pipeline = NULL;
	for (size_t i = 0; rc == 0 && i < set->count; i++) {
		const struct entry *entry = &set->entries[i];
		if (entry->extension->accept && !(entry->bits & agreed.bits))
			rc = accept_one(set, entry, header, response, &agreed);
	}
	rc = finish(set, &agreed, rc, pipeline);
	if (rc < 0)
		response->len = before;
	return rc;
}

/* One offer of an extension: 1, 0: it has no more, RILL_ENOMEM. */
static int write_one(const struct rl_ws_extensions *set, const struct entry *entry, size_t i,
	struct rl_buf *out, bool another)
{
	const rill_extension *e = entry->extension;
	size_t before = out->len, start = before + (another ? 2 : 0);
	struct rill_extension_output offer = { out, SIZE_MAX, 0 };
	int rc = begin_element(out, e, another);
	if (rc == 0)
		rc = verdict(e->offer(entry->user, i, &offer), &offer);
	if (rc > 0 && !end_element(set, out, start, e))
		rc = 0;
	if (rc <= 0)
		out->len = before;
	return rc;
}

int rl_ws_extensions_write_offer(struct rl_ws_extensions *set, struct rl_buf *out)
{
	size_t before = out->len;
	int rc = 0;

	for (size_t n = 0; rc >= 0 && n < set->count; n++) {
		struct entry *entry = &set->entries[n];
		rc = entry->extension->offer != NULL;
		for (size_t i = 0; rc > 0 && i < OFFERS_MAX; i++) {
			rc = write_one(set, entry, i, out, out->len > before);
			entry->offered |= rc > 0;
		}
	}
	if (rc < 0)
		out->len = before;
	return rc < 0 ? rc : 0;
}

/* Takes one extension of the answer. 0; RILL_EPROTO with a sentence; RILL_ENOMEM. */
static int confirm_one(struct rl_ws_extensions *set, struct rl_ws_extension extension,
	struct agreed *agreed, const char **sentence)
{
	const struct entry *entry = find(set, extension.name);
	struct rill_extension_params params;
	void *session = NULL;

	*sentence = NULL;
	if (!entry || !entry->offered)
		*sentence = "the server answers an extension that was not offered";
	for (size_t i = 0; entry && i < agreed->count; i++)
		if (agreed->stages[i].extension == entry->extension)
			*sentence = "the server answers an extension twice";
	if (!*sentence && entry->bits & agreed->bits)
		*sentence = "the server answers two extensions of one RSV bit";
	if (*sentence)
		return RILL_EPROTO;
	int rc = open_params(set, &params, extension);
	if (rc == 0) {
		rc = entry->extension->confirm(entry->user, &params, &session);
		if (rc > 0)
			agree(agreed, entry, session);
		else
			*sentence = "the server answers parameters that were not offered";
		rc = rc > 0 ? 0 : rc == 0 ? RILL_EPROTO : RILL_ENOMEM;
	}
	close_params(set, &params);
	return rc;
}

int rl_ws_extensions_confirm(struct rl_ws_extensions *set, struct rl_slice header,
	struct rl_ws_pipeline **pipeline, const char **sentence)
{
	struct agreed agreed = { 0 };
	struct rl_ws_extension extension;
	int rc = rl_ws_check_extensions(header);

	*pipeline = NULL;
	*sentence = "the server's Sec-WebSocket-Extensions is malformed";
	while (rc == 0 && rl_ws_next_extension(&header, &extension) > 0)
		rc = confirm_one(set, extension, &agreed, sentence);
	rc = finish(set, &agreed, rc, pipeline);
	if (rc != RILL_EPROTO)
		*sentence = NULL;
	return rc;
}
