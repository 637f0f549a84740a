#pragma once
/* What this program is called in /system, in the socket's hello and in `lumad --version`. The Makefile may say it more exactly. */
#ifndef LUMAD_VERSION
#define LUMAD_VERSION "0.1.0"
#endif
