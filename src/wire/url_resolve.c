/* url_resolve.c: what a reference means that stands in a page, or in a Location field (RFC 3986,
 * section 5.2): the parts it names, and for the others those of its base. */
#include <rill/error.h>
#include "wire/url.h"

struct parts {
	struct rl_slice scheme, authority, path, query, fragment; /* data NULL: not there */
};

static struct rl_slice take_until(struct rl_slice *rest, const char *ends)
{
	size_t n = 0;
	while (n < rest->len && !(rest->data[n] && strchr(ends, rest->data[n])))
		n++;
	struct rl_slice taken = rl_slice(rest->data, n);
	rl_slice_skip(rest, n);
	return taken;
}

/* RFC 3986, appendix B, by hand. */
static void split(struct rl_slice text, struct parts *parts)
{
	*parts = (struct parts){ 0 };
	struct rl_slice rest = text, scheme = take_until(&rest, ":/?#");
	if (rest.len && rest.data[0] == ':') {
		parts->scheme = scheme;
		rl_slice_skip(&rest, 1);
	} else {
		rest = text;
	}
	if (rl_slice_starts(rest, RL_SLICE("//"))) {
		rl_slice_skip(&rest, 2);
		parts->authority = take_until(&rest, "/?#");
	}
	parts->path = take_until(&rest, "?#");
	if (rest.len && rest.data[0] == '?') {
		rl_slice_skip(&rest, 1);
		parts->query = take_until(&rest, "#");
	}
	if (rest.len) {
		rl_slice_skip(&rest, 1);
		parts->fragment = rest;
	}
}

/* Is the segment at the start of path this one? */
static bool segment_is(struct rl_slice path, const char *dots)
{
	size_t n = strlen(dots);
	return path.len >= n && memcmp(path.data, dots, n) == 0 &&
	       (path.len == n || path.data[n] == '/');
}

/* Takes the last segment off what was written, with the '/' in front of it. */
static void drop_segment(struct rl_buf *out, size_t start)
{
	while (out->len > start && out->data[out->len - 1] != '/')
		out->len--;
	if (out->len > start)
		out->len--;
}

/* RFC 3986, 5.2.4, for a path that begins with '/' or is empty. */
static int append_path(struct rl_buf *out, struct rl_slice path)
{
	size_t start = out->len;
	int rc = rl_buf_reserve(out, path.len + 1);
	while (rc == 0 && path.len) {
		struct rl_slice segment = path;
		rl_slice_skip(&segment, 1);
		bool up = segment_is(segment, ".."), dot = up || segment_is(segment, ".");
		struct rl_slice rest = segment;
		take_until(&rest, "/");
		if (up)
			drop_segment(out, start);
		if (!dot)
			rc = rl_buf_append(out, path.data, path.len - rest.len);
		else if (!rest.len)
			rc = rl_buf_append_str(out, "/"); /* a directory */
		path = rest;
	}
	return rc;
}

/* RFC 3986, 5.2.3: the reference's path replaces the last segment of the base's. */
static int merge_paths(struct rl_buf *merged, struct rl_slice base, struct rl_slice path)
{
	size_t keep = base.len;
	while (keep && base.data[keep - 1] != '/')
		keep--;
	int rc = keep ? rl_buf_append(merged, base.data, keep) : rl_buf_append_str(merged, "/");
	return rc == 0 ? rl_buf_append_slice(merged, path) : rc;
}

static int append_part(struct rl_buf *out, const char *mark, struct rl_slice part)
{
	if (!part.data)
		return 0;
	int rc = rl_buf_append_str(out, mark);
	return rc == 0 ? rl_buf_append_slice(out, part) : rc;
}

/* Fills in what the reference leaves to its base (RFC 3986, 5.2.2); merged holds a path that was put
 * together. */
static int transform(const struct parts *base, struct parts *r, struct rl_buf *merged)
{
	if (r->scheme.data)
		return 0;
	r->scheme = base->scheme;
	if (r->authority.data)
		return 0;
	r->authority = base->authority;
	if (!r->path.len) {
		r->path = base->path;
		if (!r->query.data)
			r->query = base->query;
		return 0;
	}
	if (r->path.data[0] == '/')
		return 0;
	int rc = merge_paths(merged, base->path, r->path);
	r->path = rl_buf_slice(merged);
	return rc;
}

static int append_all(const struct parts *r, struct rl_buf *out)
{
	int rc = rl_buf_append_slice(out, r->scheme);
	if (rc == 0)
		rc = append_part(out, "://", r->authority);
	if (rc == 0)
		rc = append_path(out, r->path);
	if (rc == 0)
		rc = append_part(out, "?", r->query);
	if (rc == 0)
		rc = append_part(out, "#", r->fragment);
	return rc;
}

int rl_url_resolve(struct rl_slice base, struct rl_slice reference, struct rl_buf *out)
{
	struct parts from, to;
	struct rl_buf merged;
	struct rl_url url;
	const char *unused;
	size_t before = out->len;

	split(base, &from);
	split(reference, &to);
	rl_buf_init(&merged, out->env);
	int rc = transform(&from, &to, &merged);
	/* Without a host there is nobody to ask, and "a:b" has no path that begins with '/'. */
	if (rc == 0 && (!to.authority.data || (to.path.len && to.path.data[0] != '/')))
		rc = RILL_EINVAL;
	if (rc == 0)
		rc = append_all(&to, out);
	rl_buf_release(&merged);
	if (rc == 0)
		rc = rl_url_parse(rl_slice(out->data + before, out->len - before), &url, &unused);
	if (rc < 0)
		out->len = before;
	return rc;
}
