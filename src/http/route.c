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
	r->number = row->added++;
	r->len = len;
	memcpy(r->prefix, prefix, len);
	rl_list_append(&row->routes, &r->node);
	if (route)
		*route = r;
	return 0;
}

static bool stands_behind(const struct rill_route *r, const struct rill_route *other)
{
	return r->rank != other->rank ? r->rank < other->rank : r->number > other->number;
}

/* Takes it where its rank says; all others stand in order. */
static void place(struct rill_route *route)
{
	struct rl_list *routes = &route->row->routes;

	rl_list_remove(&route->node);
	route->rank = route->raised;
	struct rl_list *node = routes->next;
	while (node != routes && stands_behind(route, route_at(node)))
		node = node->next;
	rl_list_append(node, &route->node);
}

void rl_route_raise(rill_route *route, unsigned rank)
{
	route->raised = rank;
	if (route->row->walkers)
		route->row->dirty = true;
	else
		place(route);
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

static bool fits(const struct rill_route *route, struct rl_slice path)
{
	return !route->removed && rl_prefix_fits(rl_slice(route->prefix, route->len), path);
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
	rl_list_each_safe (node, &row->routes) {
		struct rill_route *r = route_at(node);
		if (r->removed)
			free_route(r);
		else if (r->rank != r->raised)
			place(r);
	}
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
