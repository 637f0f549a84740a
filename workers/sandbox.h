#pragma once
/*
 * What foreign code and foreign files may do to the machine.
 *
 * What a plug-in may do in its process (lumad_node.h "PROCESS"): compute and allocate. No other process is seen, nothing is written, nothing is started.
 * Two filters of system calls: the first is there before the plug-in's code is, and still lets libraries be opened for reading; the second ends that.
 * What is not allowed fails with EPERM. Neither can be taken back (seccomp(2), no_new_privs).
 */
#include <stdbool.h>

bool sandbox_limits(void);      /* memory, files, priority, first to go when memory is short */
bool sandbox_enter(void);       /* before dlopen() */
bool sandbox_close(void);       /* after it */
/* What decoders of foreign files may do: compute, allocate, and read and write the files that are open already. For good. */
bool sandbox_decoder(void);
