/* connect_help.h: what `rill help connect` says. */
#ifndef CONNECT_HELP_H
#define CONNECT_HELP_H

extern const char connect_help[];

#endif
