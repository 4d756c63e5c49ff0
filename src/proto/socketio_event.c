/* socketio_event.c: an event that has come: on_any, middlewares, then whoever is for its name; those of a
 * child and those of its parent.
 *
 * Nothing is copied: the name gets its NUL, and the arguments their bracket, where they lie. */
#include "proto/socketio.h"

struct event {
	struct rill_socket *socket;
	struct rl_slice name; /* with a NUL behind it */
	rill_json args;
	rill_reply *reply; /* NULL: none is asked for */
};

/* The message is ours until the callback returns, in memory that others write to as well (masks are taken
 * off there). */
static uint8_t *writable(struct rl_slice text)
{
	return (uint8_t *)(uintptr_t)text.data;
}

static struct rl_slice read_name(const struct rl_json *name)
{
	uint8_t *text = writable(name->text);
	size_t len = name->text.len;

	if (name->type != RL_JSON_STRING) { /* a number: moved over the bracket in front of it */
		memmove(text - 1, text, len);
		text[len - 1] = 0;
		return rl_slice(text - 1, len);
	}
	if (name->plain) {
		text[len - 1] = 0;
		return rl_slice(text + 1, len - 2);
	}
	len = (size_t)rl_json_unquote_to(name, text, len);
	text[len] = 0;
	return rl_slice(text, len);
}

/* Takes ["name",...] apart. */
static void read_event(
	struct event *event, const struct rl_sio_packet *packet, const rill_bytes *attached)
{
	struct rl_slice rest = packet->data.text;
	struct rl_json name, args = { .type = RL_JSON_ARRAY, .text = RL_SLICE("[]") };

	rl_json_item(&rest, &name);
	while (rest.data[0] != ',' && rest.data[0] != ']')
		rl_slice_skip(&rest, 1);
	if (rest.data[0] == ',') {
		writable(rest)[0] = '[';
		args.text = rest;
	}
	event->name = read_name(&name);
	event->args = rl_json_public(&args, attached, packet->attachments);
}

static bool is_on(const struct event *event)
{
	return event->socket->state == RL_SIO_OPEN;
}

static void tell_any(const struct event *event)
{
	struct rill_namespace *ns = event->socket->ns;
	rill_any_fn fn = RL_SIO_SLOT_OF(ns, on_any).fn;

	if (fn)
		fn(event->socket, (const char *)event->name.data, event->args,
			RL_SIO_SLOT_OF(ns, on_any).user);
}

/* A parent's come first, as they do where children are made with all that it has. */
static bool pass_middlewares(const struct event *event, struct rill_namespace *ns)
{
	if (ns->parent && !pass_middlewares(event, ns->parent))
		return false;
	for (uint32_t i = 0; is_on(event) && i < ns->event_middleware_count; i++) {
		struct rl_sio_event_middleware m = ns->event_middlewares[i];
		if (!m.fn(event->socket, (const char *)event->name.data, event->args, event->reply,
			    m.user))
			return false;
	}
	return is_on(event);
}

static void call_listener(const struct event *event)
{
	const struct rl_sio_event *listener = rl_sio_event_find(event->socket->ns, event->name);

	if (listener)
		listener->fn(event->socket, event->args, event->reply, listener->user);
}

void rl_sio_on_event(
	struct rill_socket *s, const struct rl_sio_packet *packet, const rill_bytes *attached)
{
	struct rill_reply reply = { .socket = s, .env = rl_sio_env(s->ns->io), .id = packet->id };
	struct event event = { .socket = s, .reply = packet->has_id ? &reply : NULL };

	read_event(&event, packet, attached);
	rl_sio_socket_ref(s);
	tell_any(&event);
	if (is_on(&event) && pass_middlewares(&event, s->ns))
		call_listener(&event);
	rl_sio_socket_unref(s);
}
