/* frame_json.h: one frame as the page's table shows it. */
#ifndef FRAME_JSON_H
#define FRAME_JSON_H

#include <stddef.h>
#include <rill/conn.h>

/* Room for any frame: a head of 14 bytes, a preview of 32, each byte escaped. */
#define FRAME_JSON_ROOM 640

/* Writes {"dir":"in","opcode":1,...} to text and returns its length. at: milliseconds. */
size_t frame_json(const rill_frame *frame, double at, char text[FRAME_JSON_ROOM]);

#endif
