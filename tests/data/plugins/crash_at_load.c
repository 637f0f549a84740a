/* For tests: ends before it can be asked. */
#include <lumad_node.h>
#include <signal.h>

__attribute__((constructor)) static void at_load(void)
{
    raise(SIGSEGV);
}

LUMAD_PLUGIN = { LUMAD_PLUGIN_SIZES, "1", "test", "", NULL, 0 };
