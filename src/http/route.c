/* route.c: see route.h. */
#include "http/route.h"
#include "http/server.h"

void rl_row_init(struct rl_row *row, const struct rl_env *env)
{
	*row = (struct rl_row){ .env = env };
	rl_list_init(&row->routes);
}

static void free_route(struct rill_route *route)
{
	rl_list_remove(&route->node);
	rl_free(route->row->env, route);
}

static struct rill_route *route_at(struct rl_list *node)
{
	return rl_container(node, struct rill_route, node);
}

void rl_row_fini(struct rl_row *row)
{
	assert(row->walkers == 0);
	while (!rl_list_empty(&row->routes))
		free_route(route_at(row->routes.next));
}

int rl_row_add(
	struct rl_row *row, const char *prefix, rill_request_fn fn, void *user, rill_route **route)
{
	if (!prefix || prefix[0] != '/' || !fn)
		return RILL_EINVAL;
	size_t len = strlen(prefix);
	struct rill_route *r = rl_zalloc(row->env, sizeof(*r) + len);
	if (!r)
		return RILL_ENOMEM;
	r->row = row;
	r->fn = fn;
	r->user = user;
	r->len = len;
	memcpy(r->prefix, prefix, len);
	rl_list_append(&row->routes, &r->node);
	if (route)
		*route = r;
	return 0;
}

void rill_route_remove(rill_route *route)
{
	if (!route)
		return;
	if (route->row->walkers)
		route->removed = route->row->dirty = true;
	else
		free_route(route);
}

bool rl_prefix_fits(struct rl_slice prefix, struct rl_slice path)
{
	if (prefix.len == 1)
		return true;
	return rl_slice_starts(path, prefix) &&
	       (path.len == prefix.len || prefix.data[prefix.len - 1] == '/' ||
		       path.data[prefix.len] == '/');
}

void rl_route_relieve(
	rill_route *route, bool (*relieves)(const rill_request *request, void *user))
{
	route->relieves = relieves;
}

static struct rl_slice prefix_of(const struct rill_route *route)
{
	return rl_slice(route->prefix, route->len);
}

static bool fits(const struct rill_route *route, struct rl_slice path)
{
	return !route->removed && rl_prefix_fits(prefix_of(route), path);
}

/* Are there paths that fit both? */
static bool meet(const struct rill_route *a, const struct rill_route *b)
{
	return rl_prefix_fits(prefix_of(a), prefix_of(b)) || rl_prefix_fits(prefix_of(b), prefix_of(a));
}

void rl_route_rank(rill_route *route, unsigned rank)
{
	struct rl_list *routes = &route->row->routes;

	route->rank = rank;
	for (struct rl_list *node = routes->next; node != &route->node; node = node->next) {
		const struct rill_route *r = route_at(node);
		if (!r->rank || r->rank >= rank || !meet(r, route))
			continue;
		rl_list_remove(&route->node);
		rl_list_append(node, &route->node);
		return;
	}
}

bool rl_row_relieves(
	const struct rl_row *row, struct rl_slice path, const rill_request *request)
{
	for (const struct rl_list *node = row->routes.next; node != &row->routes;
		node = node->next) {
		const struct rill_route *r = rl_container(node, const struct rill_route, node);
		if (r->relieves && fits(r, path) && r->relieves(request, r->user))
			return true;
	}
	return false;
}

static void sweep(struct rl_row *row)
{
	rl_list_each_safe (node, &row->routes)
		if (route_at(node)->removed)
			free_route(route_at(node));
	row->dirty = false;
}

bool rl_row_offer(struct rl_row *row, struct rl_slice path, rill_request *request,
	bool (*is_over)(const void *holder, const rill_request *request), const void *holder)
{
	bool taken = false;

	row->walkers++;
	for (struct rl_list *node = row->routes.next; node != &row->routes && !taken;
		node = node->next) {
		struct rill_route *r = route_at(node);
		if (fits(r, path))
			taken = r->fn(request, r->user) == RILL_TAKE || is_over(holder, request);
	}
	if (--row->walkers == 0 && row->dirty)
		sweep(row);
	return taken;
}
