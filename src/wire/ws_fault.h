/* ws_fault.h: all that a session fails for: the code its Close says (RFC 6455, 7.4.1; 1006: none is
 * sent) and the sentence. A session keeps the number alone. */
#ifndef RL_WIRE_WS_FAULT_H
#define RL_WIRE_WS_FAULT_H

#define RL_WS_FAULTS(X)                                                             \
	X(RESERVED_BIT, 1002, "a reserved bit is set")                              \
	X(OPCODE, 1002, "unknown opcode")                                           \
	X(CUT_CONTROL, 1002, "a control frame in fragments")                        \
	X(NESTED, 1002, "a message within a message")                               \
	X(NO_MESSAGE, 1002, "a continuation of no message")                         \
	X(FRAGMENTS, 1008, "too many fragments")                                    \
	X(MASKED, 1002, "a server's frame is masked")                               \
	X(UNMASKED, 1002, "a client's frame is not masked")                         \
	X(LONG_CONTROL, 1002, "a control frame over 125 bytes")                     \
	X(SHORT_CLOSE, 1002, "a close frame of one byte")                           \
	X(TOP_BIT, 1002, "a length with its top bit set")                           \
	X(LONG_FRAME, 1009, "frame length too large")                               \
	X(CLOSE_CODE, 1002, "a close code that may not be sent")                    \
	X(CLOSE_REASON, 1007, "a close reason is not UTF-8")                        \
	X(TEXT, 1007, "text is not UTF-8")                                          \
	X(LONG_MESSAGE, 1009, "message too large")                                  \
	X(CODED, 1007, "data cannot be decoded")                                    \
	X(MEMORY, 1011, "out of memory")                                            \
	X(EXTENSION, 1011, "an extension failed")                                   \
	X(NO_PONG, 1006, "a ping was not answered")                                 \
	X(NO_CLOSE, 1006, "the closing handshake was not finished")

enum rl_ws_fault {
	RL_WS_FAULT_NONE,
#define X(name, code, text) RL_WS_FAULT_##name,
	RL_WS_FAULTS(X)
#undef X
};

#endif
