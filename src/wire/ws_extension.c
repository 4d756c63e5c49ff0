/* ws_extension.c: see ws_extension.h.
 *
 * RFC 6455, 9.1 writes the list in the old notation with implied white space: spaces and tabs may
 * stand around every comma, semicolon and equals sign. A quoted value has to be a token once its
 * quoting is undone, so a comma or a semicolon never hides in one. */
#include <rill/error.h>
#include "wire/ws_extension.h"

static void skip_blanks(struct rl_slice *s)
{
	while (s->len && (s->data[0] == ' ' || s->data[0] == '\t'))
		rl_slice_skip(s, 1);
}

static bool at(struct rl_slice s, char c)
{
	return s.len && s.data[0] == (uint8_t)c;
}

/* Skips blanks, then c and the blanks behind it if c is there. */
static bool take(struct rl_slice *s, char c)
{
	skip_blanks(s);
	if (!at(*s, c))
		return false;
	rl_slice_skip(s, 1);
	skip_blanks(s);
	return true;
}

static bool take_token(struct rl_slice *s, struct rl_slice *token)
{
	size_t n = 0;
	while (n < s->len && !memchr(" \t,;=\"", s->data[n], 6))
		n++;
	*token = rl_slice(s->data, n);
	rl_slice_skip(s, n);
	return rl_slice_is_token(*token);
}

/* A quoted-string whose content is a token (RFC 6455, 9.1); *content is what stands between the
 * quotes. */
static bool take_quoted(struct rl_slice *s, struct rl_slice *content)
{
	rl_slice_skip(s, 1);
	*content = rl_slice(s->data, 0);
	while (s->len && !at(*s, '"')) {
		if (at(*s, '\\')) {
			rl_slice_skip(s, 1);
			content->len++;
		}
		if (!s->len || !rl_slice_is_token(rl_slice(s->data, 1)))
			return false;
		rl_slice_skip(s, 1);
		content->len++;
	}
	if (!s->len || !content->len)
		return false;
	rl_slice_skip(s, 1);
	return true;
}

/* token [ "=" ( token | quoted-string ) ] */
static bool take_param(struct rl_slice *s, struct rl_ws_param *param)
{
	*param = (struct rl_ws_param){ 0 };
	if (!take_token(s, &param->name))
		return false;
	param->has_value = take(s, '=');
	if (!param->has_value)
		return true;
	param->quoted = at(*s, '"');
	return param->quoted ? take_quoted(s, &param->value) : take_token(s, &param->value);
}

int rl_ws_next_extension(struct rl_slice *header, struct rl_ws_extension *extension)
{
	struct rl_ws_param param;

	skip_blanks(header);
	while (take(header, ','))
		;
	if (!header->len)
		return 0;
	if (!take_token(header, &extension->name))
		return RILL_EPROTO;
	extension->params = *header;
	while (take(header, ';'))
		if (!take_param(header, &param))
			return RILL_EPROTO;
	extension->params.len = (size_t)(header->data - extension->params.data);
	if (header->len && !at(*header, ','))
		return RILL_EPROTO;
	return 1;
}

bool rl_ws_next_param(struct rl_ws_extension *extension, struct rl_ws_param *param)
{
	return take(&extension->params, ';') && take_param(&extension->params, param);
}

bool rl_ws_param_value(
	const struct rl_ws_param *param, uint8_t *room, size_t size, struct rl_slice *value)
{
	*value = param->value;
	if (!param->value.len || !memchr(param->value.data, '\\', param->value.len))
		return value->len <= size;
	size_t n = 0;
	for (size_t i = 0; i < param->value.len; i++) {
		if (param->value.data[i] == '\\')
			i++; /* take_quoted() has seen that a character follows */
		if (n == size)
			return false;
		room[n++] = param->value.data[i];
	}
	*value = rl_slice(room, n);
	return true;
}

int rl_ws_check_extensions(struct rl_slice header)
{
	struct rl_ws_extension extension;
	int rc;

	while ((rc = rl_ws_next_extension(&header, &extension)) > 0)
		;
	return rc;
}
