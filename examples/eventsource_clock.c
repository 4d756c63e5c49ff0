/* eventsource_clock.c: a clock over server-sent events, one timer for all who listen.
 *
 *     build/examples/eventsource_clock 8000
 *     curl -N -H 'Accept: text/event-stream' http://127.0.0.1:8000/clock
 *
 * In a browser, on a page of this server (its 404 will do):
 *     new EventSource("/clock").addEventListener("tick", e => console.log(e.lastEventId, e.data)) */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <rill/rill.h>

static unsigned long ticks;

static void tell(rill_conn *conn, void *user)
{
	char id[24];
	snprintf(id, sizeof(id), "%lu", ticks);
	/* A client that does not keep up gets no more than its queue holds (max_queue). */
	rill_eventsource_send(conn, user, 8, &(rill_event){ "tick", id });
}

static void on_second(rill_timer *timer, void *user)
{
	(void)timer;
	time_t now = time(NULL);
	char text[9];
	strftime(text, sizeof(text), "%H:%M:%S", localtime(&now));
	ticks++;
	rill_eventsource_each(user, tell, text);
}

static void on_open(rill_conn *conn)
{
	/* A browser that comes back says by itself what it has heard last. */
	if (*rill_eventsource_last_id(conn))
		rill_send_text(conn, "welcome back");
}

int main(int argc, char **argv)
{
	static const rill_handler handler = { sizeof(rill_handler), .on_open = on_open };
	uint16_t port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8000);
	rill_loop *loop;
	rill_server *server;
	rill_eventsource *clocks;
	rill_timer *timer;

	if (rill_loop_new(&loop, NULL) < 0 || rill_server_new(&server, loop, NULL) < 0)
		return 1;
	if (rill_eventsource_serve(server, "/clock", &handler, NULL, &clocks) < 0)
		return 1;
	if (rill_server_listen_tcp(server, "127.0.0.1", port) < 0) {
		fprintf(stderr, "%s\n", rill_server_error(server));
		return 1;
	}
	if (rill_timer_new(&timer, loop, on_second, clocks) < 0)
		return 1;
	rill_timer_start(timer, 1000, 1000);
	printf("listening on %s\n", rill_server_url(server, 0));
	fflush(stdout);
	return rill_loop_run(loop) < 0;
}
