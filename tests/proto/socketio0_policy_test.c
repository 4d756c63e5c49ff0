/* socketio0_policy_test.c: the policy that Flash asks for. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include "proto/socketio0_program.h"

#define QUESTION "<policy-file-request/>"
#define BEGIN                                                                                      \
	"<?xml version=\"1.0\"?>\n<!DOCTYPE cross-domain-policy SYSTEM "                           \
	"\"http://www.macromedia.com/xml/dtds/cross-domain-policy.dtd\">\n<cross-domain-policy>\n"
#define END              "</cross-domain-policy>\n"
#define LINE(host, port) "<allow-access-from domain=\"" host "\" to-ports=\"" port "\"/>\n"

TEST(socketio0_policy, who_asks_in_place_of_a_request_is_told_a_line_for_each_rule)
{
	static const char *const origins[] = { "a.b:80", "*:8080", NULL };
	rill_socketio0_options options = defaults();
	options.origins = origins;
	serve(&options);
	http_send_bytes(&peer, QUESTION, sizeof(QUESTION));
	http_take(&peer);
	test_expect_text(peer.text, peer.len, BEGIN LINE("a.b", "80") LINE("*", "8080") END);
	assert_true(peer.ended);
	finish();
}

TEST(socketio0_policy, it_is_told_only_where_flash_may_come)
{
	static const char *const some[] = { "websocket", NULL };
	for (int i = 0; i < 3; i++) {
		rill_socketio0_options options = defaults();
		options.flash_policy = i > 0;
		options.transports = i == 1 ? some : NULL;
		serve(&options);
		if (i == 2)
			rill_socketio0_detach(io, 0, NULL);
		http_send_bytes(&peer, QUESTION, sizeof(QUESTION));
		http_take(&peer);
		assert_int_equal(strncmp(peer.text, "HTTP/1.1 400 ", 13), 0);
		finish();
	}
}

static int dial(uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		close(fd);
		return -1;
	}
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

TEST(socketio0_policy, it_may_have_a_port_of_its_own_until_the_service_goes)
{
	char text[1024];
	ssize_t n = -1;
	serve(NULL);
	assert_int_equal(rill_socketio0_policy_port(io), 0);
	assert_int_equal(rill_socketio0_listen_policy(io, "127.0.0.1", 0), 0);
	uint16_t port = rill_socketio0_policy_port(io);
	assert_int_not_equal(port, 0);
	assert_int_equal(rill_socketio0_listen_policy(io, "127.0.0.1", 0), RILL_ESTATE);
	int fd = dial(port);
	assert_true(fd >= 0);
	while (n < 0) { /* it comes without a question */
		http_turns();
		n = recv(fd, text, sizeof(text), 0);
	}
	test_expect_text(text, (size_t)n, BEGIN LINE("*", "*") END);
	close(fd);
	rill_socketio0_detach(io, 0, NULL);
	http_turns();
	assert_int_equal(dial(port), -1);
	finish();
}

TEST(socketio0_policy, a_server_that_stops_ends_it)
{
	serve(NULL);
	assert_int_equal(rill_socketio0_listen_policy(io, "127.0.0.1", 0), 0);
	uint16_t port = rill_socketio0_policy_port(io);
	rill_server_stop(http_server, 1000, NULL, NULL);
	http_turns();
	assert_int_equal(dial(port), -1);
	finish();
}
